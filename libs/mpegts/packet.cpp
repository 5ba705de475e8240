// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/mpegts/packet.hpp"

namespace stagedoor::mpegts {

std::optional<Packet>
parse_packet (ByteView bytes)
{
  Reader reader (bytes);
  const bool synchronous = reader.u8 () == sync_byte;
  const auto head = reader.u16 ();
  const auto control = reader.u8 ();
  const bool damaged = (head & 0x8000) != 0, scrambled = (control & 0xc0) != 0;
  if (!synchronous || damaged || scrambled)
    return std::nullopt;
  Packet out{.pid = static_cast<std::uint16_t> (head & 0x1fff),
      .start = (head & 0x4000) != 0,
      .counter = control & 0x0fu};
  if ((control & 0x20) != 0) {
    const auto adaptation = reader.take (reader.u8 ());
    out.discontinuity = !adaptation.empty () && (adaptation[0] & 0x80) != 0;
    out.random_access = !adaptation.empty () && (adaptation[0] & 0x40) != 0;
  }
  if (!reader.ok ())
    return std::nullopt;
  if ((control & 0x10) != 0)
    out.payload = reader.rest ();
  return out;
}

Continuity::Verdict
Continuity::check (const Packet &packet)
{
  if (packet.payload.empty ())
    return Verdict::next;
  const auto last = last_;
  last_ = packet.counter;
  if (!last || packet.discontinuity || packet.counter == ((*last + 1) & 15))
    return Verdict::next;
  return packet.counter == *last ? Verdict::duplicate : Verdict::lost;
}

} // namespace stagedoor::mpegts
