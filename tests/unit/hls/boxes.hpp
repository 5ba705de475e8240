// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds a box in what was written, and makes the setups that tests begin with.
#pragma once

#include <initializer_list>

#include "libs/hls/cmaf.hpp"
#include "tests/unit/codecs/recorded.hpp"

namespace stagedoor::test {

/** What is in the box at the end of @p path, of which each is the first of its kind; nullopt when
 * it isn't there. Entries and lists are walked into. */
inline std::optional<Bytes>
find_box (ByteView in, std::initializer_list<std::string_view> path)
{
  std::string_view parent;
  for (const auto type : path) {
    const bool is_entry = parent == "avc1" || parent == "hvc1" || parent == "av01"
                          || parent == "vp08" || parent == "vp09";
    const bool is_sound = parent == "mp4a" || parent == "Opus";
    Reader reader (in);
    reader.skip (is_entry ? 78 : is_sound ? 28 : parent == "stsd" || parent == "dref" ? 8 : 0);
    std::optional<ByteView> found;
    while (!found && reader.remaining () >= 8) {
      const auto size = reader.u32 ();
      const bool matches = text (reader.take (4)) == type;
      const auto body = reader.take (size - 8);
      if (matches)
        found = body;
    }
    if (!found || !reader.ok ())
      return std::nullopt;
    in = *found;
    parent = type;
  }
  return Bytes (in.begin (), in.end ());
}

/** Spaces part what belongs together. */
inline Bytes
spaced_hex (std::string text)
{
  std::erase (text, ' ');
  return from_hex (text);
}

inline Bytes
joined (std::initializer_list<ByteView> parts)
{
  Bytes out;
  for (const auto part : parts)
    out.insert (out.end (), part.begin (), part.end ());
  return out;
}

/** The first recording of a codec that is called so. */
inline Bytes
recording (Kind kind, std::string_view what)
{
  for (const auto &one : recordings)
    if (one.kind == kind && one.what == what)
      return from_hex (one.hex);
  return {};
}

/** An access unit with all parameter sets and nothing else. */
inline Bytes
h264_stream (ByteView sps)
{
  return joined ({from_hex ("00000001"), sps, from_hex ("0000000168ebe3cb22c0")});
}
inline Bytes
h265_stream (ByteView sps)
{
  return joined ({from_hex ("0000000140010c01ffff01600000030090000003000003005d95980900000001"),
      sps, from_hex ("000000014401c172b46240")});
}

inline const char *const opus_head = "4f707573486561640102380180bb0000000000";

} // namespace stagedoor::test
