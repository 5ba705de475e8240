// SPDX-License-Identifier: LGPL-2.1-or-later
// profile-level-id (RFC 6184 section 8.1) and which decoder can decode which stream (ITU-T H.264
// annex A).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace stagedoor::webrtc {

/** In the order of what they can do, as far as there is one: see h264_decodes(). */
enum class H264Profile {
  constrained_baseline,
  baseline,
  main,
  extended,
  high,
  high10,
  high422,
  high444
};

struct H264Level
{
  H264Profile profile;
  int level; ///< ten times the level; 1b counts as 1

  /** Six hex digits; nullopt for other texts and unknown profiles. */
  static std::optional<H264Level> parse (std::string_view profile_level_id);
};

/** True when a decoder of @p decoder's profile decodes all streams of @p stream's profile. */
bool h264_decodes (H264Profile decoder, H264Profile stream);

/** "constrained baseline" */
std::string_view h264_profile_name (H264Profile profile);

} // namespace stagedoor::webrtc
