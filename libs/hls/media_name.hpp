// SPDX-License-Identifier: LGPL-2.1-or-later
// How the files of a rendition are called: made for playlists, read from requests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stagedoor::hls {

/** PREFIXinit-MAP.mp4, PREFIXMSN.m4s, PREFIXMSN.PART.m4s. The prefix tells rendition and
 * publication apart, so that a cache never mixes what was published under the same numbers. */
struct MediaName
{
  enum class Kind { map, segment, part };
  Kind kind;
  std::uint64_t number;   ///< of the map or the segment
  std::uint32_t part = 0; ///< kind part only
};

std::string format_media_name (std::string_view prefix, const MediaName &name);

/** Strict: exactly what format_media_name() makes with this prefix. */
std::optional<MediaName> parse_media_name (std::string_view prefix, std::string_view text);

} // namespace stagedoor::hls
