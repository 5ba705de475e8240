// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/unit/codecs/writer.hpp"

#include <algorithm>

namespace stagedoor::test {
namespace {

void
write_crop (BitWriter &out, const SpsRecipe &recipe)
{
  out.u (1, recipe.crop.has_value ());
  if (recipe.crop)
    for (const auto side : *recipe.crop)
      out.ue (side);
}

void
write_aspect (BitWriter &out, const VuiRecipe &vui)
{
  out.u (1, vui.aspect_idc.has_value ());
  if (!vui.aspect_idc)
    return;
  out.u (8, *vui.aspect_idc);
  if (*vui.aspect_idc == 255)
    out.u (16, vui.aspect_num).u (16, vui.aspect_den);
}

void
write_vui (BitWriter &out, const SpsRecipe &recipe, bool h265)
{
  out.u (1, recipe.vui.has_value ());
  if (!recipe.vui)
    return;
  const auto &vui = *recipe.vui;
  write_aspect (out, vui);
  if (vui.everything_before_timing)
    out.bits ("1 1  1 101 0 1").u (24, 0x010101).bits ("1").ue (1).ue (5);
  else
    out.bits ("0 0 0");
  if (h265) {
    out.bits ("0 0 0").u (1, vui.default_display_window);
    if (vui.default_display_window)
      out.ue (3).ue (4).ue (5).ue (6);
  }
  out.u (1, vui.units_and_scale.has_value ());
  if (vui.units_and_scale)
    out.u (32, vui.units_and_scale->first).u (32, vui.units_and_scale->second);
  if (vui.units_and_scale) // poc_proportional and HRD; fixed_frame_rate
    out.bits (h265 ? "00" : "1");
  out.bits (h265 ? "0" : "0000");
}

/** Each sort of list in turn: none, flat after a while, all of it, the default one. */
void
write_h264_lists (BitWriter &out, int count)
{
  for (int i = 0; i < count; ++i) {
    out.u (1, i % 4 != 0);
    const int size = i < 6 ? 16 : 64;
    if (i % 4 == 1)
      out.se (8).se (-16); // 16, 0: the rest is 16
    if (i % 4 == 2)
      for (int k = 0; k < size; ++k)
        out.se (k % 2 == 0 ? 120 : -100);
    if (i % 4 == 3)
      out.se (-8);
  }
}

void
write_h265_lists (BitWriter &out)
{
  for (int size = 0; size < 4; ++size)
    for (int matrix = 0; matrix < 6; matrix += size == 3 ? 3 : 1) {
      const bool own = matrix % 3 == 0;
      out.u (1, own);
      if (!own)
        out.ue (1);
      for (int k = 0; own && k < std::min (64, 16 << (2 * size)) + (size > 1); ++k)
        out.se (k % 2 == 0 ? 100 : -100);
    }
}

void
write_profile_tier_level (BitWriter &out, unsigned sub_layers)
{
  out.u (8, 1).u (32, 0x60000000).u (48, 0x900000000000).u (8, 93);
  for (unsigned i = 1; i < sub_layers; ++i)
    out.u (1, i % 2).u (1, i % 3 == 0);
  if (sub_layers > 1)
    out.u (2 * (9 - sub_layers), 0);
  for (unsigned i = 1; i < sub_layers; ++i)
    out.u (i % 2 != 0 ? 64 : 0, 0).u (i % 2 != 0 ? 24 : 0, 1).u (i % 3 == 0 ? 8 : 0, 90);
}

void
write_h265_tools (BitWriter &out, const SpsRecipe &recipe)
{
  out.ue (0).ue (3).ue (0).ue (3).ue (1).ue (1);
  out.u (1, recipe.scaling_lists);
  if (recipe.scaling_lists) {
    out.u (1, 1);
    write_h265_lists (out);
  }
  out.bits ("1 1").u (1, recipe.pcm);
  if (recipe.pcm)
    out.bits ("0111 0111").ue (0).ue (2).u (1, 1);
  out.ue (recipe.picture_sets.size ());
  for (const auto write : recipe.picture_sets)
    out = write (out);
  out.u (1, recipe.long_term > 0);
  if (recipe.long_term > 0)
    out.ue (recipe.long_term);
  for (unsigned i = 0; i < recipe.long_term; ++i)
    out.u (8, i).u (1, 1);
  out.bits ("1 1");
}

} // namespace

Bytes
BitWriter::nal () const
{
  auto copy = *this;
  copy.u (1, 1);
  Bytes out;
  int zeros = 0;
  for (const auto byte : copy.out_) {
    if (zeros >= 2 && byte <= 3) {
      out.push_back (3);
      zeros = 0;
    }
    out.push_back (byte);
    zeros = byte == 0 ? zeros + 1 : 0;
  }
  return out;
}

Bytes
write_h264 (const SpsRecipe &recipe)
{
  BitWriter out;
  out.u (8, 0x67).u (8, recipe.profile).u (8, 0).u (8, 40).ue (0);
  if (recipe.profile >= 100) {
    out.ue (recipe.chroma);
    if (recipe.chroma == 3)
      out.u (1, recipe.separate_planes);
    out.ue (recipe.extra_depth).ue (recipe.extra_depth).u (1, 0).u (1, recipe.scaling_lists);
    if (recipe.scaling_lists)
      write_h264_lists (out, recipe.chroma == 3 ? 12 : 8);
  }
  out.ue (4).ue (recipe.order_type);
  if (recipe.order_type == 0)
    out.ue (4);
  if (recipe.order_type == 1)
    out.u (1, 0).se (-3).se (70000).ue (3).se (1).se (-1000).se (0);
  out.ue (4).u (1, 0).ue (recipe.width - 1).ue (recipe.height - 1).u (1, recipe.frames_only);
  if (!recipe.frames_only)
    out.u (1, 1);
  out.u (1, 1);
  write_crop (out, recipe);
  write_vui (out, recipe, false);
  return out.nal ();
}

Bytes
write_h265 (const SpsRecipe &recipe)
{
  BitWriter out;
  out.u (16, 0x4201).u (4, 0).u (3, recipe.sub_layers - 1).u (1, 1);
  write_profile_tier_level (out, recipe.sub_layers);
  out.ue (0).ue (recipe.chroma);
  if (recipe.chroma == 3)
    out.u (1, recipe.separate_planes);
  out.ue (recipe.width).ue (recipe.height);
  write_crop (out, recipe);
  out.ue (recipe.extra_depth).ue (recipe.extra_depth).ue (4).u (1, recipe.layers_apart);
  for (auto layers = recipe.layers_apart ? recipe.sub_layers : 1; layers > 0; --layers)
    out.ue (15).ue (2).ue (0);
  write_h265_tools (out, recipe);
  write_vui (out, recipe, true);
  out.u (1, 0); // no extension
  return out.nal ();
}

} // namespace stagedoor::test
