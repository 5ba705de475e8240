// SPDX-License-Identifier: LGPL-2.1-or-later
// Setups of codecs, whole, mutilated and made up, and the names that follow from them.
#include <random>

#include "tests/unit/hls/boxes.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::hls;
using namespace stagedoor::test;

namespace {

struct Setup
{
  Codec codec;
  Bytes bytes;
  std::size_t optional = 0; ///< bytes at the end that may be missing
};

Bytes
config_of (Codec codec, const Bytes &frame)
{
  const auto track = read_key_frame (codec, frame);
  ck_assert_msg (track.has_value (), "%s", track ? "" : track.error ().c_str ());
  return track->config;
}

std::vector<Setup>
setups ()
{
  std::vector<Setup> out{{Codec::aac, from_hex ("1190")}, {Codec::aac, from_hex ("2b118800"), 1},
      {Codec::opus, from_hex (opus_head)},
      {Codec::opus, from_hex ("4f707573486561640106380180bb00000000010402000401020305")}};
  for (const auto &one : recordings) {
    const auto header = from_hex (one.hex);
    if (one.kind == Kind::h264) // the extension for high profiles isn't always written
      out.push_back ({Codec::h264, config_of (Codec::h264, h264_stream (header)), 4});
    if (one.kind == Kind::h265)
      out.push_back ({Codec::h265, config_of (Codec::h265, h265_stream (header))});
    if (one.kind == Kind::av1)
      out.push_back ({Codec::av1, config_of (Codec::av1, header)});
  }
  return out;
}

std::string
name_of (Codec codec, const char *config)
{
  return codec_string ({.codec = codec, .config = from_hex (config)});
}

} // namespace

START_TEST (pictures_and_timescales)
{
  for (const auto &one : recordings) {
    const auto header = from_hex (one.hex);
    const auto track = one.kind == Kind::h264   ? read_key_frame (Codec::h264, h264_stream (header))
                       : one.kind == Kind::h265 ? read_key_frame (Codec::h265, h265_stream (header))
                       : one.kind == Kind::av1  ? read_key_frame (Codec::av1, header)
                       : one.kind == Kind::vp8  ? read_key_frame (Codec::vp8, header)
                                                : read_key_frame (Codec::vp9, header);
    ck_assert_msg (track.has_value (), "%s", one.what);
    ck_assert_uint_eq (track->timescale, 90000);
    ck_assert_int_eq (track->picture.width, one.picture.width);
    ck_assert_int_eq (track->picture.height, one.picture.height);
    ck_assert (track->picture.pixel_aspect == one.picture.pixel_aspect);
    ck_assert_msg (init_segment (*track).has_value (), "%s", one.what);
    ck_assert (!codec_string (*track).empty ());
  }
}
END_TEST

START_TEST (setups_read_again_are_the_same)
{
  for (const auto &[codec, bytes, optional] : setups ()) {
    const auto track = read_setup (codec, bytes);
    ck_assert (track.has_value ());
    ck_assert (codec == Codec::opus || track->config == bytes);
    ck_assert (track->timescale != 0);
  }
}
END_TEST

START_TEST (sound)
{
  const auto aac = read_setup (Codec::aac, from_hex ("1190"));
  ck_assert_uint_eq (aac->rate, 48000);
  ck_assert_uint_eq (aac->timescale, 48000);
  ck_assert_uint_eq (aac->channels, 2);
  assert_text (codec_string (*aac), "mp4a.40.2");
  const auto he = read_setup (Codec::aac, from_hex ("2b118800")); // 24,000 Hz, SBR to 48,000
  ck_assert_uint_eq (he->rate, 48000);
  assert_text (codec_string (*he), "mp4a.40.5");
  const auto he2 = read_setup (Codec::aac, from_hex ("eb098800"));
  ck_assert_uint_eq (he2->channels, 2);
  assert_text (codec_string (*he2), "mp4a.40.29");
  const auto opus = read_setup (Codec::opus, from_hex (opus_head));
  ck_assert_uint_eq (opus->timescale, 48000);
  ck_assert (opus->config == from_hex ("000201380000bb80000000"));
  assert_text (codec_string (*opus), "opus");
  const auto mp3 = read_key_frame (Codec::mp3, from_hex ("fffb9064"));
  ck_assert_uint_eq (mp3->rate, 44100);
  ck_assert_uint_eq (mp3->channels, 2);
  assert_text (codec_string (*mp3), "mp4a.40.34");
  const auto slow = read_key_frame (Codec::mp3, from_hex ("fff384c4"));
  ck_assert_uint_eq (slow->rate, 24000);
  ck_assert_uint_eq (slow->channels, 1);
}
END_TEST

START_TEST (names_of_video)
{
  assert_text (name_of (Codec::h264, "0142c00d"), "avc1.42c00d");
  assert_text (name_of (Codec::h264, "01640028"), "avc1.640028");
  assert_text (name_of (Codec::h265, "01016000000090000000000078"), "hvc1.1.6.L120.90");
  assert_text (name_of (Codec::h265, "0122200000000000000000005d"), "hvc1.2.4.H93");
  assert_text (name_of (Codec::h265, "016101000000b0000000000050"), "hvc1.A1.80.H80.B0");
}
END_TEST

START_TEST (names_of_other_video)
{
  assert_text (name_of (Codec::av1, "81044c00"), "av01.0.04M.10");
  assert_text (name_of (Codec::av1, "812de000"), "av01.1.13H.12");
  assert_text (name_of (Codec::vp9, "01000000001f80020202"), "vp09.00.31.08");
  assert_text (name_of (Codec::vp9, "010000000229a2020202"), "vp09.02.41.10");
  assert_text (name_of (Codec::vp8, "01000000000080020202"), "vp08.00.00.08");
  for (const auto codec : {Codec::h264, Codec::h265, Codec::av1, Codec::vp9, Codec::vp8})
    assert_text (name_of (codec, "010203"), "");
}
END_TEST

START_TEST (levels_of_vp9)
{
  const auto level = [] (std::string_view what) {
    return codec_string (*read_key_frame (Codec::vp9, recording (Kind::vp9, what)));
  };
  assert_text (level ("profile 0"), "vp09.00.21.08");
  assert_text (level ("profile 2"), "vp09.02.31.10");
  assert_text (level ("profile 3"), "vp09.03.41.12");
}
END_TEST

/** Nothing that was cut is taken for whole. */
START_TEST (cuts)
{
  for (const auto &[codec, bytes, optional] : setups ())
    for (std::size_t n = 0; n < bytes.size (); ++n) {
      const auto track = read_setup (codec, ByteView (bytes).first (n));
      ck_assert_msg (!track || n + optional >= bytes.size (), "codec %d, %zu of %zu bytes",
          static_cast<int> (codec), n, bytes.size ());
      ck_assert (track || !track.error ().empty ());
    }
}
END_TEST

START_TEST (flipped_bits)
{
  std::mt19937 random (11);
  for (const auto &[codec, bytes, optional] : setups ())
    for (int round = 0; round < 300; ++round) {
      auto changed = bytes;
      for (auto flips = 1 + random () % 4; flips > 0; --flips) {
        const auto at = random () % (8 * bytes.size ());
        changed[at / 8] = static_cast<std::uint8_t> (changed[at / 8] ^ 1 << at % 8);
      }
      const auto track = read_setup (codec, changed);
      if (!track)
        continue;
      ck_assert (!codec_string (*track).empty ());
      const auto init = init_segment (*track);
      ck_assert (init || track->picture.width > 65535 || track->picture.height > 65535);
    }
}
END_TEST

START_TEST (too_large)
{
  for (const auto &[codec, bytes, optional] : setups ()) {
    auto large = bytes;
    large.resize (max_setup + 1);
    const auto track = read_setup (codec, large);
    ck_assert (!track);
    assert_text (track.error (), "the codec's setup is larger than 65536 bytes");
  }
}
END_TEST

START_TEST (incomplete)
{
  const auto sps = recording (Kind::h264, "baseline");
  const auto refuses = [] (Codec codec, const Bytes &bytes) {
    return !read_setup (codec, bytes);
  };
  const auto head = from_hex ("0142c00dff");
  const auto length = Bytes{0, static_cast<std::uint8_t> (sps.size ())};
  const auto pps = from_hex ("01000468ebe3cb");
  ck_assert (!refuses (Codec::h264, joined ({head, from_hex ("e1"), length, sps, pps})));
  ck_assert (refuses (Codec::h264, joined ({head, from_hex ("e1"), length, sps, from_hex ("00")})));
  ck_assert (refuses (Codec::h264, joined ({head, from_hex ("e0"), pps})));
  ck_assert (
      refuses (Codec::h264, joined ({from_hex ("0142c00dfe"), from_hex ("e1"), length, sps, pps})));
  for (const char *bad : {"", "00", "81", "81040c00", "80040c000a0b000000043d07c4daf90040",
           "81040c00080b000000043d07c4daf90040", "81040c0012000a0b00000004"})
    ck_assert_msg (refuses (Codec::av1, from_hex (bad)), "%s", bad);
  for (const char *bad : {"", "11", "0190", "1780", "1180", "f800", "1f80000000"})
    ck_assert_msg (refuses (Codec::aac, from_hex (bad)), "%s", bad);
}
END_TEST

START_TEST (bad_opus)
{
  const auto refuses = [] (const std::string &rest) {
    return !read_setup (Codec::opus, from_hex ("4f70757348656164" + rest));
  };
  ck_assert (!refuses ("0101000080bb0000000000"));
  ck_assert (refuses ("1001000080bb0000000000"));         // version
  ck_assert (refuses ("0100000080bb0000000000"));         // channels
  ck_assert (refuses ("0103000080bb0000000000"));         // too many without a mapping
  ck_assert (refuses ("0102000080bb0000000001"));         // no mapping
  ck_assert (refuses ("0102000080bb000000000100000001")); // no streams
  ck_assert (refuses ("0102000080bb000000000101020001")); // more coupled than streams
  ck_assert (refuses ("0102000080bb000000000101010002")); // a stream that isn't there
  ck_assert (!refuses ("0102000080bb0000000001010100ff"));
  ck_assert (refuses ("0109000080bb000000000101010000000000000000000000")); // Vorbis has 8 at most
  ck_assert (!refuses ("0109000080bb00000000ff0101000000000000000000"));
}
END_TEST

START_TEST (frames_that_tell_nothing)
{
  for (const auto codec : {Codec::h264, Codec::h265, Codec::av1, Codec::vp9, Codec::vp8, Codec::aac,
           Codec::opus, Codec::mp3})
    for (const char *bad : {"", "00", "0000000167", "ffffffff", "12000a00"})
      ck_assert_msg (
          !read_key_frame (codec, from_hex (bad)), "%d %s", static_cast<int> (codec), bad);
  for (const auto codec : {Codec::vp9, Codec::vp8, Codec::mp3})
    ck_assert (!read_setup (codec, from_hex ("1190")));
  auto vp9 = recording (Kind::vp9, "profile 1");
  ck_assert (read_key_frame (Codec::vp9, vp9));
  vp9[4] = 0x04; // 4:4:0
  ck_assert (!read_key_frame (Codec::vp9, vp9));
}
END_TEST

/** As h265parse writes it for hev1, and as it was before the standard was ready. */
START_TEST (hevc_is_made_complete)
{
  const auto whole =
      config_of (Codec::h265, h265_stream (recording (Kind::h265, "1080 is a multiple of 8")));
  auto other = whole;
  other[0] = 0;
  std::size_t at = 23;
  for (int array = 0; array < 3; ++array) {
    ck_assert_uint_eq (other[at], 0xa0 + array);
    other[at] = static_cast<std::uint8_t> (0x20 + array);
    at += 5 + (other[at + 3] << 8 | other[at + 4]);
  }
  ck_assert_uint_eq (at, other.size ());
  ck_assert (read_setup (Codec::h265, other)->config == whole);
}
END_TEST

int
main ()
{
  return run (
      "setup", {pictures_and_timescales, setups_read_again_are_the_same, sound, names_of_video,
                   names_of_other_video, levels_of_vp9, cuts, flipped_bits, too_large, incomplete,
                   bad_opus, frames_that_tell_nothing, hevc_is_made_complete});
}
