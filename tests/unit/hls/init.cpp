// SPDX-License-Identifier: LGPL-2.1-or-later
// Initialization segments, byte by byte where it matters.
#include "tests/unit/hls/boxes.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::hls;
using namespace stagedoor::test;

namespace {

Bytes
init_of (const Track &track)
{
  const auto init = init_segment (track);
  ck_assert_msg (init.has_value (), "%s", init ? "" : init.error ().c_str ());
  return *init;
}

Track
mp3_track ()
{
  return {.codec = Codec::mp3, .timescale = 44100, .channels = 2, .rate = 44100};
}

Track
h264_track ()
{
  return {.codec = Codec::h264,
      .config = spaced_hex ("0142c00dff"),
      .timescale = 90000,
      .picture = {160, 90, {}, {}, {}}};
}

Bytes
entry_of (const Track &track, std::string_view type)
{
  const auto found =
      find_box (init_of (track), {"moov", "trak", "mdia", "minf", "stbl", "stsd", type});
  ck_assert (found.has_value ());
  return *found;
}

bool
ends_with (const Bytes &bytes, const char *hex)
{
  const auto end = spaced_hex (hex);
  return bytes.size () >= end.size () && std::equal (end.rbegin (), end.rend (), bytes.rbegin ());
}

} // namespace

/** All of it, once. */
START_TEST (of_mp3)
{
  const auto init = init_of (mp3_track ());
  const auto expected =
      spaced_hex ("0000001c66747970 69736f36 00000000 69736f36 636d6663 636d6632"
                  "00000231 6d6f6f76"
                  "0000006c 6d766864 00000000 0000000000000000 0000ac44 00000000"
                  "00010000 0100 00000000000000000000"
                  "00010000 00000000 00000000 00000000 00010000 00000000"
                  "00000000 00000000 40000000"
                  "000000000000000000000000000000000000000000000000 00000002"
                  "00000195 7472616b"
                  "0000005c 746b6864 00000007 0000000000000000 00000001"
                  "00000000 00000000 0000000000000000 00000000 0100 0000"
                  "00010000 00000000 00000000 00000000 00010000 00000000"
                  "00000000 00000000 40000000 00000000 00000000"
                  "00000131 6d646961"
                  "00000020 6d646864 00000000 0000000000000000 0000ac44 00000000 55c4 0000"
                  "00000021 68646c72 00000000 00000000 736f756e 000000000000000000000000 00"
                  "000000e8 6d696e66"
                  "00000010 736d6864 00000000 00000000"
                  "00000024 64696e66 0000001c 64726566 00000000 00000001"
                  "0000000c 75726c20 00000001"
                  "000000ac 7374626c"
                  "00000060 73747364 00000000 00000001"
                  "00000050 6d703461 000000000000 0001 0000000000000000 0002 0010 00000000"
                  "ac440000"
                  "0000002c 65736473 00000000"
                  "038080801b 000000 048080800d 6b 15 0000000000000000000000 0680808001 02"
                  "00000010 73747473 00000000 00000000"
                  "00000010 73747363 00000000 00000000"
                  "00000014 7374737a 00000000 00000000 00000000"
                  "00000010 7374636f 00000000 00000000"
                  "00000028 6d766578"
                  "00000020 74726578 00000000 00000001 00000001 00000000 00000000 00000000");
  ck_assert_uint_eq (init.size (), expected.size ());
  for (std::size_t at = 0; at < init.size (); ++at)
    ck_assert_msg (
        init[at] == expected[at], "byte %zu is %02x, not %02x", at, init[at], expected[at]);
}
END_TEST

START_TEST (of_slow_mp3)
{
  auto track = mp3_track ();
  track.rate = 24000;
  const auto esds =
      find_box (init_of (track), {"moov", "trak", "mdia", "minf", "stbl", "stsd", "mp4a", "esds"});
  ck_assert_uint_eq ((*esds)[17], 0x69);
}
END_TEST

START_TEST (of_aac)
{
  const auto entry = entry_of (*read_setup (Codec::aac, spaced_hex ("1190")), "mp4a");
  ck_assert (
      ends_with (entry, "0002 0010 00000000 bb800000 00000033 65736473 00000000"
                        "0380808022 000000 0480808014 40 15 0000000000000000000000 0580808002 1190"
                        "0680808001 02"));
  const auto fast = entry_of (*read_setup (Codec::aac, spaced_hex ("1010")), "mp4a");
  ck_assert (Bytes (fast.begin () + 24, fast.begin () + 28) == Bytes (4)); // 96,000 doesn't fit
}
END_TEST

START_TEST (of_opus)
{
  const auto entry = entry_of (*read_setup (Codec::opus, spaced_hex (opus_head)), "Opus");
  ck_assert (entry
             == spaced_hex ("000000000000 0001 0000000000000000 0002 0010 00000000"
                            "bb800000 00000013 644f7073 00 02 0138 0000bb80 0000 00"));
}
END_TEST

START_TEST (of_h264)
{
  auto track = h264_track ();
  const std::string head =
      "000000000000 0001 00000000000000000000000000000000 00a0 005a 00480000 00480000"
      "00000000 0001 0000000000000000000000000000000000000000000000000000000000000000"
      "0018 ffff 0000000d 61766343 0142c00dff";
  ck_assert (entry_of (track, "avc1") == spaced_hex (head));
  track.picture.pixel_aspect = codecs::Ratio{64, 45};
  ck_assert (
      entry_of (track, "avc1") == spaced_hex (head + " 00000010 70617370 00000040 0000002d"));
  track.picture.pixel_aspect.reset ();
  track.picture.colors = codecs::Colors{9, 16, 10, true};
  ck_assert (entry_of (track, "avc1")
             == spaced_hex (head + " 00000013 636f6c72 6e636c78 0009 0010 000a 80"));
}
END_TEST

START_TEST (boxes_of_other_video)
{
  const auto has = [] (Codec codec, const Bytes &frame, std::string_view entry,
                       std::string_view config) {
    const auto track = read_key_frame (codec, frame);
    return find_box (
               init_of (*track), {"moov", "trak", "mdia", "minf", "stbl", "stsd", entry, config})
           == track->config;
  };
  const auto hevc = h265_stream (recording (Kind::h265, "cropped"));
  ck_assert (has (Codec::h265, hevc, "hvc1", "hvcC"));
  const auto av1 = recording (Kind::av1, "SVT-AV1");
  ck_assert (has (Codec::av1, av1, "av01", "av1C"));
  ck_assert (has (Codec::vp9, recording (Kind::vp9, "profile 2"), "vp09", "vpcC"));
  ck_assert (has (Codec::vp8, recording (Kind::vp8, "VP8"), "vp08", "vpcC"));
  const auto ftyp = find_box (init_of (*read_key_frame (Codec::av1, av1)), {"ftyp"});
  ck_assert (ends_with (*ftyp, "61763031"));
}
END_TEST

/** Width in tkhd, 16.16. */
START_TEST (shown_width)
{
  const auto width = [] (codecs::Ratio aspect) {
    auto track = h264_track ();
    track.picture.pixel_aspect = aspect;
    const auto tkhd = find_box (init_of (track), {"moov", "trak", "tkhd"});
    return Reader (ByteView (*tkhd).subspan (76)).u32 ();
  };
  constexpr std::uint32_t one = 65536;
  ck_assert_uint_eq (width ({1, 1}), 160 * one);
  ck_assert_uint_eq (width ({3, 2}), 240 * one);
  ck_assert_uint_eq (width ({1, 3}), 160 * one / 3);
  ck_assert_uint_eq (width ({INT32_MAX, 1}), 160 * one);
  ck_assert_uint_eq (width ({1, INT32_MAX}), 160 * one);
}
END_TEST

START_TEST (refused)
{
  const auto error = [] (const Track &track) {
    const auto init = init_segment (track);
    ck_assert (!init);
    return init.error ();
  };
  auto track = h264_track ();
  track.timescale = 0;
  assert_text (error (track), "the timescale is 0");
  track = h264_track ();
  track.config.clear ();
  assert_text (error (track), "the codec's setup is missing, or is one that MP3 doesn't have");
  track.config.resize (max_setup + 1);
  assert_text (error (track), "the codec's setup is larger than 65536 bytes");
  for (const auto &[width, height] :
      {std::pair (0, 90), {160, 0}, {-1, 90}, {160, -1}, {65536, 90}, {160, 65536}}) {
    track = h264_track ();
    track.picture.width = width;
    track.picture.height = height;
    assert_text (error (track), "a side of the picture isn't within 1 and 65535");
  }
  for (const auto aspect : {codecs::Ratio{0, 1}, {1, 0}, {-1, 1}, {1, -1}}) {
    track = h264_track ();
    track.picture.pixel_aspect = aspect;
    assert_text (error (track), "the pixel aspect isn't positive");
  }
  for (const auto &[rate, channels] : {std::pair (0u, 2u), {44100u, 0u}, {44100u, 256u}}) {
    track = mp3_track ();
    track.rate = rate;
    track.channels = channels;
    assert_text (error (track), "rate or number of channels is missing");
  }
  track = mp3_track ();
  track.config = {1};
  assert_text (error (track), "the codec's setup is missing, or is one that MP3 doesn't have");
}
END_TEST

START_TEST (largest)
{
  auto track = h264_track ();
  track.config.resize (max_setup);
  track.picture.width = track.picture.height = 65535;
  track.timescale = UINT32_MAX;
  ck_assert (init_segment (track).has_value ());
}
END_TEST

int
main ()
{
  return run ("init", {of_mp3, of_slow_mp3, of_aac, of_opus, of_h264, boxes_of_other_video,
                          shown_width, refused, largest});
}
