// SPDX-License-Identifier: LGPL-2.1-or-later
// An offer is taken as a whole or rejected (RFC 9725 section 4.2): a publisher that sends picture
// and sound isn't on air with half of it.
#include "libs/webrtc/incoming.hpp"

#include <algorithm>

#include "libs/webrtc/answer_text.hpp"
#include "libs/webrtc/codec_match.hpp"
#include "libs/webrtc/offer_check.hpp"
#include "libs/webrtc/sdp_text.hpp"

namespace stagedoor::webrtc {

namespace {

bool
is_video (Codec codec)
{
  return codec != Codec::opus;
}

/** Whether depayloaders take it: not what is interleaved or comes in several RTP streams. */
bool
is_one_stream (const OfferedCodec &offered, Codec codec)
{
  if (codec == Codec::h264) {
    const auto mode = fmtp_value (offered.fmtp, "packetization-mode").value_or ("0");
    return mode == "0" || mode == "1";
  }
  if (codec == Codec::h265)
    return equal_ignoring_case (fmtp_value (offered.fmtp, "tx-mode").value_or ("SRST"), "SRST");
  return true;
}

/** Which of @p codecs it is; nullopt when none. */
std::optional<Codec>
codec_of (const OfferedCodec &offered, const std::vector<Codec> &codecs)
{
  const auto fits = [&] (Codec codec) {
    return is_in_format_of (offered, codec) && is_one_stream (offered, codec);
  };
  const auto found = std::ranges::find_if (codecs, fits);
  return found != codecs.end () ? std::optional (*found) : std::nullopt;
}

/** "H264, VP8": those of one kind, as they are called in an offer. */
std::string
taken (const std::vector<Codec> &codecs, bool video)
{
  std::string out;
  for (const auto codec : codecs)
    if (is_video (codec) == video)
      out.append (out.empty () ? "" : ", ").append (encoding_name (codec));
  return out;
}

Rejection
no_common_codec (const Lines &lines, std::size_t index, const std::vector<Codec> &codecs)
{
  const auto name = line_name (lines, index);
  const auto ours = taken (codecs, lines[index].kind == "video");
  if (ours.empty ())
    return {406, name + " can't be taken: this server has no codec for that kind"};
  auto text = name + " offers " + encodings_of (lines[index]) + "; taken here: " + ours;
  const auto same_name = [&] (const OfferedCodec &offered) {
    return std::ranges::any_of (codecs, [&] (Codec codec) {
      return equal_ignoring_case (encoding_name (codec), offered.encoding);
    });
  };
  if (std::ranges::any_of (lines[index].codecs, same_name))
    text += lines[index].kind == "video"
                ? ", H264 with packetization-mode 0 or 1, H265 with tx-mode SRST"
                : " as opus/48000/2";
  return {406, std::move (text)};
}

/** RFC 4588: the payload type of retransmissions of @p payload_type. */
std::optional<std::uint8_t>
rtx_of (const OfferedMedia &line, int payload_type)
{
  const auto repeats = [&] (const OfferedCodec &codec) {
    return is_usable_type (codec.payload_type) && equal_ignoring_case (codec.encoding, "rtx")
           && codec.clock_rate == 90000
           && parse_number (fmtp_value (codec.fmtp, "apt").value_or (""), 127) == payload_type;
  };
  const auto found = std::ranges::find_if (line.codecs, repeats);
  return found != line.codecs.end ()
             ? std::optional (static_cast<std::uint8_t> (found->payload_type))
             : std::nullopt;
}

IncomingTrack
track_of (const OfferedMedia &line, std::size_t index, const OfferedCodec &offered, Codec codec)
{
  IncomingTrack out{};
  out.video = is_video (codec);
  out.codec = codec;
  out.m_line = index;
  out.payload_type = static_cast<std::uint8_t> (offered.payload_type);
  out.clock_rate = offered.clock_rate;
  out.channels = offered.channels;
  out.fmtp = offered.fmtp;
  out.mid = line.mid;
  out.nack = offered.nack;
  out.pli = offered.pli;
  out.fir = offered.fir;
  out.transport_cc = offered.transport_cc && line.transport_cc_id != 0;
  out.transport_cc_id = out.transport_cc ? line.transport_cc_id : std::uint8_t{0};
  out.ssrc = line.ssrc;
  // What isn't asked for isn't sent again.
  if (offered.nack && out.video)
    out.rtx_payload_type = rtx_of (line, offered.payload_type);
  if (out.rtx_payload_type)
    out.rtx_ssrc = line.rtx_ssrc;
  return out;
}

std::optional<IncomingTrack>
choose_track (const OfferedMedia &line, std::size_t index, const std::vector<Codec> &codecs)
{
  for (const auto &offered : line.codecs)
    if (const auto codec = codec_of (offered, codecs);
        codec && is_video (*codec) == (line.kind == "video"))
      return track_of (line, index, offered, *codec);
  return std::nullopt;
}

/** In a bundle the payload type says which m-line a packet belongs to (RFC 9143 section 9.2). */
bool
share_a_type (const IncomingTrack &a, const IncomingTrack &b)
{
  const auto has = [] (const IncomingTrack &track, std::optional<std::uint8_t> type) {
    return type && (track.payload_type == *type || track.rtx_payload_type == type);
  };
  return has (a, b.payload_type) || has (a, b.rtx_payload_type);
}

/** What an answer repeats; the rest speaks of what the publisher could receive, or of its stream.
 */
bool
is_repeated (std::string_view parameter)
{
  static constexpr std::string_view names[] = {"level-asymmetry-allowed", "packetization-mode",
      "profile-level-id", "profile-id", "tier-flag", "level-id", "tx-mode", "profile", "level-idx",
      "tier"};
  return std::ranges::any_of (
      names, [&] (auto name) { return equal_ignoring_case (name, parameter); });
}

std::string
fmtp_for (const IncomingTrack &track)
{
  if (track.codec == Codec::opus)
    return fmtp_value (track.fmtp, "useinbandfec") == "1" ? "stereo=1;useinbandfec=1" : "stereo=1";
  std::string out;
  for (std::string_view rest = track.fmtp; !rest.empty ();) {
    const auto parameter = trim (next_part (rest, ';'));
    if (is_repeated (trim (parameter.substr (0, parameter.find ('=')))))
      out.append (out.empty () ? "" : ";").append (parameter);
  }
  return out;
}

void
add_track (std::string &out, const OfferedMedia &offered, const IncomingTrack &track)
{
  const auto payload_type = std::to_string (track.payload_type);
  const auto &codec =
      *std::ranges::find (offered.codecs, int{track.payload_type}, &OfferedCodec::payload_type);
  add_line (out, {"a=recvonly"});
  add_line (
      out, {"a=rtpmap:", payload_type, " ", codec.encoding, track.video ? "/90000" : "/48000/2"});
  if (const auto fmtp = fmtp_for (track); !fmtp.empty ())
    add_line (out, {"a=fmtp:", payload_type, " ", fmtp});
  add_feedback (out, codec);
  if (track.transport_cc) {
    add_line (out, {"a=rtcp-fb:", payload_type, " transport-cc"});
    add_line (
        out, {"a=extmap:", std::to_string (track.transport_cc_id), " ", transport_cc_extension});
  }
  if (track.rtx_payload_type) {
    const auto rtx = std::to_string (*track.rtx_payload_type);
    add_line (out, {"a=rtpmap:", rtx, " rtx/90000"});
    add_line (out, {"a=fmtp:", rtx, " apt=", payload_type});
  }
}

std::string
formats (const IncomingTrack &track)
{
  const auto type = std::to_string (track.payload_type);
  return track.rtx_payload_type ? type + " " + std::to_string (*track.rtx_payload_type) : type;
}

} // namespace

tl::expected<IncomingAgreement, Rejection>
negotiate_incoming (const Offer &offer, const std::vector<Codec> &codecs)
{
  const auto &lines = offer.media;
  const auto transport = check_offer (offer, Offerer::publisher);
  if (!transport)
    return tl::make_unexpected (transport.error ());

  IncomingAgreement out{{}, *transport, lines[*transport].fingerprint, lines[*transport].ice};
  auto &tracks = out.plan.tracks;
  for (std::size_t i = 0; i < lines.size (); ++i) {
    if (lines[i].rejected)
      continue;
    if (!is_carried (lines[i]))
      return reject (422, line_name (lines, i) + " is neither audio nor video");
    auto track = choose_track (lines[i], i, codecs);
    if (!track)
      return tl::make_unexpected (no_common_codec (lines, i, codecs));
    const auto shares = [&] (const auto &other) {
      return share_a_type (*track, other);
    };
    if (std::ranges::any_of (tracks, shares))
      return reject (422, line_name (lines, i) + " has the payload type of another m-line");
    tracks.push_back (*std::move (track));
  }
  return out;
}

std::string
write_incoming_answer (
    const Offer &offer, const IncomingAgreement &agreement, const AnswerDetails &details)
{
  std::string out;
  add_session (out, offer, details);
  for (std::size_t i = 0; i < offer.media.size (); ++i) {
    const auto &tracks = agreement.plan.tracks;
    const auto track = std::ranges::find (tracks, i, &IncomingTrack::m_line);
    const bool receives = track != tracks.end ();
    add_media (out, offer.media[i], receives ? formats (*track) : "");
    if (!receives)
      continue;
    add_track (out, offer.media[i], *track);
    add_transport (out, details, i == agreement.transport);
  }
  return out;
}

} // namespace stagedoor::webrtc
