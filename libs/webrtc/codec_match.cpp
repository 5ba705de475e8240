// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/webrtc/codec_match.hpp"

#include "libs/webrtc/h264_profile.hpp"
#include "libs/webrtc/sdp_text.hpp"

namespace stagedoor::webrtc {

namespace {

/** The number that fmtp gives for @p name; nullopt when it gives nonsense. */
std::optional<int>
parameter (std::string_view fmtp, std::string_view name, int default_value)
{
  const auto value = fmtp_value (fmtp, name);
  return value ? parse_number (*value, 255) : std::optional (default_value);
}

/** GStreamer's viewers name neither mode nor profile. By RFC 6184 that means single NAL units of
 * Baseline at level 1, but they depayload and decode everything. */
bool
says_nothing (std::string_view h264_fmtp)
{
  return !fmtp_value (h264_fmtp, "packetization-mode")
         && !fmtp_value (h264_fmtp, "profile-level-id");
}

std::optional<int>
misfit_h264 (std::string_view fmtp, const Source &source)
{
  constexpr int worst = tolerable + static_cast<int> (H264Profile::high444) + 1;
  if (says_nothing (fmtp))
    return worst;
  // We send fragments (FU-A), which only this mode has.
  if (parameter (fmtp, "packetization-mode", 0) != 1)
    return std::nullopt;
  const auto viewer = H264Level::parse (fmtp_value (fmtp, "profile-level-id").value_or ("420010"));
  if (!viewer)
    return std::nullopt;
  const auto stream = H264Level::parse (source.h264_profile_level_id);
  if (!stream)
    return worst;
  if (stream->level > viewer->level && parameter (fmtp, "level-asymmetry-allowed", 0) != 1)
    return std::nullopt;
  // The nearest profile is the likeliest to have a decoder in hardware.
  if (h264_decodes (viewer->profile, stream->profile))
    return static_cast<int> (viewer->profile) - static_cast<int> (stream->profile);
  // Viewers such as Firefox offer the profile that RFC 7742 demands and no other, but their
  // decoders take 4:2:0 in 8 bits up to High.
  if (stream->profile > H264Profile::high || stream->profile == H264Profile::extended)
    return std::nullopt;
  return worst - 1 - static_cast<int> (viewer->profile);
}

/** @p by how much the viewer's decoder is above the stream; nothing fits when it is below. */
std::optional<int>
if_decoded (int by)
{
  return by < 0 ? std::nullopt : std::optional (by);
}

/** HEVC: Main 10 decodes Main. We have one stream per SSRC and transport (SRST). */
std::optional<int>
misfit_h265 (std::string_view fmtp, const Source &source)
{
  const auto profile = parameter (fmtp, "profile-id", 1);
  const auto mode = fmtp_value (fmtp, "tx-mode").value_or ("SRST");
  const bool decodes = profile == source.profile || (profile == 2 && source.profile == 1);
  return if_decoded (
      decodes && equal_ignoring_case (mode, "SRST") ? *profile - source.profile : -1);
}

std::string
h264_fmtp (std::string_view offered)
{
  if (says_nothing (offered))
    return {};
  std::string out;
  if (parameter (offered, "level-asymmetry-allowed", 0) == 1)
    out += "level-asymmetry-allowed=1;";
  out += "packetization-mode=1";
  if (const auto id = fmtp_value (offered, "profile-level-id"))
    out += ";profile-level-id=" + std::string (*id);
  return out;
}

std::string
with_profile (std::string_view name, std::string_view fmtp, std::string_view parameter_name)
{
  const auto value = fmtp_value (fmtp, parameter_name);
  return value ? std::string (name) + std::string (*value) : std::string ();
}

} // namespace

bool
is_carried (const OfferedMedia &media)
{
  return (media.kind == "audio" || media.kind == "video") && !media.rejected;
}

std::string_view
encoding_name (Codec codec)
{
  switch (codec) {
    case Codec::h264:
      return "H264";
    case Codec::h265:
      return "H265";
    case Codec::av1:
      return "AV1";
    case Codec::vp8:
      return "VP8";
    case Codec::vp9:
      return "VP9";
    case Codec::opus:
      break;
  }
  return "opus";
}

bool
is_usable_type (int payload_type)
{
  return payload_type < 64 || payload_type > 95;
}

bool
is_in_format_of (const OfferedCodec &offered, Codec codec)
{
  const bool opus = codec == Codec::opus;
  return is_usable_type (offered.payload_type)
         && equal_ignoring_case (offered.encoding, encoding_name (codec))
         && offered.clock_rate == (opus ? 48000 : 90000) && (!opus || offered.channels == 2);
}

std::optional<int>
misfit (const OfferedCodec &offered, const Source &source)
{
  if (!is_in_format_of (offered, source.codec))
    return std::nullopt;
  switch (source.codec) {
    case Codec::h264:
      return misfit_h264 (offered.fmtp, source);
    case Codec::h265:
      return misfit_h265 (offered.fmtp, source);
    case Codec::av1:
      // Each profile decodes the ones below (AV1 annex A.2).
      return if_decoded (parameter (offered.fmtp, "profile", 0).value_or (-1) - source.profile);
    case Codec::vp9:
      return if_decoded (parameter (offered.fmtp, "profile-id", 0) == source.profile ? 0 : -1);
    case Codec::vp8:
    case Codec::opus:
      break;
  }
  return 0;
}

std::string
describe (const Source &source)
{
  const auto profile = " (profile " + std::to_string (source.profile) + ")";
  switch (source.codec) {
    case Codec::h264: {
      const auto level = H264Level::parse (source.h264_profile_level_id);
      if (!level)
        return "H.264";
      return "H.264 (" + std::string (h264_profile_name (level->profile)) + " profile, level "
             + std::to_string (level->level / 10) + "." + std::to_string (level->level % 10) + ")";
    }
    case Codec::h265:
      return "H.265" + profile;
    case Codec::av1:
      return "AV1" + profile;
    case Codec::vp9:
      return "VP9" + profile;
    case Codec::vp8:
      return "VP8";
    case Codec::opus:
      break;
  }
  return "Opus";
}

std::string
answer_fmtp (const OfferedCodec &offered, const Source &source)
{
  switch (source.codec) {
    case Codec::h264:
      return h264_fmtp (offered.fmtp);
    case Codec::h265:
    case Codec::av1:
      // Receivers match codecs by these parameters, and some by their text.
      return offered.fmtp;
    case Codec::vp9:
      return with_profile ("profile-id=", offered.fmtp, "profile-id");
    case Codec::opus:
      return source.stereo ? "stereo=1;sprop-stereo=1" : "";
    case Codec::vp8:
      break;
  }
  return {};
}

} // namespace stagedoor::webrtc
