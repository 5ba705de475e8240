// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes the SDP answer (RFC 8829 section 5.3, RFC 9143 section 7.3).
#include <algorithm>

#include "libs/webrtc/codec_match.hpp"

namespace stagedoor::webrtc {

namespace {

class AnswerWriter
{
public:
  AnswerWriter (const Offer &offer, const std::vector<Source> &sources, const Agreement &agreement,
      const AnswerDetails &details)
      : offer_ (offer), sources_ (sources), agreement_ (agreement), details_ (details)
  {
  }

  std::string write ()
  {
    session ();
    for (std::size_t i = 0; i < offer_.media.size (); ++i)
      media (i);
    return std::move (out_);
  }

private:
  void line (std::initializer_list<std::string_view> parts)
  {
    for (const auto part : parts)
      out_ += part;
    out_ += "\r\n";
  }

  void session ();
  void media (std::size_t index);
  void unused (const OfferedMedia &offered);
  void track (const OfferedMedia &offered, const Agreed &agreed);
  void transport (bool with_candidates);
  void candidate (std::size_t index);

  const Offer &offer_;
  const std::vector<Source> &sources_;
  const Agreement &agreement_;
  const AnswerDetails &details_;
  std::string out_;
};

void
AnswerWriter::session ()
{
  line ({"v=0"});
  // RFC 8829 section 5.2.1: the address says nothing, and the version starts anywhere.
  line ({"o=- ", std::to_string (details_.session_id), " 1 IN IP4 127.0.0.1"});
  line ({"s=-"});
  line ({"t=0 0"});
  std::string group;
  for (const auto &mid : offer_.bundle)
    if (std::ranges::any_of (
            offer_.media, [&] (const auto &m) { return m.mid == mid && is_carried (m); }))
      group.append (" ").append (mid);
  if (!group.empty ())
    line ({"a=group:BUNDLE", group});
  line ({"a=ice-lite"});
}

void
AnswerWriter::media (std::size_t index)
{
  const auto &offered = offer_.media[index];
  const auto agreed = std::ranges::find (agreement_.tracks, index, &Agreed::m_line);
  const bool sends = agreed != agreement_.tracks.end (), carried = is_carried (offered);
  line ({"m=", offered.kind, carried ? " 9 " : " 0 ", offered.protocol, " ",
      sends ? std::to_string (agreed->payload_type) : offered.format});
  line ({"c=IN IP4 0.0.0.0"});
  if (!offered.mid.empty ())
    line ({"a=mid:", offered.mid});
  if (!carried)
    return;
  if (sends)
    track (offered, *agreed);
  else
    unused (offered);
  line ({"a=rtcp-mux"});
  // One section would be enough (RFC 9143 section 7.3.2), but webrtcbin looks at each.
  transport (index == agreement_.transport);
}

void
AnswerWriter::unused (const OfferedMedia &offered)
{
  line ({"a=inactive"});
  for (const auto &codec : offered.codecs)
    if (std::to_string (codec.payload_type) == offered.format) {
      line (
          {"a=rtpmap:", offered.format, " ", codec.encoding, "/", std::to_string (codec.clock_rate),
              codec.channels > 1 ? "/" + std::to_string (codec.channels) : ""});
      return;
    }
}

void
AnswerWriter::track (const OfferedMedia &offered, const Agreed &agreed)
{
  const auto &source = sources_[agreed.source];
  const auto payload_type = std::to_string (agreed.payload_type);
  const auto &codec =
      *std::ranges::find (offered.codecs, int{agreed.payload_type}, &OfferedCodec::payload_type);
  line ({"a=sendonly"});
  line ({"a=rtpmap:", payload_type, " ", codec.encoding, source.video ? "/90000" : "/48000/2"});
  if (const auto fmtp = answer_fmtp (codec, source); !fmtp.empty ())
    line ({"a=fmtp:", payload_type, " ", fmtp});
  if (codec.nack)
    line ({"a=rtcp-fb:", payload_type, " nack"});
  if (codec.pli)
    line ({"a=rtcp-fb:", payload_type, " nack pli"});
  if (codec.fir)
    line ({"a=rtcp-fb:", payload_type, " ccm fir"});
  line (
      {"a=msid:", details_.stream_id, " ", details_.stream_id, source.video ? "-video" : "-audio"});
  line ({"a=ssrc:", std::to_string (agreed.ssrc), " cname:", details_.cname});
}

void
AnswerWriter::transport (bool with_candidates)
{
  line ({"a=ice-ufrag:", details_.local_ice.ufrag});
  line ({"a=ice-pwd:", details_.local_ice.password});
  line ({"a=fingerprint:sha-256 ", details_.fingerprint});
  line ({"a=setup:passive"});
  if (!with_candidates)
    return;
  for (std::size_t i = 0; i < details_.candidates.size (); ++i)
    candidate (i);
  line ({"a=end-of-candidates"});
}

/** RFC 8445 section 5.1.2.1: type preference 126 for host, local preference by order, component 1.
 */
void
AnswerWriter::candidate (std::size_t index)
{
  const auto &endpoint = details_.candidates[index];
  const auto local_preference = 65535 - std::min<std::uint32_t> (index, 65535);
  const auto priority = 126u << 24 | local_preference << 8 | 255u;
  line ({"a=candidate:", std::to_string (index + 1), " 1 udp ", std::to_string (priority), " ",
      endpoint.ip.to_string (), " ", std::to_string (endpoint.port), " typ host"});
}

} // namespace

std::string
write_answer (const Offer &offer, const std::vector<Source> &sources, const Agreement &agreement,
    const AnswerDetails &details)
{
  return AnswerWriter (offer, sources, agreement, details).write ();
}

} // namespace stagedoor::webrtc
