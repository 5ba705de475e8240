// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/codecs/vui.hpp"

#include <array>

namespace stagedoor::codecs {
namespace {

/** Table E-1, by aspect_ratio_idc. */
constexpr std::array<Ratio, 17> aspect_ratios{
    {{0, 0}, {1, 1}, {12, 11}, {10, 11}, {16, 11}, {40, 33}, {24, 11}, {20, 11}, {32, 11}, {80, 33},
        {18, 11}, {15, 11}, {64, 33}, {160, 99}, {4, 3}, {3, 2}, {2, 1}}};

std::optional<Ratio>
read_aspect_ratio (BitReader &bits)
{
  constexpr std::uint32_t own = 255;
  const auto idc = bits.take (8);
  if (idc == own) {
    const auto num = bits.take (16);
    return make_ratio (num, bits.take (16));
  }
  return idc > 0 && idc < aspect_ratios.size () ? std::optional (aspect_ratios[idc]) : std::nullopt;
}

std::optional<Colors>
read_signal_type (BitReader &bits)
{
  Colors out{unspecified_color, unspecified_color, unspecified_color};
  bits.skip (3); // the format of what was digitised
  out.full_range = bits.flag ();
  if (bits.flag ()) {
    out.primaries = bits.take (8);
    out.transfer = bits.take (8);
    out.matrix = bits.take (8);
  }
  return make_colors (out);
}

} // namespace

void
read_vui_looks (BitReader &bits, Picture &picture)
{
  const auto aspect = bits.flag () ? read_aspect_ratio (bits) : std::nullopt;
  if (bits.ok ())
    picture.pixel_aspect = aspect;
  if (bits.flag ()) // overscan
    bits.skip (1);
  const auto colors = bits.flag () ? read_signal_type (bits) : std::nullopt;
  if (bits.ok ())
    picture.colors = colors;
  if (bits.flag ()) { // location of chroma samples
    bits.ue ();
    bits.ue ();
  }
}

VuiTiming
read_vui_timing (BitReader &bits, unsigned ticks_per_frame)
{
  if (!bits.flag ())
    return {};
  const std::uint64_t units_in_tick = bits.take (32), time_scale = bits.take (32);
  if (!bits.ok ())
    return {true, std::nullopt};
  return {true, make_ratio (time_scale, units_in_tick * ticks_per_frame)};
}

} // namespace stagedoor::codecs
