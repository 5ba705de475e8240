// SPDX-License-Identifier: LGPL-2.1-or-later
// Multivariant playlists, and the bit rates they declare.
#include "libs/hls/multivariant.hpp"

#include <vector>

#include "tests/unit/suite.hpp"

using namespace stagedoor::hls;
using stagedoor::codecs::Colors;
using stagedoor::codecs::Ratio;
using namespace std::chrono_literals;

namespace {

const VideoRendition big{.uri = "v0.m3u8",
    .codec = "avc1.64001f",
    .picture = {1280, 720, Ratio{30000, 1001}, {}, {}},
    .peak = 3'000'000,
    .average = 2'500'000};
const VideoRendition small{.uri = "v1.m3u8", .codec = "avc1.42c01e", .peak = 800'000};
const AudioRendition aac{
    .uri = "a0.m3u8", .codec = "mp4a.40.2", .channels = 2, .peak = 130'000, .average = 128'000};

std::string
render (const std::vector<VideoRendition> &video, const std::vector<AudioRendition> &audio)
{
  return render_multivariant (video, audio, true).body;
}

} // namespace

START_TEST (sound_is_a_group_of_its_own)
{
  const auto text = render_multivariant (std::vector{big, small}, std::vector{aac}, true);
  assert_text (text.body,
      "#EXTM3U\n"
      "#EXT-X-VERSION:4\n"
      "#EXT-X-INDEPENDENT-SEGMENTS\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio-0\",NAME=\"Audio 1\",DEFAULT=YES,AUTOSELECT=YES,"
      "CHANNELS=\"2\",URI=\"a0.m3u8\"\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=3130000,AVERAGE-BANDWIDTH=2628000,"
      "CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,FRAME-RATE=29.970,AUDIO=\"audio-0\","
      "CLOSED-CAPTIONS=NONE\n"
      "v0.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=930000,CODECS=\"avc1.42c01e,mp4a.40.2\",AUDIO=\"audio-0\","
      "CLOSED-CAPTIONS=NONE\n"
      "v1.m3u8\n");
  const auto personal = text.with_query ("t=1");
  for (const char *uri : {"URI=\"a0.m3u8?t=1\"", "\nv0.m3u8?t=1\n", "\nv1.m3u8?t=1\n"})
    ck_assert_msg (personal.find (uri) != personal.npos, "%s", personal.c_str ());
}
END_TEST

START_TEST (each_codec_of_sound_is_a_group)
{
  auto opus = aac;
  opus.uri = "a1.m3u8";
  opus.codec = "opus";
  opus.peak = 100'000;
  const auto text = render ({big}, {aac, opus});
  for (const char *line : {"GROUP-ID=\"audio-0\",NAME=\"Audio 1\",DEFAULT=YES",
           "GROUP-ID=\"audio-1\",NAME=\"Audio 1\",DEFAULT=YES",
           "BANDWIDTH=3130000,AVERAGE-BANDWIDTH=2628000,CODECS=\"avc1.64001f,mp4a.40.2\"",
           "BANDWIDTH=3100000,AVERAGE-BANDWIDTH=2628000,CODECS=\"avc1.64001f,opus\""})
    ck_assert_msg (text.find (line) != text.npos, "%s", text.c_str ());
  const auto one_group = render ({big}, {aac, aac});
  for (const char *line : {"NAME=\"Audio 1\",DEFAULT=YES,AUTOSELECT=YES",
           "GROUP-ID=\"audio-0\",NAME=\"Audio 2\",AUTOSELECT=YES"})
    ck_assert_msg (one_group.find (line) != one_group.npos, "%s", one_group.c_str ());
}
END_TEST

START_TEST (one_kind_of_media_is_enough)
{
  assert_text (render ({}, {aac}), "#EXTM3U\n"
                                   "#EXT-X-VERSION:1\n"
                                   "#EXT-X-INDEPENDENT-SEGMENTS\n"
                                   "#EXT-X-STREAM-INF:BANDWIDTH=130000,AVERAGE-BANDWIDTH=128000,"
                                   "CODECS=\"mp4a.40.2\"\n"
                                   "a0.m3u8\n");
  assert_text (render ({small}, {}),
      "#EXTM3U\n"
      "#EXT-X-VERSION:1\n"
      "#EXT-X-INDEPENDENT-SEGMENTS\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=800000,CODECS=\"avc1.42c01e\",CLOSED-CAPTIONS=NONE\n"
      "v1.m3u8\n");
  assert_text (render_multivariant ({}, {}, false).body, "#EXTM3U\n#EXT-X-VERSION:1\n");
}
END_TEST

START_TEST (rates_are_rounded_to_three_decimals)
{
  struct
  {
    Ratio rate;
    const char *text;
  } const rates[] = {{{24000, 1001}, "23.976"}, {{30, 1}, "30.000"}, {{60000, 1001}, "59.940"},
      {{7, 1}, "7.000"}, {{1, 3}, "0.333"}, {{2, 3}, "0.667"}, {{2147483647, 1}, "2147483647.000"}};
  for (const auto &rate : rates) {
    auto video = small;
    video.picture.frame_rate = rate.rate;
    const auto text = render ({video}, {});
    ck_assert_msg (text.find (std::string ("FRAME-RATE=") + rate.text + ",") != text.npos, "%s",
        text.c_str ());
  }
}
END_TEST

/** What has to fit onto the screen is not what is coded, if its pixels aren't square. */
START_TEST (resolution_is_what_is_shown)
{
  constexpr int most = 2147483647;
  struct
  {
    int width, height;
    std::optional<Ratio> aspect;
    const char *text;
  } const pictures[] = {{1440, 1080, Ratio{4, 3}, "1920x1080"},
      {720, 576, Ratio{16, 15}, "768x576"}, {720, 480, Ratio{8, 9}, "640x480"},
      {720, 480, Ratio{10, 11}, "655x480"}, {1280, 720, Ratio{1, 1}, "1280x720"},
      {1280, 720, std::nullopt, "1280x720"}, {1280, 720, Ratio{most, 1}, "1280x720"},
      {1280, 720, Ratio{1, most}, "1280x720"}, {65536, 65536, Ratio{most, most - 1}, "65536x65536"},
      {16, 16, Ratio{0, 0}, "16x16"}};
  for (const auto &picture : pictures) {
    auto video = small;
    video.picture = {picture.width, picture.height, {}, picture.aspect, {}};
    const auto text = render ({video}, {});
    ck_assert_msg (text.find (std::string (",RESOLUTION=") + picture.text + ",CLOSED") != text.npos,
        "%s: %s", picture.text, text.c_str ());
  }
}
END_TEST

START_TEST (ranges_beyond_the_usual_are_named)
{
  struct
  {
    unsigned transfer;
    const char *range;
  } const pictures[] = {{16, ",VIDEO-RANGE=PQ,"}, {18, ",VIDEO-RANGE=HLG,"}, {1, nullptr},
      {2, nullptr}, {14, nullptr}, {0, nullptr}, {255, nullptr}};
  for (const auto &picture : pictures) {
    auto video = big;
    video.picture.colors = Colors{9, picture.transfer, 9, false};
    const auto text = render ({video}, {aac});
    ck_assert_msg (picture.range != nullptr ? text.find (picture.range) != text.npos
                                            : text.find ("VIDEO-RANGE") == text.npos,
        "%u: %s", picture.transfer, text.c_str ());
  }
  ck_assert (render ({big}, {}).find ("VIDEO-RANGE") == std::string::npos);
}
END_TEST

START_TEST (peak_is_of_half_to_one_and_a_half_targets)
{
  BitRate rate;
  ck_assert_uint_eq (rate.peak (), 0);
  ck_assert_uint_eq (rate.average (), 0);
  rate.add (500'000, 2s, 2s);
  ck_assert_uint_eq (rate.peak (), 2'000'000);
  rate.add (1'000'000, 2s, 2s);
  ck_assert_uint_eq (rate.peak (), 4'000'000);
  ck_assert_uint_eq (rate.average (), 3'000'000);
  rate.add (1'000'000, 500ms, 2s); // half a second is no run, with 2 s before it it is one
  ck_assert_uint_eq (rate.peak (), 6'400'000);
  for (int i = 0; i < 30; ++i)
    rate.add (250'000, 2s, 2s);
  ck_assert_uint_eq (rate.peak (), 6'400'000);
  ck_assert_uint_eq (rate.average (), 1'000'000);
  rate.add (1, 0s, 2s);
  ck_assert_uint_eq (rate.average (), 1'000'000);
  BitRate brief;
  brief.add (1000, 100ms, 2s); // all there is
  ck_assert_uint_eq (brief.peak (), 80'000);
}
END_TEST

int
main ()
{
  return stagedoor::test::run ("multivariant",
      {sound_is_a_group_of_its_own, each_codec_of_sound_is_a_group, one_kind_of_media_is_enough,
          rates_are_rounded_to_three_decimals, resolution_is_what_is_shown,
          ranges_beyond_the_usual_are_named, peak_is_of_half_to_one_and_a_half_targets});
}
