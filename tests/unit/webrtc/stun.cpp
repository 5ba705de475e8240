// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/webrtc/stun.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::webrtc;

START_TEST (demultiplexing)
{
  const auto kind = [] (std::uint8_t first, std::uint8_t second) {
    const std::uint8_t packet[] = {first, second};
    return classify (packet);
  };
  ck_assert (kind (0, 1) == PacketKind::stun);
  ck_assert (kind (3, 0) == PacketKind::stun);
  ck_assert (kind (4, 0) == PacketKind::unknown);
  ck_assert (kind (19, 0) == PacketKind::unknown);
  ck_assert (kind (20, 0) == PacketKind::dtls);
  ck_assert (kind (63, 0) == PacketKind::dtls);
  ck_assert (kind (64, 0) == PacketKind::unknown);
  ck_assert (kind (127, 0) == PacketKind::unknown);
  ck_assert (kind (128, 96) == PacketKind::rtp);
  ck_assert (kind (0x90, 0xe0) == PacketKind::rtp);
  ck_assert (kind (0x80, 191) == PacketKind::rtp);
  ck_assert (kind (0x80, 192) == PacketKind::rtcp);
  ck_assert (kind (0xbf, 223) == PacketKind::rtcp);
  ck_assert (kind (192, 200) == PacketKind::unknown);
  ck_assert (classify ({}) == PacketKind::unknown);
  const std::uint8_t lone[] = {0x80};
  ck_assert (classify (lone) == PacketKind::unknown);
}
END_TEST

int
main ()
{
  return test::run ("stun", {demultiplexing});
}
