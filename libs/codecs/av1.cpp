// SPDX-License-Identifier: LGPL-2.1-or-later
// "AV1 Bitstream & Decoding Process Specification", sections 5.3 and 5.5.
#include "libs/codecs/av1.hpp"

#include <algorithm>
#include <array>

#include "libs/codecs/bits.hpp"

namespace stagedoor::codecs {
namespace {

struct Obu
{
  unsigned type = 0;
  ByteView payload;
};

/** leb128(), section 4.10.5: at most 8 bytes for at most 32 bits. */
std::optional<std::size_t>
read_leb128 (Reader &reader)
{
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const std::uint64_t byte = reader.u8 ();
    value |= (byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0)
      return reader.ok () && value <= UINT32_MAX ? std::optional (value) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<Obu>
read_obu (Reader &reader)
{
  const unsigned header = reader.u8 ();
  const bool forbidden = (header & 0x80) != 0, has_extension = (header & 4) != 0;
  if (has_extension)
    reader.skip (1);
  auto size = std::optional (reader.remaining ());
  if ((header & 2) != 0)
    size = read_leb128 (reader);
  if (forbidden || !size)
    return std::nullopt;
  const Obu out{header >> 3 & 15, reader.take (*size)};
  return reader.ok () ? std::optional (out) : std::nullopt;
}

struct Timing
{
  std::optional<Ratio> frame_rate;
  bool has_decoder_model = false;
  unsigned delay_bits = 0; ///< of the decoder model
};

/** Section 5.5.3. */
Timing
read_timing (BitReader &bits)
{
  Timing out;
  const std::uint64_t units_in_tick = bits.take (32), time_scale = bits.take (32);
  if (bits.flag ()) { // all pictures are shown for equally long
    const std::uint64_t ticks = std::uint64_t (bits.uvlc ()) + 1;
    if (ticks <= UINT32_MAX)
      out.frame_rate = make_ratio (time_scale, units_in_tick * ticks);
  }
  out.has_decoder_model = bits.flag ();
  if (out.has_decoder_model) {
    out.delay_bits = bits.take (5) + 1;
    bits.skip (32 + 5 + 5);
  }
  return out;
}

/** What a decoder must be capable of. */
struct Level
{
  unsigned index = 0, tier = 0;
};

/** Returns the level of the first. */
Level
read_operating_points (BitReader &bits, const Timing &timing)
{
  constexpr unsigned first_level_with_tier = 8;
  Level first;
  const bool has_initial_delay = bits.flag ();
  const auto points = bits.take (5) + 1;
  for (unsigned i = 0; i < points && bits.ok (); ++i) {
    bits.skip (12);
    Level level{bits.take (5), 0};
    if (level.index >= first_level_with_tier)
      level.tier = bits.take (1);
    if (i == 0)
      first = level;
    if (timing.has_decoder_model && bits.flag ())
      bits.skip (2 * timing.delay_bits + 1);
    if (has_initial_delay && bits.flag ())
      bits.skip (4);
  }
  return first;
}

/** From after the size to color_config(). */
void
skip_tools (BitReader &bits, bool reduced)
{
  constexpr unsigned chosen_per_frame = 2;
  if (!reduced && bits.flag ())
    bits.skip (4 + 3); // frame ids
  bits.skip (3);       // superblocks, intra filters
  if (!reduced) {
    bits.skip (4); // compound, warped and dual filters
    const bool has_order_hint = bits.flag ();
    if (has_order_hint)
      bits.skip (2);
    const auto screen_content = bits.flag () ? chosen_per_frame : bits.take (1);
    if (screen_content > 0 && !bits.flag ())
      bits.skip (1);
    if (has_order_hint)
      bits.skip (3);
  }
  bits.skip (3); // super resolution, filters
}

struct ColorConfig
{
  unsigned samples = 0; ///< as the third byte of av1C has them, but for the tier
  std::optional<Colors> colors;
};

/** Section 5.5.2. */
ColorConfig
read_colors (BitReader &bits, unsigned profile)
{
  constexpr Colors srgb{1, 13, 0, true}; // BT.709 primaries, sRGB, identity
  const bool high = bits.flag (), twelve = profile == 2 && high && bits.flag ();
  const bool mono = profile != 1 && bits.flag ();
  Colors colors{unspecified_color, unspecified_color, unspecified_color, true};
  if (bits.flag ()) {
    colors.primaries = bits.take (8);
    colors.transfer = bits.take (8);
    colors.matrix = bits.take (8);
  }
  const bool is_srgb = !mono && colors == srgb;
  colors.full_range = is_srgb || bits.flag ();
  bool x = true, y = true;
  if (is_srgb)
    x = y = false;
  else if (!mono && (profile == 1 || (profile == 2 && !twelve)))
    x = profile == 2, y = false;
  else if (!mono && profile == 2 && (x = bits.flag ()))
    y = bits.flag ();
  else
    y = mono || profile == 0;
  const unsigned position = x && y && !mono ? bits.take (2) : 0;
  return {high << 6 | twelve << 5 | mono << 4 | x << 3 | y << 2 | position,
      bits.ok () ? make_colors (colors) : std::nullopt};
}

struct Sequence
{
  Picture picture;
  std::array<std::uint8_t, 4> config; ///< av1C without what follows
};

/** Section 5.5.1. */
std::optional<Sequence>
read_header (ByteView payload)
{
  BitReader bits (payload);
  const auto profile = bits.take (3);
  bits.skip (1); // still picture
  const bool reduced = bits.flag ();
  Timing timing;
  Level level;
  if (reduced) {
    level.index = bits.take (5);
  } else {
    if (bits.flag ())
      timing = read_timing (bits);
    level = read_operating_points (bits, timing);
  }
  const auto width_bits = bits.take (4) + 1, height_bits = bits.take (4) + 1;
  const std::uint64_t width = bits.take (width_bits) + 1, height = bits.take (height_bits) + 1;
  auto picture = bits.ok () ? make_picture (width, height) : std::nullopt;
  if (!picture)
    return std::nullopt;
  picture->frame_rate = timing.frame_rate;
  skip_tools (bits, reduced);
  const auto [samples, colors] = read_colors (bits, profile);
  picture->colors = colors;
  return Sequence{*picture, {0x81, static_cast<std::uint8_t> (profile << 5 | level.index),
                                static_cast<std::uint8_t> (level.tier << 7 | samples), 0}};
}

constexpr unsigned sequence_header = 1;

struct Found
{
  Sequence sequence;
  ByteView obu;
};

std::optional<Found>
find_sequence (ByteView obus)
{
  Reader reader (obus);
  while (reader.remaining () > 0) {
    const auto before = reader.rest ();
    const auto obu = read_obu (reader);
    if (!obu)
      return std::nullopt;
    if (obu->type != sequence_header)
      continue;
    const auto sequence = read_header (obu->payload);
    if (!sequence)
      return std::nullopt;
    return Found{*sequence, before.first (before.size () - reader.remaining ())};
  }
  return std::nullopt;
}

} // namespace

std::optional<Picture>
read_av1_sequence_header (ByteView obus)
{
  const auto found = find_sequence (obus);
  return found ? std::optional (found->sequence.picture) : std::nullopt;
}

/** Decoders skip zeros between frames, and end where an OBU isn't whole. */
std::uint64_t
most_av1_pixels (ByteView obus)
{
  std::uint64_t most = 0;
  Reader reader (obus);
  while (reader.remaining () > 0) {
    if (reader.rest ()[0] == 0) {
      reader.skip (1);
      continue;
    }
    const auto obu = read_obu (reader);
    if (!obu)
      break;
    if (obu->type != sequence_header)
      continue;
    const auto sequence = read_header (obu->payload);
    if (!sequence)
      return UINT64_MAX;
    const auto &picture = sequence->picture;
    most = std::max (most, std::uint64_t (picture.width) * std::uint64_t (picture.height));
  }
  return most;
}

Bytes
write_av1c (ByteView obus)
{
  Bytes out;
  if (const auto found = find_sequence (obus)) {
    Writer writer (out);
    writer.bytes (ByteView (found->sequence.config));
    writer.bytes (found->obu);
  }
  return out;
}

} // namespace stagedoor::codecs
