// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/webrtc/stun.hpp"

namespace stagedoor::webrtc {

PacketKind
classify (ByteView packet)
{
  if (packet.empty ())
    return PacketKind::unknown;
  const auto first = packet[0];
  if (first < 4)
    return PacketKind::stun;
  if (first >= 20 && first < 64)
    return PacketKind::dtls;
  if (first < 128 || first >= 192 || packet.size () < 2)
    return PacketKind::unknown;
  // RFC 5761 section 4: with rtcp-mux, 192..223 in the second byte is RTCP.
  return packet[1] >= 192 && packet[1] < 224 ? PacketKind::rtcp : PacketKind::rtp;
}

} // namespace stagedoor::webrtc
