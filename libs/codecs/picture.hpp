// SPDX-License-Identifier: LGPL-2.1-or-later
// What the headers of all video codecs have in common.
#pragma once

#include <cstdint>
#include <optional>

namespace stagedoor::codecs {

/** Positive and without common factors. */
struct Ratio
{
  std::int32_t num, den;
  bool operator== (const Ratio &) const = default;
};

/** nullopt when it is none, or doesn't fit. */
std::optional<Ratio> make_ratio (std::uint64_t num, std::uint64_t den);

/** More than any level of any codec has. */
constexpr std::uint64_t max_side = 65536;

/** Code points of ITU-T H.273. */
struct Colors
{
  unsigned primaries = 0, transfer = 0, matrix = 0;
  bool full_range = false;
  bool operator== (const Colors &) const = default;
};

/** nullopt when they say nothing. */
std::optional<Colors> make_colors (const Colors &colors);
constexpr unsigned unspecified_color = 2;

struct Picture
{
  int width = 0, height = 0; ///< what is shown: 1 to max_side
  std::optional<Ratio> frame_rate, pixel_aspect;
  std::optional<Colors> colors;
  bool operator== (const Picture &) const = default;
};

/** Without rates and colours; nullopt when a side isn't within its bounds. */
std::optional<Picture> make_picture (std::uint64_t width, std::uint64_t height);

/** What is cut off a coded picture, in units that depend on its chroma. */
struct Cropping
{
  std::uint64_t left = 0, right = 0, top = 0, bottom = 0;
};
struct CropUnit
{
  unsigned x, y;
};
std::optional<Picture> make_picture (
    std::uint64_t width, std::uint64_t height, const Cropping &cropping, CropUnit unit);

/** How samples are stored. */
struct SampleFormat
{
  unsigned chroma = 1; ///< chroma_format_idc: 0 to 3
  unsigned luma_depth = 8, chroma_depth = 8;
  bool operator== (const SampleFormat &) const = default;
};

} // namespace stagedoor::codecs
