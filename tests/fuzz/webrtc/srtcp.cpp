// SPDX-License-Identifier: LGPL-2.1-or-later
// Received SRTCP: any bytes, and any text under the right key, whole and damaged. The first byte
// of the input says how.
#include <cstdlib>

#include "libs/webrtc/rtcp.hpp"
#include "libs/webrtc/srtp.hpp"

using namespace stagedoor;
using namespace stagedoor::webrtc;

namespace {

/** Both directions have the same keys, so that what one seals the other opens. */
SrtpKeys
keys_for (SrtpProfile profile)
{
  const SrtpKeys::Key key{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  return {profile, key, {}, key, {}};
}

void
under_the_right_key (const SrtpKeys &keys, Bytes packet, unsigned damage)
{
  SrtpOutbound out (keys);
  SrtcpInbound in (keys);
  const auto plain = packet;
  packet.resize (plain.size () + srtcp_overhead);
  packet.resize (out.protect_rtcp (packet.data (), plain.size ()));
  if (packet.empty ())
    return;
  auto damaged = packet;
  damaged[damage % damaged.size ()] ^= 0x40;
  if (in.unprotect (damaged))
    std::abort ();
  const auto opened = in.unprotect (packet);
  if (!opened || Bytes (opened->begin (), opened->end ()) != plain)
    std::abort ();
  parse_rtcp (*opened);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  if (size == 0)
    return 0;
  const auto keys =
      keys_for (data[0] & 1 ? SrtpProfile::aead_aes_128_gcm : SrtpProfile::aes128_cm_sha1_80);
  Bytes packet (data + 1, data + size);
  under_the_right_key (keys, packet, data[0]);
  SrtcpInbound in (keys);
  in.unprotect (packet);
  return 0;
}
