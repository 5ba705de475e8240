// SPDX-License-Identifier: LGPL-2.1-or-later
// The lines of playlists.
#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "libs/hls/playlist_text.hpp"

namespace stagedoor::hls {

using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

class TextWriter
{
public:
  TextWriter &add (std::string_view text)
  {
    text_.body += text;
    return *this;
  }
  TextWriter &number (std::uint64_t value);
  /** @p value / 10^decimals, with all decimals. */
  TextWriter &fixed (std::uint64_t value, int decimals);
  /** Seconds with one to six decimals. */
  TextWriter &seconds (std::chrono::microseconds value);
  /** YYYY-MM-DDThh:mm:ss.sssZ */
  TextWriter &time (WallTime value);
  /** What was added last ends a URI. */
  TextWriter &uri_end ();
  void reserve (std::size_t bytes, std::size_t uris);
  PlaylistText take () { return std::move (text_); }

private:
  TextWriter &padded (unsigned value, int digits);
  PlaylistText text_;
};

} // namespace stagedoor::hls
