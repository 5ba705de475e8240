// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes sequence parameter sets by recipe, with the parts that no encoder at hand makes.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "libs/base/bytes.hpp"

namespace stagedoor::test {

class BitWriter
{
public:
  BitWriter &u (unsigned bits, std::uint64_t value)
  {
    for (; bits > 0; --bits, ++count_) {
      if (count_ % 8 == 0)
        out_.push_back (0);
      const auto bit = static_cast<std::uint8_t> (value >> (bits - 1) & 1);
      out_.back () = static_cast<std::uint8_t> (out_.back () | bit << (7 - count_ % 8));
    }
    return *this;
  }
  BitWriter &ue (std::uint64_t value)
  {
    unsigned bits = 0;
    while ((value + 1) >> (bits + 1) != 0)
      ++bits;
    return u (bits, 0).u (bits + 1, value + 1);
  }
  BitWriter &se (std::int64_t value)
  {
    return ue (static_cast<std::uint64_t> (value > 0 ? 2 * value - 1 : -2 * value));
  }
  /** Each "0" or "1" is a bit. */
  BitWriter &bits (std::string_view text)
  {
    for (const char c : text)
      if (c == '0' || c == '1')
        u (1, c == '1');
    return *this;
  }
  const Bytes &bytes () const { return out_; }
  /** With the stop bit and emulation prevention. */
  Bytes nal () const;

private:
  Bytes out_;
  std::size_t count_ = 0;
};

struct VuiRecipe
{
  std::optional<unsigned> aspect_idc;
  unsigned aspect_num = 0, aspect_den = 0; ///< when the idc is 255
  bool everything_before_timing = false;
  bool default_display_window = false; ///< H.265
  std::optional<std::pair<std::uint32_t, std::uint32_t>> units_and_scale;
};

struct SpsRecipe
{
  unsigned profile = 100, chroma = 1, extra_depth = 0;
  bool separate_planes = false, scaling_lists = false, frames_only = true;
  std::uint64_t width = 20, height = 15; ///< H.264: of macroblocks and map units
  std::optional<std::vector<std::uint64_t>> crop;
  unsigned order_type = 0; ///< H.264
  unsigned sub_layers = 1; ///< H.265
  bool pcm = false, layers_apart = false;
  std::vector<BitWriter (*) (BitWriter)> picture_sets; ///< H.265
  unsigned long_term = 0;                              ///< H.265
  std::optional<VuiRecipe> vui;
};

Bytes write_h264 (const SpsRecipe &recipe);
Bytes write_h265 (const SpsRecipe &recipe);

} // namespace stagedoor::test
