// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/codecs/vpx.hpp"

#include "libs/codecs/bits.hpp"

namespace stagedoor::codecs {

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
  constexpr unsigned frame_marker = 2, sync_code = 0x498342, srgb = 7;
  BitReader bits (frame);
  const auto marker = bits.take (2), low = bits.take (1), high = bits.take (1);
  const auto profile = high << 1 | low;
  const bool odd = profile == 1 || profile == 3; // those that may have 4:4:4
  if (profile == 3)
    bits.skip (1);
  const bool shows_existing = bits.flag (), is_delta = bits.flag ();
  bits.skip (2);
  const auto sync = bits.take (24);
  if (profile >= 2)
    bits.skip (1);
  const bool is_srgb = bits.take (3) == srgb;
  if (is_srgb)
    bits.skip (odd ? 1 : 0);
  else
    bits.skip (odd ? 4 : 1);
  const std::uint64_t width = bits.take (16) + 1, height = bits.take (16) + 1;
  if (!bits.ok () || marker != frame_marker || shows_existing || is_delta || sync != sync_code
      || (is_srgb && !odd))
    return std::nullopt;
  const auto picture = make_picture (width, height);
  return picture ? std::optional (Vp9Header{*picture, profile}) : std::nullopt;
}

} // namespace stagedoor::codecs
