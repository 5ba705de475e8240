// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/codecs/vpx.hpp"

#include <array>

#include "libs/codecs/bits.hpp"

namespace stagedoor::codecs {
namespace {

constexpr unsigned srgb = 7;

/** color_space of section 7.2.2. That of BT.2020 may have any transfer. */
std::optional<Colors>
vp9_colors (unsigned space, bool full_range)
{
  constexpr auto no = unspecified_color;
  constexpr std::array<Colors, srgb + 1> spaces{{{no, no, no}, {5, 6, 5}, {1, 1, 1}, {6, 6, 6},
      {7, 7, 7}, {9, no, 9}, {no, no, no}, {1, 13, 0}}};
  auto out = spaces[space];
  out.full_range = full_range;
  return make_colors (out);
}

} // namespace

/** RFC 6386 section 9.1. */
std::optional<Picture>
read_vp8_key_frame (ByteView frame)
{
  constexpr std::uint32_t start_code = 0x9d012a;
  Reader reader (frame);
  const bool is_delta = (reader.u8 () & 1) != 0;
  reader.skip (2);
  const auto start = reader.u24 ();
  const auto side = [&reader] { // little endian; the upper two bits ask a player to scale
    const unsigned low = reader.u8 (), high = reader.u8 ();
    return (high << 8 | low) & 0x3fff;
  };
  const auto width = side (), height = side ();
  if (!reader.ok () || is_delta || start != start_code)
    return std::nullopt;
  return make_picture (width, height);
}

/** "VP9 Bitstream & Decoding Process Specification" section 6.2. */
std::optional<Vp9Header>
read_vp9_key_frame (ByteView frame)
{
  constexpr unsigned frame_marker = 2, sync_code = 0x498342;
  BitReader bits (frame);
  const auto marker = bits.take (2), low = bits.take (1), high = bits.take (1);
  const auto profile = high << 1 | low;
  const bool odd = profile == 1 || profile == 3; // those that may have 4:4:4
  if (profile == 3)
    bits.skip (1);
  const bool shows_existing = bits.flag (), is_delta = bits.flag ();
  bits.skip (2);
  const auto sync = bits.take (24);
  Vp9Header out{.profile = profile};
  if (profile >= 2)
    out.depth = bits.flag () ? 12 : 10;
  const auto space = bits.take (3);
  const bool is_srgb = space == srgb, full_range = is_srgb || bits.flag ();
  if (odd) {
    out.halves_width = !is_srgb && bits.flag ();
    out.halves_height = !is_srgb && bits.flag ();
    bits.skip (1);
  }
  const std::uint64_t width = bits.take (16) + 1, height = bits.take (16) + 1;
  if (!bits.ok () || marker != frame_marker || shows_existing || is_delta || sync != sync_code
      || (is_srgb && !odd))
    return std::nullopt;
  const auto picture = make_picture (width, height);
  if (!picture)
    return std::nullopt;
  out.picture = *picture;
  out.picture.colors = vp9_colors (space, full_range);
  return out;
}

} // namespace stagedoor::codecs
