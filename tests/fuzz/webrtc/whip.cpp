// SPDX-License-Identifier: LGPL-2.1-or-later
// A publisher's offer, all the way to the answer.
#include <algorithm>
#include <cstdlib>

#include "gst-plugins/common/sdp_offer.hpp"
#include "libs/webrtc/incoming.hpp"

using namespace stagedoor;
using namespace stagedoor::webrtc;

namespace {

void
require (bool condition)
{
  if (!condition)
    std::abort ();
}

/** What those who depayload rely on. */
void
check (const IncomingPlan &plan)
{
  require (!plan.tracks.empty () && plan.tracks.size () <= 2);
  for (const auto &track : plan.tracks) {
    require (track.payload_type < 128 && track.payload_type != track.rtx_payload_type);
    require (track.transport_cc == (track.transport_cc_id > 0) && track.transport_cc_id < 15);
    require (track.video == (track.codec != Codec::opus) && track.fmtp.size () <= 512);
    require (track.clock_rate == (track.video ? 90000 : 48000));
  }
  if (plan.tracks.size () == 2)
    require (plan.tracks[0].video != plan.tracks[1].video
             && plan.tracks[0].payload_type != plan.tracks[1].payload_type);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  static const std::vector<Codec> codecs = {
      Codec::h264, Codec::vp9, Codec::av1, Codec::h265, Codec::vp8, Codec::opus};
  const auto offer = parse_offer (text ({data, size}));
  if (!offer)
    return 0;
  const auto agreement = negotiate_incoming (*offer, codecs);
  if (!agreement) {
    require (agreement.error ().text.size () < 2000);
    return 0;
  }
  check (agreement->plan);
  const auto answer = write_incoming_answer (*offer, *agreement,
      {{"ufrag", "password"}, "AB:CD", {{IpAddress::from_v4 (0x7f000001), 9}}, "cname", "stream",
          1});
  const auto bad = [] (char c) {
    return static_cast<unsigned char> (c) < ' ' && c != '\r' && c != '\n';
  };
  require (std::ranges::none_of (answer, bad) && answer.find ("\r\n\r\n") == answer.npos);
  return 0;
}
