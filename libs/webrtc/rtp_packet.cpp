// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/webrtc/rtp_packet.hpp"

namespace stagedoor::webrtc {

std::optional<RtpPacket>
parse_rtp (ByteView packet)
{
  Reader in (packet);
  RtpPacket out{};
  const unsigned first = in.u8 (), second = in.u8 ();
  out.marker = second & 0x80;
  out.payload_type = second & 0x7f;
  out.sequence = in.u16 ();
  out.timestamp = in.u32 ();
  out.ssrc = in.u32 ();
  in.skip (4 * (first & 0x0f));
  if (first & 0x10) {
    out.extension_profile = in.u16 ();
    out.extension = in.take (std::size_t (4) * in.u16 ());
  }
  out.payload = in.rest ();
  if (!in.ok () || first >> 6 != 2)
    return std::nullopt;
  if (first & 0x20) {
    const std::size_t padding = out.payload.empty () ? 0 : out.payload.back ();
    if (padding == 0 || padding > out.payload.size ())
      return std::nullopt;
    out.payload = out.payload.first (out.payload.size () - padding);
  }
  return out;
}

Bytes
without_contributors (ByteView packet)
{
  constexpr std::size_t fixed_size = 12;
  Reader in (packet);
  const auto fixed = in.take (fixed_size);
  if (!in.ok ())
    return {};
  in.skip (std::size_t (4) * (fixed[0] & 0x0f));
  if (!in.ok ())
    return {};
  Bytes out (fixed.begin (), fixed.end ());
  out[0] &= 0xf0;
  out.insert (out.end (), in.rest ().begin (), in.rest ().end ());
  return out;
}

std::optional<ByteView>
extension_element (const RtpPacket &packet, std::uint8_t id)
{
  constexpr std::uint16_t one_byte = 0xbede;
  constexpr unsigned stop = 15;
  if (packet.extension_profile != one_byte)
    return std::nullopt;
  Reader in (packet.extension);
  while (in.remaining () > 0) {
    const unsigned head = in.u8 ();
    if (head >> 4 == 0)
      continue; // padding; whatever length it claims, as GStreamer reads it
    if (head >> 4 == stop)
      break;
    const auto element = in.take ((head & 0x0f) + 1);
    if (in.ok () && head >> 4 == id)
      return element;
  }
  return std::nullopt;
}

Bytes
restore (const RtpPacket &retransmission, std::uint32_t ssrc, std::uint8_t payload_type)
{
  constexpr std::size_t number_size = 2;
  Bytes out;
  if (retransmission.payload.size () <= number_size)
    return out;
  Writer writer (out);
  writer.u8 (0x80);
  writer.u8 (static_cast<std::uint8_t> (retransmission.marker << 7 | payload_type));
  writer.bytes (retransmission.payload.first (number_size));
  writer.u32 (retransmission.timestamp);
  writer.u32 (ssrc);
  writer.bytes (retransmission.payload.subspan (number_size));
  return out;
}

} // namespace stagedoor::webrtc
