// SPDX-License-Identifier: LGPL-2.1-or-later
// "AV1 Bitstream & Decoding Process Specification", sections 5.3 and 5.5.
#include "libs/codecs/av1.hpp"

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

void
skip_operating_points (BitReader &bits, const Timing &timing)
{
  constexpr unsigned first_level_with_tier = 8;
  const bool has_initial_delay = bits.flag ();
  const auto points = bits.take (5) + 1;
  for (unsigned i = 0; i < points && bits.ok (); ++i) {
    bits.skip (12);
    if (bits.take (5) >= first_level_with_tier)
      bits.skip (1);
    if (timing.has_decoder_model && bits.flag ())
      bits.skip (2 * timing.delay_bits + 1);
    if (has_initial_delay && bits.flag ())
      bits.skip (4);
  }
}

/** Section 5.5.1. */
std::optional<Picture>
read_header (ByteView payload)
{
  BitReader bits (payload);
  bits.skip (4); // profile, still picture
  Timing timing;
  if (bits.flag ()) // reduced header
    bits.skip (5);
  else {
    if (bits.flag ())
      timing = read_timing (bits);
    skip_operating_points (bits, timing);
  }
  const auto width_bits = bits.take (4) + 1, height_bits = bits.take (4) + 1;
  const std::uint64_t width = bits.take (width_bits) + 1, height = bits.take (height_bits) + 1;
  auto out = bits.ok () ? make_picture (width, height) : std::nullopt;
  if (out)
    out->frame_rate = timing.frame_rate;
  return out;
}

} // namespace

std::optional<Picture>
read_av1_sequence_header (ByteView obus)
{
  constexpr unsigned sequence_header = 1;
  Reader reader (obus);
  while (reader.remaining () > 0) {
    const auto obu = read_obu (reader);
    if (!obu)
      return std::nullopt;
    if (obu->type == sequence_header)
      return read_header (obu->payload);
  }
  return std::nullopt;
}

} // namespace stagedoor::codecs
