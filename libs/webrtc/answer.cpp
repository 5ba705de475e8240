// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes the answer to a viewer.
#include <algorithm>

#include "libs/webrtc/answer_text.hpp"
#include "libs/webrtc/codec_match.hpp"

namespace stagedoor::webrtc {

namespace {

void
add_unused (std::string &out, const OfferedMedia &offered)
{
  add_line (out, {"a=inactive"});
  for (const auto &codec : offered.codecs)
    if (std::to_string (codec.payload_type) == offered.format) {
      add_line (out,
          {"a=rtpmap:", offered.format, " ", codec.encoding, "/", std::to_string (codec.clock_rate),
              codec.channels > 1 ? "/" + std::to_string (codec.channels) : ""});
      return;
    }
}

void
add_track (std::string &out, const OfferedMedia &offered, const Source &source,
    const Agreed &agreed, const AnswerDetails &details)
{
  const auto payload_type = std::to_string (agreed.payload_type);
  const auto &codec =
      *std::ranges::find (offered.codecs, int{agreed.payload_type}, &OfferedCodec::payload_type);
  add_line (out, {"a=sendonly"});
  add_line (
      out, {"a=rtpmap:", payload_type, " ", codec.encoding, source.video ? "/90000" : "/48000/2"});
  if (const auto fmtp = answer_fmtp (codec, source); !fmtp.empty ())
    add_line (out, {"a=fmtp:", payload_type, " ", fmtp});
  add_feedback (out, codec);
  add_line (out,
      {"a=msid:", details.stream_id, " ", details.stream_id, source.video ? "-video" : "-audio"});
  add_line (out, {"a=ssrc:", std::to_string (agreed.ssrc), " cname:", details.cname});
}

} // namespace

std::string
write_answer (const Offer &offer, const std::vector<Source> &sources, const Agreement &agreement,
    const AnswerDetails &details)
{
  std::string out;
  add_session (out, offer, details);
  for (std::size_t i = 0; i < offer.media.size (); ++i) {
    const auto &offered = offer.media[i];
    const auto agreed = std::ranges::find (agreement.tracks, i, &Agreed::m_line);
    const bool sends = agreed != agreement.tracks.end ();
    add_media (out, offered, sends ? std::to_string (agreed->payload_type) : "");
    if (!is_carried (offered))
      continue;
    if (sends)
      add_track (out, offered, sources[agreed->source], *agreed, details);
    else
      add_unused (out, offered);
    add_transport (out, details, i == agreement.transport);
  }
  return out;
}

} // namespace stagedoor::webrtc
