// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/codecs/vpx.hpp"

#include <algorithm>
#include <array>
#include <vector>

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

struct Vp9Start
{
  bool is_frame = false; ///< and not only the number of one that was decoded before
  unsigned profile = 0;
  bool is_delta = false, is_shown = false, is_resilient = false;
};

Vp9Start
read_start (BitReader &bits)
{
  constexpr unsigned frame_marker = 2;
  Vp9Start out;
  const auto marker = bits.take (2), low = bits.take (1), high = bits.take (1);
  out.profile = high << 1 | low;
  if (out.profile == 3)
    bits.skip (1);
  const bool shows_existing = bits.flag ();
  out.is_delta = bits.flag ();
  out.is_shown = bits.flag ();
  out.is_resilient = bits.flag ();
  out.is_frame = bits.ok () && marker == frame_marker && !shows_existing;
  return out;
}

/** Of a frame that needs no other: from its mark to what follows its colours. */
std::optional<Vp9Header>
read_intra_start (BitReader &bits, unsigned profile)
{
  constexpr unsigned sync_code = 0x498342;
  const bool odd = profile == 1 || profile == 3; // those that may have 4:4:4
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
  if (!bits.ok () || sync != sync_code || (is_srgb && !odd))
    return std::nullopt;
  out.picture.colors = vp9_colors (space, full_range);
  return out;
}

struct Size
{
  std::uint64_t width, height;
};

Size
read_size (BitReader &bits)
{
  const std::uint64_t width = bits.take (16) + 1;
  return {width, std::uint64_t{bits.take (16)} + 1};
}

/** True when its size comes next; false: it is another frame's. */
bool
skip_to_size (BitReader &bits, const Vp9Start &start)
{
  constexpr int references = 3;
  constexpr unsigned refreshed = 8, reference = 3 + 1;
  const bool is_intra = start.is_delta && !start.is_shown && bits.flag ();
  if (start.is_delta && !start.is_resilient)
    bits.skip (2); // contexts that are reset
  if (!start.is_delta)
    return read_intra_start (bits, start.profile).has_value ();
  if (is_intra) {
    constexpr unsigned sync = 24;
    if (start.profile == 0) // has no colours here
      bits.skip (sync);
    else if (!read_intra_start (bits, start.profile))
      return false;
    bits.skip (refreshed);
    return true;
  }
  bits.skip (refreshed + references * reference);
  for (int i = 0; i < references; ++i)
    if (bits.flag ())
      return false;
  return true;
}

std::uint64_t
pixels_of (ByteView frame)
{
  BitReader bits (frame);
  const auto start = read_start (bits);
  if (!start.is_frame || !skip_to_size (bits, start))
    return 0;
  const auto size = read_size (bits);
  return bits.ok () ? size.width * size.height : 0;
}

/** Annex B: the last byte says whether there are several. */
std::vector<std::size_t>
frame_sizes (ByteView superframe)
{
  const unsigned marker = superframe.empty () ? 0u : superframe.back ();
  const std::size_t count = (marker & 7) + 1, bytes = (marker >> 3 & 3) + 1;
  const auto index = 2 + count * bytes;
  if ((marker & 0xe0) != 0xc0 || superframe.size () < index
      || superframe[superframe.size () - index] != marker)
    return {superframe.size ()};
  std::vector<std::size_t> out (count);
  auto at = superframe.last (index - 1);
  for (auto &size : out) {
    for (std::size_t i = 0; i < bytes; ++i)
      size |= std::size_t{at[i]} << (8 * i);
    at = at.subspan (bytes);
  }
  return out;
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
  BitReader bits (frame);
  const auto start = read_start (bits);
  if (!start.is_frame || start.is_delta)
    return std::nullopt;
  auto out = read_intra_start (bits, start.profile);
  if (!out)
    return std::nullopt;
  const auto size = read_size (bits);
  const auto picture = bits.ok () ? make_picture (size.width, size.height) : std::nullopt;
  if (!picture)
    return std::nullopt;
  const auto colors = out->picture.colors;
  out->picture = *picture;
  out->picture.colors = colors;
  return out;
}

std::uint64_t
most_vp9_pixels (ByteView superframe)
{
  std::uint64_t most = 0;
  for (auto rest = superframe; const auto size : frame_sizes (superframe)) {
    const auto frame = rest.first (std::min<std::size_t> (size, rest.size ()));
    most = std::max (most, pixels_of (frame));
    rest = rest.subspan (frame.size ());
  }
  return most;
}

} // namespace stagedoor::codecs
