// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/hls/players.hpp"

#include <algorithm>
#include <array>

namespace stagedoor::hlssink {

bool
needs_whole_segments (const http::Request &request)
{
  // mpv, which calls itself libmpv, reads with ffmpeg.
  constexpr std::array<std::string_view, 5> players{
      "Lavf/", "libmpv", "GStreamer ", "VLC/", "Mozilla/"};
  const auto agent = http::header (request, "User-Agent").value_or ("");
  return std::ranges::any_of (
      players, [&] (std::string_view name) { return agent.starts_with (name); });
}

} // namespace stagedoor::hlssink
