// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/codecs/picture.hpp"

#include <limits>
#include <numeric>

namespace stagedoor::codecs {

std::optional<Ratio>
make_ratio (std::uint64_t num, std::uint64_t den)
{
  constexpr std::uint64_t most = std::numeric_limits<std::int32_t>::max ();
  if (num == 0 || den == 0)
    return std::nullopt;
  const auto common = std::gcd (num, den);
  num /= common;
  den /= common;
  if (num > most || den > most)
    return std::nullopt;
  return Ratio{static_cast<std::int32_t> (num), static_cast<std::int32_t> (den)};
}

std::optional<Colors>
make_colors (const Colors &colors)
{
  constexpr Colors nothing{unspecified_color, unspecified_color, unspecified_color, false};
  return colors == nothing ? std::nullopt : std::optional (colors);
}

std::optional<Picture>
make_picture (std::uint64_t width, std::uint64_t height)
{
  if (width == 0 || width > max_side || height == 0 || height > max_side)
    return std::nullopt;
  return Picture{static_cast<int> (width), static_cast<int> (height), {}, {}, {}};
}

std::optional<Picture>
make_picture (std::uint64_t width, std::uint64_t height, const Cropping &cropping, CropUnit unit)
{
  const auto across = (cropping.left + cropping.right) * unit.x;
  const auto down = (cropping.top + cropping.bottom) * unit.y;
  if (across >= width || down >= height)
    return std::nullopt;
  return make_picture (width - across, height - down);
}

} // namespace stagedoor::codecs
