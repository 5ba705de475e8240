// SPDX-License-Identifier: LGPL-2.1-or-later
// Parameter sets with the parts that no encoder at hand writes, and with values beyond reason.
#include "libs/codecs/sps.hpp"

#include "tests/unit/codecs/recorded.hpp"
#include "tests/unit/codecs/writer.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::codecs;
using namespace stagedoor::test;

namespace {

void
assert_picture (const std::optional<Picture> &picture, int width, int height)
{
  ck_assert (picture.has_value ());
  ck_assert_int_eq (picture->width, width);
  ck_assert_int_eq (picture->height, height);
}

std::optional<Picture>
h264 (const SpsRecipe &recipe)
{
  const auto sps = read_h264_sps (write_h264 (recipe));
  return sps ? std::optional (sps->picture) : std::nullopt;
}

std::optional<Picture>
h265 (SpsRecipe recipe)
{
  const auto sps = read_h265_sps (write_h265 (recipe));
  return sps ? std::optional (sps->picture) : std::nullopt;
}

const SpsRecipe hd{.width = 1920, .height = 1088};

} // namespace

START_TEST (h264_parts)
{
  assert_picture (h264 ({}), 320, 240);
  assert_picture (h264 ({.profile = 66}), 320, 240);
  assert_picture (h264 ({.profile = 77, .frames_only = false}), 320, 480);
  for (const unsigned profile : {100u, 110u, 122u, 244u, 118u, 128u, 138u, 139u, 134u, 135u})
    assert_picture (h264 ({.profile = profile, .scaling_lists = true}), 320, 240);
  assert_picture (h264 ({.profile = 244, .chroma = 3, .scaling_lists = true}), 320, 240);
  for (const unsigned type : {0u, 1u, 2u})
    assert_picture (h264 ({.order_type = type}), 320, 240);
  assert_picture (h264 ({.width = 4096, .height = 4096}), 65536, 65536);
}
END_TEST

START_TEST (h265_parts)
{
  assert_picture (h265 (hd), 1920, 1088);
  for (unsigned layers = 1; layers <= 7; ++layers)
    for (const bool apart : {false, true}) {
      auto recipe = hd;
      recipe.sub_layers = layers;
      recipe.layers_apart = apart;
      const auto sps = read_h265_sps (write_h265 (recipe));
      ck_assert (sps.has_value ());
      ck_assert_uint_eq (sps->sub_layers, layers);
      ck_assert (sps->temporal_nesting);
      const std::array<std::uint8_t, 12> general{1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93};
      ck_assert (sps->profile_tier_level == general);
      assert_picture (sps->picture, 1920, 1088);
    }
  auto recipe = hd;
  recipe.scaling_lists = recipe.pcm = true;
  recipe.long_term = 32;
  recipe.extra_depth = 2;
  recipe.vui = VuiRecipe{.aspect_idc = 14, .units_and_scale = {{1, 50}}};
  const auto sps = read_h265_sps (write_h265 (recipe));
  ck_assert (sps.has_value ());
  ck_assert (sps->samples == (SampleFormat{1, 10, 10}));
  ck_assert (sps->picture.frame_rate == (Ratio{50, 1}));
}
END_TEST

/** If one bit of the sets were misread, the rate behind them would be another. */
START_TEST (h265_picture_sets)
{
  auto recipe = hd;
  recipe.vui = VuiRecipe{.units_and_scale = {{1001, 60000}}};
  recipe.picture_sets = {
      [] (BitWriter out) { // -1, -3; +2
        return out.ue (2).ue (1).ue (0).u (1, 1).ue (1).u (1, 0).ue (1).u (1, 1);
      },
      [] (BitWriter out) { // from that by +1: 0 is left out, -2, +3, and +1
        return out.u (1, 1).u (1, 0).ue (0).bits ("1 01 1 1");
      },
      [] (BitWriter out) { // -2, +1, +3 by -1: -3, -, +2, -1
        return out.u (1, 1).u (1, 1).ue (0).bits ("1 1 01 1");
      },
      [] (BitWriter out) { // -1, -3, +2; nothing of it
        return out.u (1, 1).u (1, 1).ue (6).bits ("00 00 00 00");
      },
      [] (BitWriter out) { // from nothing by -8
        return out.u (1, 1).u (1, 1).ue (7).bits ("1");
      },
      [] (BitWriter out) { // from -8
        return out.u (1, 1).u (1, 1).ue (7).bits ("00 00");
      },
      [] (BitWriter out) { // none
        return out.u (1, 0).ue (0).ue (0);
      },
  };
  const auto picture = h265 (recipe);
  assert_picture (picture, 1920, 1088);
  ck_assert (picture->frame_rate == (Ratio{60000, 1001}));
}
END_TEST

/** As x264 and x265 write them. */
START_TEST (how_many_frames_are_reordered)
{
  struct Case
  {
    const char *sps;
    unsigned reordered;
  };
  constexpr Case h264s[]{{"6764000dacd94141fb0110000003001000000303c0f1429960", 2},
      {"67640014acd94141fb0110000003001000000303c604000f424001e84e4c30078a14cb", 2}, // with HRD
      {"6764000dacb20283f60220000003002000000781e28549", 0},
      {"6742c00dd90141fb0110000003001000000303c0f142a480", 0},
      {"67640015acb202820f970110000003001000000303c604000f424001e84e4c30078b1724", 0}};
  for (const auto &[hex, reordered] : h264s) {
    const auto sps = read_h264_sps (from_hex (hex));
    ck_assert (sps.has_value ());
    ck_assert (sps->reordered == reordered);
  }
  ck_assert (!read_h264_sps (write_h264 ({}))->reordered.has_value ());
  ck_assert (read_h264_sps (write_h264 ({.order_type = 2}))->reordered == 0u);
  constexpr Case h265s[]{
      {"42010101600000030090000003000003003ca00a080f16592a4932bc05a020000003002000000303c1", 0},
      {"42010101600000030090000003000003003ca00a080f16595924932bc05a020000030002000003003c10", 2}};
  for (const auto &[hex, reordered] : h265s) {
    const auto sps = read_h265_sps (from_hex (hex));
    ck_assert (sps.has_value ());
    ck_assert_uint_eq (sps->reordered, reordered);
  }
}
END_TEST

START_TEST (cropping)
{
  struct Case
  {
    unsigned chroma;
    bool separate;
    int width, height;
  };
  for (const auto &[chroma, separate, width, height] : {Case{0, false, 317, 233},
           {1, false, 314, 226}, {2, false, 314, 233}, {3, false, 317, 233}, {3, true, 317, 233}}) {
    SpsRecipe recipe{.profile = 244, .chroma = chroma, .separate_planes = separate};
    recipe.crop = {1, 2, 3, 4};
    assert_picture (h264 (recipe), width, height);
    recipe.frames_only = false; // twice as high, cut in lines of both fields
    assert_picture (h264 (recipe), width, 2 * height);
    recipe.width = 320, recipe.height = 240;
    assert_picture (h265 (recipe), width, height);
  }
}
END_TEST

START_TEST (cropped_away)
{
  for (const std::vector<std::uint64_t> &crop :
      std::initializer_list<std::vector<std::uint64_t>>{{160, 0, 0, 0}, {80, 80, 0, 0},
          {0, 0, 60, 60}, {0, 0, 0, 120}, {UINT32_MAX - 1, 0, 0, 0}, {0, UINT32_MAX - 1, 0, 0},
          {UINT32_MAX - 1, UINT32_MAX - 1, 0, 0}, {0x80000000, 0x80000000, 0, 0},
          {0, 0, 0x80000000, 0x80000000}}) {
    SpsRecipe recipe;
    recipe.crop = crop;
    ck_assert (!h264 (recipe));
    recipe.width = 320, recipe.height = 240;
    ck_assert (!h265 (recipe));
  }
}
END_TEST

START_TEST (oversized)
{
  for (const std::uint64_t side : {4097ull, 65536ull, 0x10000000ull, 0x0ffffffffull}) {
    ck_assert (!h264 ({.width = side}));
    ck_assert (!h264 ({.height = side}));
    ck_assert (!h265 ({.width = side * 17}));
    ck_assert (!h265 ({.height = side * 17}));
  }
  ck_assert (!h264 ({.frames_only = false, .height = 4096})); // twice as high
  ck_assert (!h265 ({.width = 0}));
  ck_assert (!h265 ({.height = 0}));
  for (const unsigned chroma : {4u, 1000u}) {
    ck_assert (!h264 ({.chroma = chroma}));
    ck_assert (!h265 ({.chroma = chroma}));
  }
  ck_assert (!h264 ({.extra_depth = 7}));
  ck_assert (!h265 ({.extra_depth = 9}));
  ck_assert (!h264 ({.order_type = 3}));
  ck_assert (!h265 ({.sub_layers = 8}));
  ck_assert (!h265 ({.width = 320, .height = 240, .long_term = 33}));
}
END_TEST

START_TEST (too_many_pictures)
{
  const auto with = [] (std::vector<BitWriter (*) (BitWriter)> sets) {
    auto recipe = hd;
    recipe.picture_sets = std::move (sets);
    return h265 (recipe).has_value ();
  };
  const auto many = [] (BitWriter out) {
    out.ue (16).ue (0);
    for (int i = 0; i < 16; ++i)
      out.ue (0).u (1, 1);
    return out;
  };
  const auto one_more = [] (BitWriter out) { // all of those before, and another
    return out.u (1, 1).u (1, 1).ue (0).u (17, 0x1ffff);
  };
  const auto on_both_sides = [] (BitWriter out) {
    out.ue (9).ue (9);
    for (int i = 0; i < 18; ++i)
      out.ue (0).u (1, 1);
    return out;
  };
  ck_assert (with ({many}));
  ck_assert (!with ({many, one_more}));
  ck_assert (!with ({on_both_sides}));
  ck_assert (!with ({[] (BitWriter out) {
    return out.ue (17).ue (0);
  }}));
  ck_assert (!with ({[] (BitWriter out) {
    return out.ue (1).ue (0).ue (0x8000).u (1, 1);
  }}));
  std::vector<BitWriter (*) (BitWriter)> sets (
      64, [] (BitWriter out) { return out.u (1, 0).ue (0).ue (0); });
  sets[0] = many;
  ck_assert (with (sets));
  sets.push_back (sets[1]);
  ck_assert (!with (sets));
}
END_TEST

START_TEST (usability_information)
{
  const std::vector<Ratio> table{{1, 1}, {12, 11}, {10, 11}, {16, 11}, {40, 33}, {24, 11}, {20, 11},
      {32, 11}, {80, 33}, {18, 11}, {15, 11}, {64, 33}, {160, 99}, {4, 3}, {3, 2}, {2, 1}};
  const auto check = [] (const VuiRecipe &vui, std::optional<Ratio> aspect,
                         std::optional<Ratio> ticks) {
    auto recipe = hd;
    recipe.vui = vui;
    const auto hevc = h265 (recipe);
    recipe.width = 20, recipe.height = 15;
    const auto avc = h264 (recipe);
    ck_assert (avc && hevc);
    ck_assert (avc->pixel_aspect == aspect && hevc->pixel_aspect == aspect);
    const auto colors =
        vui.everything_before_timing ? std::optional (Colors{1, 1, 1}) : std::nullopt;
    ck_assert (avc->colors == colors && hevc->colors == colors);
    ck_assert (hevc->frame_rate == ticks);
    ck_assert (avc->frame_rate == (ticks ? make_ratio (ticks->num, ticks->den * 2ull) : ticks));
  };
  for (unsigned idc = 0; idc < 256; ++idc)
    for (const bool everything : {false, true})
      check ({.aspect_idc = idc,
                 .everything_before_timing = everything,
                 .default_display_window = everything,
                 .units_and_scale = {{1001, 60000}}},
          idc > 0 && idc <= table.size () ? std::optional (table[idc - 1]) : std::nullopt,
          Ratio{60000, 1001});
  check ({.aspect_idc = 255, .aspect_num = 640, .aspect_den = 450}, Ratio{64, 45}, {});
  check ({.aspect_idc = 255, .aspect_num = 0, .aspect_den = 1}, {}, {});
  check ({.aspect_idc = 255, .aspect_num = 1, .aspect_den = 0}, {}, {});
  check ({}, {}, {});
}
END_TEST

START_TEST (rates_without_reason)
{
  const auto rate = [] (std::uint32_t units, std::uint32_t scale) {
    SpsRecipe recipe;
    recipe.vui = VuiRecipe{.units_and_scale = {{units, scale}}};
    const auto picture = h264 (recipe);
    ck_assert (picture.has_value ());
    return picture->frame_rate;
  };
  ck_assert (!rate (0, 60));
  ck_assert (!rate (1, 0));
  ck_assert (!rate (0, 0));
  ck_assert (!rate (UINT32_MAX, 1));
  ck_assert (!rate (1, UINT32_MAX));
  ck_assert (rate (1, 0xfffffffe) == (Ratio{0x7fffffff, 1}));
  ck_assert (rate (UINT32_MAX, UINT32_MAX) == (Ratio{1, 2}));
  ck_assert (rate (0x80000000, 0x80000000) == (Ratio{1, 2}));
}
END_TEST

START_TEST (other_units)
{
  auto avc = write_h264 ({}), hevc = write_h265 (hd);
  const auto avc_with = [&] (unsigned header) {
    avc[0] = static_cast<std::uint8_t> (header);
    return read_h264_sps (avc).has_value ();
  };
  const auto hevc_with = [&] (unsigned header) {
    put_u16 (hevc.data (), static_cast<std::uint16_t> (header));
    return read_h265_sps (hevc).has_value ();
  };
  ck_assert (avc_with (0x27));
  ck_assert (!avc_with (0xe7)); // the forbidden bit
  ck_assert (!avc_with (0x68)); // PPS
  ck_assert (!avc_with (0x6f)); // subset
  ck_assert (hevc_with (0x4201));
  ck_assert (!hevc_with (0xc201));
  ck_assert (!hevc_with (0x4401));
  ck_assert (!hevc_with (0x4209)); // layers 1 and 32
  ck_assert (!hevc_with (0x4301));
}
END_TEST

int
main ()
{
  return run ("sps", {h264_parts, h265_parts, h265_picture_sets, how_many_frames_are_reordered,
                         cropping, cropped_away, oversized, too_many_pictures,
                         usability_information, rates_without_reason, other_units});
}
