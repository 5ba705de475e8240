// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/webrtc/rtcp.hpp"

#include <algorithm>

namespace stagedoor::webrtc {

namespace {

constexpr std::size_t max_events = 64, max_lost = 256;

enum PacketType : std::uint8_t {
  sender_report = 200,
  receiver_report = 201,
  source_description = 202,
  goodbye = 203,
  transport_feedback = 205,
  payload_feedback = 206,
};

/** Feedback message types (RFC 4585 section 6.2, 6.3; RFC 5104 section 4.3). */
constexpr int fmt_nack = 1, fmt_pli = 1, fmt_fir = 4;

class Parser
{
public:
  /** One packet of the compound; false when it is malformed. */
  bool on_packet (std::uint8_t type, int count, Reader body);
  bool full () const { return events_.size () >= max_events; }
  std::vector<RtcpEvent> take () { return std::move (events_); }

private:
  template <class Event>
  void add (Event event)
  {
    if (!full ())
      events_.emplace_back (std::move (event));
  }
  bool on_reports (int count, Reader &body);
  bool on_goodbye (int count, Reader &body);
  bool on_nack (Reader &body);
  bool on_keyframe_request (int format, Reader &body);

  std::vector<RtcpEvent> events_;
  std::size_t lost_ = 0; ///< in all Nacks so far
};

bool
Parser::on_packet (std::uint8_t type, int count, Reader body)
{
  switch (type) {
    case sender_report:
      body.skip (4 + 20);
      return on_reports (count, body);
    case receiver_report:
      body.skip (4);
      return on_reports (count, body);
    case goodbye:
      return on_goodbye (count, body);
    case transport_feedback:
      return count != fmt_nack || on_nack (body);
    case payload_feedback:
      return (count != fmt_pli && count != fmt_fir) || on_keyframe_request (count, body);
    default:
      return true;
  }
}

bool
Parser::on_reports (int count, Reader &body)
{
  for (int i = 0; i < count; ++i) {
    ReceptionReport report{};
    report.media_ssrc = body.u32 ();
    report.fraction_lost = body.u8 ();
    // A signed 24-bit number: duplicates can make it negative.
    report.cumulative_lost = static_cast<std::int32_t> (body.u24 () << 8) >> 8;
    body.skip (4);
    report.jitter = body.u32 ();
    report.last_sr = body.u32 ();
    report.delay_since_last_sr = body.u32 ();
    if (!body.ok ())
      return false;
    add (report);
  }
  return body.ok ();
}

bool
Parser::on_goodbye (int count, Reader &body)
{
  for (int i = 0; i < count; ++i) {
    const auto ssrc = body.u32 ();
    if (!body.ok ())
      return false;
    add (Goodbye{ssrc});
  }
  return true;
}

bool
Parser::on_nack (Reader &body)
{
  body.skip (4);
  Nack nack{body.u32 (), {}};
  if (!body.ok () || body.remaining () % 4 != 0)
    return false;
  const auto lose = [&] (std::uint16_t sequence) {
    if (lost_ == max_lost)
      return;
    nack.lost.push_back (sequence);
    ++lost_;
  };
  while (body.remaining () > 0 && lost_ < max_lost) {
    const auto first = body.u16 ();
    lose (first);
    for (unsigned followers = body.u16 (), next = first + 1u; followers != 0;
         followers >>= 1, ++next)
      if ((followers & 1) != 0)
        lose (static_cast<std::uint16_t> (next));
  }
  if (!nack.lost.empty ())
    add (std::move (nack));
  return true;
}

bool
Parser::on_keyframe_request (int format, Reader &body)
{
  body.skip (4);
  const auto media_ssrc = body.u32 ();
  if (!body.ok ())
    return false;
  if (format == fmt_pli) {
    add (KeyframeRequest{media_ssrc});
    return true;
  }
  // A FIR names its targets in the list after the unused media SSRC.
  while (body.remaining () > 0) {
    const auto target = body.u32 ();
    body.skip (4);
    if (!body.ok ())
      return false;
    add (KeyframeRequest{target});
  }
  return true;
}

/** Cuts the padding off the last packet; false when it lies about its size. */
bool
strip_padding (ByteView &body)
{
  if (body.empty () || body.back () == 0 || body.back () > body.size ())
    return false;
  body = body.first (body.size () - body.back ());
  return true;
}

} // namespace

std::vector<RtcpEvent>
parse_rtcp (ByteView compound)
{
  Parser parser;
  Reader reader (compound);
  while (reader.remaining () > 0 && !parser.full ()) {
    const auto first = reader.u8 ();
    const auto type = reader.u8 ();
    auto body = reader.take (std::size_t{4} * reader.u16 ());
    if (!reader.ok () || first >> 6 != 2)
      break;
    if ((first & 0x20) != 0 && (reader.remaining () > 0 || !strip_padding (body)))
      break;
    if (!parser.on_packet (type, first & 0x1f, Reader (body)))
      break;
  }
  return parser.take ();
}

void
write_sender_report (const SenderInfo &info, std::string_view cname, Bytes &out)
{
  Writer writer (out);
  writer.u8 (0x80);
  writer.u8 (sender_report);
  writer.u16 (6);
  writer.u32 (info.ssrc);
  writer.u64 (info.ntp);
  writer.u32 (info.rtp_timestamp);
  writer.u32 (info.packets);
  writer.u32 (info.octets);

  // One chunk: SSRC, CNAME item, then one to four zeros up to a word (RFC 3550 section 6.5).
  cname = cname.substr (0, 255);
  const auto words = (4 + 2 + cname.size ()) / 4 + 1;
  writer.u8 (0x81);
  writer.u8 (source_description);
  writer.u16 (static_cast<std::uint16_t> (words));
  const auto end = out.size () + 4 * words;
  writer.u32 (info.ssrc);
  writer.u8 (1);
  writer.u8 (static_cast<std::uint8_t> (cname.size ()));
  writer.bytes (cname);
  out.resize (end);
}

void
write_goodbye (std::uint32_t ssrc, Bytes &out)
{
  Writer writer (out);
  writer.u8 (0x81);
  writer.u8 (goodbye);
  writer.u16 (1);
  writer.u32 (ssrc);
}

} // namespace stagedoor::webrtc
