// SPDX-License-Identifier: LGPL-2.1-or-later
// Playlists to test, and a look at their lines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/hls/playlist.hpp"
#include "tests/unit/suite.hpp"

namespace stagedoor::hls::test {

using namespace std::chrono_literals;

/** 2026-01-02T03:04:05.678Z */
constexpr WallTime start =
    std::chrono::sys_days (std::chrono::year (2026) / 1 / 2) + 3h + 4min + 5s + 678ms;

inline Playlist
make_list (std::size_t window = 15)
{
  Playlist list ({.prefix = "v-", .window = window});
  list.program_time (start);
  return list;
}

inline void
add_segment (Playlist &list, int parts = 10, Duration part = 200ms)
{
  for (int i = 0; i < parts; ++i)
    list.add_part ({.duration = part, .independent = i == 0});
  list.finish_segment ();
}

inline std::string
text_of (const Playlist &list, Form form = Form::low_latency, Skip skip = Skip::none)
{
  return list.render (form, skip, {}).body;
}

inline std::size_t
count (std::string_view text, std::string_view what)
{
  std::size_t found = 0;
  for (auto at = text.find (what); at != text.npos; at = text.find (what, at + what.size ()))
    ++found;
  return found;
}

inline bool
has (std::string_view text, std::string_view what)
{
  return text.find (what) != text.npos;
}

} // namespace stagedoor::hls::test
