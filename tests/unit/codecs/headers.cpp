// SPDX-License-Identifier: LGPL-2.1-or-later
// What encoders wrote, whole and mutilated.
#include <random>

#include "tests/unit/codecs/read.hpp"
#include "tests/unit/codecs/writer.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::codecs;
using namespace stagedoor::test;

START_TEST (recorded)
{
  for (const auto &recording : recordings) {
    const auto header = read (recording.kind, from_hex (recording.hex));
    ck_assert_msg (header.has_value (), "%s", recording.what);
    const Header expected{recording.picture, recording.samples};
    ck_assert_msg (*header == expected, "%s: %d x %d", recording.what, header->picture.width,
        header->picture.height);
  }
}
END_TEST

/** (Much may be taken for an AV1 header: it has no mark.) */
START_TEST (other_codecs)
{
  for (const auto &recording : recordings)
    for (const auto kind : {Kind::h264, Kind::h265, Kind::vp8, Kind::vp9})
      if (kind != recording.kind)
        ck_assert_msg (!read (kind, from_hex (recording.hex)), "%s", recording.what);
}
END_TEST

/** A cut leaves nothing, or but for the advice in a VUI the same. */
START_TEST (cuts)
{
  for (const auto &recording : recordings) {
    const auto bytes = from_hex (recording.hex);
    const auto whole = read (recording.kind, bytes);
    bool readable = false;
    for (std::size_t n = 0; n < bytes.size (); ++n) {
      const Bytes cut (bytes.begin (), bytes.begin () + static_cast<std::ptrdiff_t> (n));
      const auto header = read (recording.kind, cut);
      ck_assert_msg (header || !readable, "%s, %zu bytes", recording.what, n);
      readable = header.has_value ();
      ck_assert (!readable || recording.kind != Kind::av1);
      ck_assert (n >= 6 || !readable);
      if (!header)
        continue;
      ck_assert (header->samples == whole->samples);
      const auto &[width, height, rate, aspect, colors] = header->picture;
      ck_assert_int_eq (width, whole->picture.width);
      ck_assert_int_eq (height, whole->picture.height);
      ck_assert (!rate || rate == whole->picture.frame_rate);
      ck_assert (!aspect || aspect == whole->picture.pixel_aspect);
      ck_assert (!colors || colors == whole->picture.colors);
    }
  }
}
END_TEST

START_TEST (flipped_bits)
{
  std::mt19937 random (7);
  for (const auto &recording : recordings) {
    const auto bytes = from_hex (recording.hex);
    for (int round = 0; round < 3000; ++round) {
      auto changed = bytes;
      for (auto flips = 1 + random () % 4; flips > 0; --flips) {
        const auto at = random () % (8 * bytes.size ());
        changed[at / 8] = static_cast<std::uint8_t> (changed[at / 8] ^ 1 << at % 8);
      }
      const auto header = read (recording.kind, changed);
      ck_assert_msg (!header || is_bounded (*header), "%s, round %d", recording.what, round);
    }
  }
}
END_TEST

START_TEST (noise)
{
  std::mt19937 random (8);
  for (const auto &recording : recordings)
    for (int round = 0; round < 300; ++round) {
      auto bytes = from_hex (recording.hex);
      bytes.resize (random () % bytes.size ());
      for (auto more = random () % 3000; more > 0; --more)
        bytes.push_back (static_cast<std::uint8_t> (round % 3 == 0 ? 0xff : random ()));
      const auto header = read (recording.kind, bytes);
      ck_assert (!header || is_bounded (*header));
    }
}
END_TEST

START_TEST (profiles)
{
  for (const auto &[what, profile] : {std::pair ("profile 0", 0u), {"profile 1", 1u},
           {"profile 2", 2u}, {"profile 3", 3u}, {"profile 1, RGB", 1u}})
    for (const auto &recording : recordings)
      if (std::string_view (recording.what) == what) {
        const auto header = read_vp9_key_frame (from_hex (recording.hex));
        ck_assert_uint_eq (header->profile, profile);
      }
}
END_TEST

START_TEST (vp9_samples)
{
  struct Case
  {
    const char *profile, *color;
    unsigned depth;
    bool halves_width, halves_height;
    std::optional<Colors> colors;
  };
  for (const auto &[profile, color, depth, width, height, colors] :
      {Case{"00", "000 0", 8, true, true, {}},
          {"00", "000 1", 8, true, true, Colors{2, 2, 2, true}},
          {"00", "001 0", 8, true, true, Colors{5, 6, 5}},
          {"00", "010 0", 8, true, true, Colors{1, 1, 1}},
          {"10", "000 0 00 0", 8, false, false, {}}, {"10", "000 0 10 0", 8, true, false, {}},
          {"10", "000 0 01 0", 8, false, true, {}},
          {"10", "111 0", 8, false, false, Colors{1, 13, 0, true}},
          {"01", "0 101 0", 10, true, true, Colors{9, 2, 9}}, {"01", "1 000 0", 12, true, true, {}},
          {"11 0", "1 011 1 10 0", 12, true, false, Colors{6, 6, 6, true}}}) {
    auto out = BitWriter ().bits ("10").bits (profile).bits ("0 0 10").u (24, 0x498342);
    const auto frame = out.bits (color).u (16, 319).u (16, 239).u (8, 0).bytes ();
    const auto header = read_vp9_key_frame (frame);
    ck_assert_msg (header.has_value (), "%s %s", profile, color);
    ck_assert_int_eq (header->picture.height, 240);
    ck_assert_uint_eq (header->depth, depth);
    ck_assert (header->halves_width == width && header->halves_height == height);
    ck_assert (header->picture.colors == colors);
  }
}
END_TEST

START_TEST (vp9_that_is_no_key_frame)
{
  const auto frame = [] (std::string_view before, std::uint64_t sync, std::string_view colour) {
    auto out =
        BitWriter ().bits (before).u (24, sync).bits (colour).u (16, 319).u (16, 239).u (8, 0);
    return read_vp9_key_frame (out.bytes ()).has_value ();
  };
  ck_assert (frame ("10 00 0 0 10", 0x498342, "001 0"));
  ck_assert (!frame ("11 00 0 0 10", 0x498342, "001 0")); // marker
  ck_assert (!frame ("10 00 1 0 10", 0x498342, "001 0")); // shows another
  ck_assert (!frame ("10 00 0 1 10", 0x498342, "001 0")); // delta
  ck_assert (!frame ("10 00 0 0 10", 0x498343, "001 0")); // sync
  ck_assert (!frame ("10 00 0 0 10", 0x498342, "111"));   // RGB has no place in profile 0
}
END_TEST

START_TEST (vp8_that_is_no_key_frame)
{
  for (const char *bad : {"7167009d012a4201f200", "7067009d012b4201f200", "7067009d012a0000f200",
           "7067009d012a420100c0", "7067009d012a4201f2"})
    ck_assert_msg (!read_vp8_key_frame (from_hex (bad)), "%s", bad);
  const auto scaled = read_vp8_key_frame (from_hex ("7067009d012affffffff"));
  ck_assert (scaled && scaled->width == 16383 && scaled->height == 16383);
}
END_TEST

namespace {

/** A sequence header of a still picture, in an OBU with @p header and what goes between. */
Bytes
still (unsigned header, std::initializer_list<unsigned> between)
{
  BitWriter out;
  out.u (8, header);
  for (const auto byte : between)
    out.u (8, byte);
  return out.bits ("000 1 1 00100").u (4, 7).u (4, 15).u (8, 255).u (16, 65535).u (30, 0).bytes ();
}

} // namespace

START_TEST (obus)
{
  const auto is_read = [] (const Bytes &bytes) {
    const auto picture = read_av1_sequence_header (bytes);
    ck_assert (!picture || (picture->width == 256 && picture->height == 65536));
    return picture.has_value ();
  };
  ck_assert (is_read (still (0x08, {}))); // without a size: all the rest
  ck_assert (is_read (still (0x0a, {9})));
  ck_assert (is_read (still (0x0e, {0xff, 9})));                // with an extension
  ck_assert (is_read (still (0x0a, {0x89, 0x80, 0x80, 0x00}))); // a size with room
  ck_assert (is_read (still (0x12, {0, 0x7a, 1, 0, 0x0a, 9}))); // after other units
  ck_assert (!is_read (still (0x8a, {9})));
  ck_assert (!is_read (still (0x0a, {0x7f})));
  ck_assert (!is_read (still (0x0a, {5})));
  ck_assert (!is_read (still (0x0a, {0})));
  ck_assert (!is_read (still (0x0a, {0x89, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0})));
  ck_assert (!is_read (still (0x0a, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})));
  ck_assert (!is_read (still (0x12, {})));
  ck_assert (!is_read (still (0x22, {9}))); // another sort
  ck_assert (!is_read ({0x12, 0x00}));
}
END_TEST

namespace {

struct Av1Recipe
{
  bool decoder_model = false, initial_delay = false;
  std::optional<std::uint32_t> ticks_minus1 = {}; ///< per picture, if they are all alike
  unsigned points = 1, level = 8;
};

Bytes
write_av1 (const Av1Recipe &recipe)
{
  BitWriter out;
  out.u (8, 0x08).bits ("000 0 0 1").u (32, 1001).u (32, 60000);
  out.u (1, recipe.ticks_minus1.has_value ());
  if (recipe.ticks_minus1 == UINT32_MAX)
    out.u (32, 0).u (1, 1); // nothing follows, unlike in ue(v)
  else if (recipe.ticks_minus1)
    out.ue (*recipe.ticks_minus1);
  out.u (1, recipe.decoder_model);
  if (recipe.decoder_model)
    out.u (5, 9).u (32, 1).u (10, 0);
  out.u (1, recipe.initial_delay).u (5, recipe.points - 1);
  for (unsigned i = 0; i < recipe.points; ++i) {
    out.u (12, 0).u (5, recipe.level).u (recipe.level > 7 ? 1 : 0, 1);
    if (recipe.decoder_model)
      out.u (1, i % 2).u (i % 2 != 0 ? 21 : 0, 0x1fffff);
    if (recipe.initial_delay)
      out.u (1, i % 2).u (i % 2 != 0 ? 4 : 0, 15);
  }
  return out.u (4, 9).u (4, 8).u (10, 639).u (9, 359).bytes ();
}

} // namespace

START_TEST (av1_parts)
{
  for (const bool model : {false, true})
    for (const bool delay : {false, true})
      for (const unsigned level : {7u, 8u})
        for (const unsigned points : {1u, 2u, 32u}) {
          const Av1Recipe recipe{model, delay, 1, points, level};
          const auto picture = read_av1_sequence_header (write_av1 (recipe));
          ck_assert (picture == (Picture{640, 360, Ratio{30000, 1001}, {}}));
        }
  ck_assert (read_av1_sequence_header (write_av1 ({})) == (Picture{640, 360, {}, {}}));
}
END_TEST

START_TEST (av1_rates_without_reason)
{
  for (const std::uint32_t ticks : {0x7fffffffu, 0xfffffffeu, UINT32_MAX}) {
    auto bytes = write_av1 ({.ticks_minus1 = ticks});
    const auto picture = read_av1_sequence_header (bytes);
    ck_assert (picture == (Picture{640, 360, {}, {}}));
    bytes.pop_back ();
    ck_assert (!read_av1_sequence_header (bytes));
  }
}
END_TEST

int
main ()
{
  return run ("headers", {recorded, other_codecs, cuts, flipped_bits, noise, profiles, vp9_samples,
                             vp9_that_is_no_key_frame, vp8_that_is_no_key_frame, obus, av1_parts,
                             av1_rates_without_reason});
}
