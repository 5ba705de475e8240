// SPDX-License-Identifier: LGPL-2.1-or-later
// ITU-T H.265 section 7.3.2.2.1; the limits are those of section 7.4.3.2.1.
#include <algorithm>
#include <vector>

#include "libs/codecs/nal.hpp"
#include "libs/codecs/sps.hpp"
#include "libs/codecs/vui.hpp"

namespace stagedoor::codecs {
namespace {

/** Section 7.3.3. */
void
read_profile_tier_level (BitReader &bits, H265Sps &out)
{
  constexpr std::size_t profile_bits = 88, level_bits = 8;
  for (auto &byte : out.profile_tier_level)
    byte = static_cast<std::uint8_t> (bits.take (8));
  const auto lower = out.sub_layers - 1;
  std::size_t more = lower > 0 ? 2 * (8 - lower) : 0;
  for (unsigned i = 0; i < lower; ++i) {
    more += bits.flag () ? profile_bits : 0;
    more += bits.flag () ? level_bits : 0;
  }
  bits.skip (more);
}

std::optional<Picture>
read_picture (BitReader &bits, SampleFormat &samples, std::uint64_t &coded_pixels)
{
  samples.chroma = bits.ue (3);
  const bool separate_planes = samples.chroma == 3 && bits.flag ();
  const auto chroma = separate_planes ? 0 : samples.chroma;
  const std::uint64_t width = bits.ue (max_side), height = bits.ue (max_side);
  coded_pixels = width * height;
  Cropping crop;
  if (bits.flag ())
    crop = {bits.ue (), bits.ue (), bits.ue (), bits.ue ()};
  if (!bits.ok ())
    return std::nullopt;
  const CropUnit unit{chroma == 1 || chroma == 2 ? 2u : 1u, chroma == 1 ? 2u : 1u};
  return make_picture (width, height, crop, unit);
}

/** Section 7.3.4. */
void
skip_scaling_lists (BitReader &bits)
{
  for (int size = 0; size < 4; ++size)
    for (int matrix = 0; matrix < 6; matrix += size == 3 ? 3 : 1) {
      if (!bits.flag ()) {
        bits.ue (5);
        continue;
      }
      const int coefficients = std::min (64, 16 << (2 * size)) + (size > 1 ? 1 : 0);
      for (int i = 0; i < coefficients && bits.ok (); ++i)
        bits.ue ();
    }
}

/** Distances to the pictures of a set, in their order: before us by distance, then after us. */
using PictureSet = std::vector<std::int64_t>;
constexpr std::uint32_t most_references = 16;

/** Section 7.4.8, equations 7-61 and 7-62. */
PictureSet
read_predicted_set (BitReader &bits, const PictureSet &from)
{
  const bool backward = bits.flag ();
  const auto distance = static_cast<std::int64_t> (bits.ue (0x7fff)) + 1;
  const auto shift = backward ? -distance : distance;
  PictureSet out;
  for (std::size_t i = 0; i <= from.size (); ++i) {
    const bool used = bits.flag ();
    const auto delta = shift + (i < from.size () ? from[i] : 0);
    if ((used || bits.flag ()) && delta != 0)
      out.push_back (delta);
  }
  std::ranges::sort (out, [] (std::int64_t a, std::int64_t b) {
    return (a < 0) != (b < 0) ? a < 0 : std::abs (a) < std::abs (b);
  });
  return out;
}

PictureSet
read_explicit_set (BitReader &bits)
{
  const auto before = bits.ue (most_references), after = bits.ue (most_references);
  PictureSet out;
  std::int64_t delta = 0;
  for (std::uint32_t i = 0; i < before + after && bits.ok (); ++i) {
    const auto step = static_cast<std::int64_t> (bits.ue (0x7fff)) + 1;
    delta = (i == before ? 0 : delta) + (i < before ? -step : step);
    bits.skip (1);
    out.push_back (delta);
  }
  return out;
}

/** Section 7.3.7: how long each set is depends on the one before it. */
void
skip_short_term_sets (BitReader &bits)
{
  PictureSet set;
  const auto count = bits.ue (64);
  for (std::uint32_t i = 0; i < count && bits.ok (); ++i) {
    const bool predicted = i > 0 && bits.flag ();
    set = predicted ? read_predicted_set (bits, set) : read_explicit_set (bits);
    if (set.size () > most_references)
      bits.fail ();
  }
}

/** From the size of coding blocks to what precedes the VUI. */
void
skip_tools (BitReader &bits, unsigned order_bits)
{
  for (int i = 0; i < 6; ++i)
    bits.ue (); // sizes of blocks, depths of their trees
  if (bits.flag () && bits.flag ())
    skip_scaling_lists (bits);
  bits.skip (2);
  if (bits.flag ()) { // PCM
    bits.skip (8);
    bits.ue ();
    bits.ue ();
    bits.skip (1);
  }
  skip_short_term_sets (bits);
  if (bits.flag ()) // long-term pictures
    bits.skip (std::size_t (bits.ue (32)) * (order_bits + 1));
  bits.skip (2);
}

/** Section E.2.1. */
void
read_vui (BitReader &bits, Picture &picture)
{
  read_vui_looks (bits, picture);
  bits.skip (3);
  if (bits.flag ()) // default display window
    for (int i = 0; i < 4; ++i)
      bits.ue ();
  picture.frame_rate = read_vui_timing (bits, 1).frame_rate;
}

bool
is_sps_of_base_layer (BitReader &bits)
{
  constexpr unsigned sps_type = 33;
  const bool forbidden = bits.flag ();
  const auto type = bits.take (6), layer = bits.take (6);
  bits.skip (3);
  return !forbidden && type == sps_type && layer == 0;
}

} // namespace

std::optional<H265Sps>
read_h265_sps (ByteView nal)
{
  constexpr unsigned most_sub_layers = 7, most_extra_depth = 8;
  const auto plain = unescape (nal);
  BitReader bits (plain);
  if (!is_sps_of_base_layer (bits))
    return std::nullopt;
  H265Sps out;
  bits.skip (4); // id of the VPS
  out.sub_layers = bits.take (3) + 1;
  out.temporal_nesting = bits.flag ();
  if (out.sub_layers > most_sub_layers)
    return std::nullopt;
  read_profile_tier_level (bits, out);
  bits.ue (15); // id
  const auto picture = read_picture (bits, out.samples, out.coded_pixels);
  out.samples.luma_depth = 8 + bits.ue (most_extra_depth);
  out.samples.chroma_depth = 8 + bits.ue (most_extra_depth);
  const auto order_bits = bits.ue (12) + 4;
  for (auto layers = bits.flag () ? out.sub_layers : 1; layers > 0; --layers) {
    bits.ue ();                   // size of the buffer
    out.reordered = bits.ue (15); // of the highest layer
    bits.ue ();                   // latency
  }
  skip_tools (bits, order_bits);
  const bool has_vui = bits.flag ();
  if (!picture || !bits.ok ())
    return std::nullopt;
  out.picture = *picture;
  if (has_vui)
    read_vui (bits, out.picture);
  return out;
}

} // namespace stagedoor::codecs
