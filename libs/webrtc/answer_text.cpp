// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/webrtc/answer_text.hpp"

#include <algorithm>

#include "libs/webrtc/codec_match.hpp"

namespace stagedoor::webrtc {

namespace {

/** RFC 8445 section 5.1.2.1: type preference 126 for host, local preference by order, component 1.
 */
void
add_candidate (std::string &out, const Endpoint &endpoint, std::size_t index)
{
  const auto local_preference = 65535 - std::min<std::uint32_t> (index, 65535);
  const auto priority = 126u << 24 | local_preference << 8 | 255u;
  add_line (
      out, {"a=candidate:", std::to_string (index + 1), " 1 udp ", std::to_string (priority), " ",
               endpoint.ip.to_string (), " ", std::to_string (endpoint.port), " typ host"});
}

} // namespace

void
add_line (std::string &out, std::initializer_list<std::string_view> parts)
{
  for (const auto part : parts)
    out += part;
  out += "\r\n";
}

void
add_session (std::string &out, const Offer &offer, const AnswerDetails &details)
{
  add_line (out, {"v=0"});
  // RFC 8829 section 5.2.1: the address says nothing, and the version starts anywhere.
  add_line (out, {"o=- ", std::to_string (details.session_id), " 1 IN IP4 127.0.0.1"});
  add_line (out, {"s=-"});
  add_line (out, {"t=0 0"});
  std::string group;
  for (const auto &mid : offer.bundle)
    if (std::ranges::any_of (
            offer.media, [&] (const auto &m) { return m.mid == mid && is_carried (m); }))
      group.append (" ").append (mid);
  if (!group.empty ())
    add_line (out, {"a=group:BUNDLE", group});
  add_line (out, {"a=ice-lite"});
}

void
add_media (std::string &out, const OfferedMedia &offered, std::string_view formats)
{
  add_line (out, {"m=", offered.kind, is_carried (offered) ? " 9 " : " 0 ", offered.protocol, " ",
                     formats.empty () ? std::string_view (offered.format) : formats});
  add_line (out, {"c=IN IP4 0.0.0.0"});
  if (!offered.mid.empty ())
    add_line (out, {"a=mid:", offered.mid});
}

void
add_feedback (std::string &out, const OfferedCodec &codec)
{
  const auto payload_type = std::to_string (codec.payload_type);
  if (codec.nack)
    add_line (out, {"a=rtcp-fb:", payload_type, " nack"});
  if (codec.pli)
    add_line (out, {"a=rtcp-fb:", payload_type, " nack pli"});
  if (codec.fir)
    add_line (out, {"a=rtcp-fb:", payload_type, " ccm fir"});
}

void
add_transport (std::string &out, const AnswerDetails &details, bool with_candidates)
{
  add_line (out, {"a=rtcp-mux"});
  add_credentials (out, details.local_ice);
  add_line (out, {"a=fingerprint:sha-256 ", details.fingerprint});
  add_line (out, {"a=setup:passive"});
  if (with_candidates)
    add_candidates (out, details.candidates);
}

void
add_credentials (std::string &out, const IceCredentials &ice)
{
  add_line (out, {"a=ice-ufrag:", ice.ufrag});
  add_line (out, {"a=ice-pwd:", ice.password});
}

void
add_candidates (std::string &out, const std::vector<Endpoint> &candidates)
{
  for (std::size_t i = 0; i < candidates.size (); ++i)
    add_candidate (out, candidates[i], i);
  add_line (out, {"a=end-of-candidates"});
}

} // namespace stagedoor::webrtc
