// SPDX-License-Identifier: LGPL-2.1-or-later
// Caps from codec setups, good and broken.
#include "gst-plugins/common/gate/codec_caps.hpp"

#include "tests/check/gate/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using namespace stagedoor::gate;
using rtmp::AudioCodec;
using rtmp::VideoCodec;

namespace {

Bytes
from_hex (std::string_view hex)
{
  Bytes out;
  for (std::size_t i = 0; i + 1 < hex.size (); i += 2)
    out.push_back (
        static_cast<std::uint8_t> (std::stoi (std::string (hex.substr (i, 2)), nullptr, 16)));
  return out;
}

void
assert_caps (GstCaps *caps, const char *wanted)
{
  const auto expected = adopt (gst_caps_from_string (wanted));
  const String text (gst_caps_to_string (caps));
  ck_assert_msg (gst_caps_is_subset (caps, expected.get ()), "%s isn't %s", text.get (), wanted);
}

/** Every shorter one must be refused, or at least harmless, and so must one with any byte changed.
 */
template <class Setup>
void
mutilate (const Bytes &config, const Setup &setup, bool cuts_are_refused = true)
{
  for (std::size_t n = 0; n < config.size (); ++n) {
    const Bytes cut (config.begin (), config.begin () + static_cast<std::ptrdiff_t> (n));
    ck_assert_msg (!setup (cut).has_value () || !cuts_are_refused, "%zu bytes", n);
    auto changed = config;
    for (const int mask : {0x01, 0x80, 0xff}) {
      changed[n] = static_cast<std::uint8_t> (config[n] ^ mask);
      (void)setup (changed);
    }
  }
}

auto
video (VideoCodec codec)
{
  return [codec] (const Bytes &config) {
    return video_setup (codec, config);
  };
}

auto
audio (AudioCodec codec)
{
  return [codec] (const Bytes &config) {
    return audio_setup (codec, config);
  };
}

// x265 of 322x242 at 25 frames a second; SVT and libaom of the same; by ffmpeg 5.1.
const Bytes hvcc = from_hex ("0101600000009000000000003cf000fcfdf8f800000f03a00001001840010c01ff"
                             "ff01600000030090000003000003003c959409a10001002b420101016000000300"
                             "90000003000003003ca00a8804071111965654a4c2f0168080000003008000000c"
                             "84a2000100064401c073c189");
const Bytes av1c = from_hex ("81000c000a0b000000043d07c4daf90040");
const Bytes vp9_key = from_hex ("824983420014100f160438241c184a000b607fd9fa3e8fe7722fff5ff2fde07e");
const Bytes vp8_key = from_hex ("1074009d012a4201f20000070885858885848802020321650bf80fe2af4c6428");

START_TEST (h264)
{
  const auto setup = video_setup (VideoCodec::h264, h264_setup);
  ck_assert (setup.has_value ());
  ck_assert_uint_eq (setup->length_size, 4);
  assert_caps (setup->caps.get (),
      "video/x-h264, stream-format=avc, alignment=au, width=320, height=240, framerate=30/1, "
      "profile=high, level=(string)1.3");
  mutilate (h264_setup, video (VideoCodec::h264), false); // the profile's extension may be missing
  for (std::size_t n = 0; n < 40; ++n)
    ck_assert (!video_setup (VideoCodec::h264, ByteView (h264_setup).first (n)));
}
END_TEST

START_TEST (hevc)
{
  const auto setup = video_setup (VideoCodec::h265, hvcc);
  ck_assert (setup.has_value ());
  ck_assert_uint_eq (setup->length_size, 4);
  assert_caps (setup->caps.get (),
      "video/x-h265, stream-format=hvc1, alignment=au, width=322, height=242, "
      "profile=main, tier=main, level=(string)2");
  mutilate (hvcc, video (VideoCodec::h265));
}
END_TEST

START_TEST (av1)
{
  const auto setup = video_setup (VideoCodec::av1, av1c);
  ck_assert (setup.has_value ());
  ck_assert_uint_eq (setup->length_size, 0);
  assert_caps (setup->caps.get (),
      "video/x-av1, stream-format=obu-stream, alignment=tu, width=322, height=242");
  mutilate (av1c, video (VideoCodec::av1));
}
END_TEST

START_TEST (vp8_and_vp9)
{
  assert_caps (
      caps_of_keyframe (VideoCodec::vp8, vp8_key).get (), "video/x-vp8, width=322, height=242");
  assert_caps (caps_of_keyframe (VideoCodec::vp9, vp9_key).get (),
      "video/x-vp9, width=322, height=242, profile=(string)0");
  ck_assert (!caps_of_keyframe (VideoCodec::vp8, vp9_key));
  ck_assert (!caps_of_keyframe (VideoCodec::vp9, vp8_key));
  for (std::size_t n = 0; n < 9; ++n) {
    ck_assert (!caps_of_keyframe (VideoCodec::vp8, ByteView (vp8_key).first (n)));
    ck_assert_msg (!caps_of_keyframe (VideoCodec::vp9, ByteView (vp9_key).first (n)), "%zu", n);
  }
}
END_TEST

START_TEST (aac)
{
  const auto check = [] (const char *config, const char *wanted) {
    const auto caps = audio_setup (AudioCodec::aac, from_hex (config));
    ck_assert (caps.has_value ());
    assert_caps (caps->get (), wanted);
  };
  check ("1210", "audio/mpeg, mpegversion=4, stream-format=raw, rate=44100, channels=2");
  check ("1190", "audio/mpeg, mpegversion=4, rate=48000, channels=2, profile=lc");
  check ("1588", "audio/mpeg, mpegversion=4, rate=8000, channels=1");
  check ("2b920800", "audio/mpeg, mpegversion=4, rate=44100, channels=2"); // HE: 22050 doubled
  check ("eb8a0800", "audio/mpeg, mpegversion=4, rate=44100, channels=2"); // HE v2, from mono
  check ("11b0", "audio/mpeg, mpegversion=4, rate=48000, channels=6");
  for (const char *bad : {"", "12", "0210", "16f8", "1780", "1180"})
    ck_assert_msg (!audio_setup (AudioCodec::aac, from_hex (bad)), "%s", bad);
  mutilate (from_hex ("eb8a0800"), audio (AudioCodec::aac), false);
}
END_TEST

START_TEST (opus)
{
  const auto head = from_hex ("4f707573486561640102380180bb0000000000");
  const auto caps = audio_setup (AudioCodec::opus, head);
  ck_assert (caps.has_value ());
  assert_caps (caps->get (), "audio/x-opus, rate=48000, channels=2, channel-mapping-family=0");
  mutilate (head, audio (AudioCodec::opus));
}
END_TEST

START_TEST (flac)
{
  auto setup = from_hex ("664c614380000022100010000000000000000bb802f000000000");
  setup.resize (4 + 4 + 34);
  const auto caps = audio_setup (AudioCodec::flac, setup);
  ck_assert (caps.has_value ());
  assert_caps (caps->get (), "audio/x-flac, framed=true, rate=48000, channels=2");
  mutilate (setup, audio (AudioCodec::flac));
}
END_TEST

START_TEST (mp3_and_ac3)
{
  assert_caps (caps_of_frame (AudioCodec::mp3, from_hex ("fffb9064")).get (),
      "audio/mpeg, mpegversion=1, layer=3, parsed=true, rate=44100, channels=2");
  assert_caps (caps_of_frame (AudioCodec::mp3, from_hex ("fff384c4")).get (),
      "audio/mpeg, mpegversion=1, mpegaudioversion=2, rate=24000, channels=1");
  assert_caps (caps_of_frame (AudioCodec::ac3, from_hex ("0b77a6b614404300")).get (),
      "audio/x-ac3, framed=true, alignment=frame, rate=48000, channels=2");
  for (const char *bad : {"", "ff", "fffb", "00fb9064", "fffbf064", "fffb9c64", "fffd9064"})
    ck_assert_msg (!caps_of_frame (AudioCodec::mp3, from_hex (bad)), "%s", bad);
  for (const char *bad : {"", "0b77", "0b78a6b614404300", "0b77a6b6d4404300"})
    ck_assert_msg (!caps_of_frame (AudioCodec::ac3, from_hex (bad)), "%s", bad);
}
END_TEST

START_TEST (access_units)
{
  ck_assert (is_whole (from_hex ("0000000165"), 4));
  ck_assert (is_whole (from_hex ("00000001650000000241ff"), 4));
  ck_assert (is_whole (from_hex ("0165024142"), 1));
  ck_assert (is_whole (from_hex ("000165"), 2));
  ck_assert (is_whole (from_hex ("12"), 0));
  for (const char *bad :
      {"", "00", "00000000", "0000000265", "ffffffff65", "000000016500", "000000016500000000"})
    ck_assert_msg (!is_whole (from_hex (bad), 4), "%s", bad);
  ck_assert (!is_whole ({}, 0));
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run (
      "codec caps", {h264, hevc, av1, vp8_and_vp9, aac, opus, flac, mp3_and_ac3, access_units});
}
