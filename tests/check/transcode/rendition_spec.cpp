// SPDX-License-Identifier: LGPL-2.1-or-later
// Renditions as people write them, and what they come to with a source.
#include "gst-plugins/transcode/rendition_spec.hpp"

#include "tests/unit/suite.hpp"

using namespace stagedoor::transcode;
using namespace stagedoor::test;

namespace {

Wants
parsed (const char *text)
{
  std::string why;
  const auto wants = parse_rendition (text, why);
  ck_assert_msg (wants.has_value (), "%s: %s", text, why.c_str ());
  return *wants;
}

START_TEST (forms)
{
  ck_assert (parsed ("source") == Wants{});
  ck_assert ((parsed ("720p") == Wants{.height = 720}));
  ck_assert ((parsed ("720p30") == Wants{.height = 720, .rate = {30, 1}}));
  ck_assert (
      (parsed ("720p30@2500k") == Wants{.height = 720, .rate = {30, 1}, .bitrate = 2'500'000}));
  ck_assert ((parsed ("1080p@6M") == Wants{.height = 1080, .bitrate = 6'000'000}));
  ck_assert ((parsed ("h=480,b=900k,codec=vp8")
              == Wants{.codec = "vp8", .height = 480, .bitrate = 900'000}));
  ck_assert ((parsed ("codec=h265") == Wants{.codec = "h265"}));
  ck_assert ((parsed ("codec=av1") == Wants{.codec = "av1"}));
  ck_assert ((parsed ("fps=25,w=854") == Wants{.width = 854, .rate = {25, 1}}));
}
END_TEST

START_TEST (nonsense)
{
  for (const char *text :
      {"", "p", "720", "0p", "720p0", "-720p", "720p30@", "720p@2.5M", "720p30@9999999999k",
          "99999999999999999999p", "720p300", "720px", "h=", "h=480,", "h=480,,b=1k", "codec=h266",
          "h=0", "h=-1", "b=k", "x=1", "h=480;b=1k", "source ", "SOURCE", "h=480 "}) {
    std::string why;
    ck_assert_msg (!parse_rendition (text, why).has_value (), "%s", text);
    ck_assert_msg (!why.empty (), "%s", text);
  }
}
END_TEST

START_TEST (forms_of_sound)
{
  const auto parsed = [] (const char *text) {
    std::string why;
    const auto wants = parse_audio_rendition (text, why);
    ck_assert_msg (wants.has_value (), "%s: %s", text, why.c_str ());
    return *wants;
  };
  ck_assert (parsed ("source") == Wants{});
  ck_assert (parsed ("audio=source") == Wants{});
  ck_assert ((parsed ("opus") == Wants{.codec = "opus"}));
  ck_assert ((parsed ("audio=opus@96k") == Wants{.codec = "opus", .bitrate = 96'000}));
  ck_assert ((parsed ("aac@128k") == Wants{.codec = "aac", .bitrate = 128'000}));
  ck_assert ((parsed ("loss=10,ch=1,b=32k,codec=opus")
              == Wants{.codec = "opus", .bitrate = 32'000, .channels = 1, .loss = 10}));
  for (const char *text : {"", "mp3", "opus@", "opus@0", "aac@1.5k", "audio=", "audio=audio=opus",
           "720p", "h264", "ch=3", "ch=0", "loss=101", "loss=-1", "b=", "codec=h264", "aac,ch=1",
           "codec=opus,", "opus ", "Opus", "w=640"}) {
    std::string why;
    ck_assert_msg (!parse_audio_rendition (text, why).has_value (), "%s", text);
    ck_assert_msg (!why.empty (), "%s", text);
  }
}
END_TEST

const SourcePicture hd{"h264", 1920, 1080, {30, 1}};

START_TEST (sizes)
{
  const auto size = [] (const char *text, const SourcePicture &source) {
    const auto spec = resolve (parsed (text), source);
    return std::to_string (spec.width) + "x" + std::to_string (spec.height);
  };
  assert_text (size ("720p", hd), "1280x720");
  assert_text (size ("480p", hd), "854x480");
  assert_text (size ("1440p", hd), "1920x1080");
  assert_text (size ("w=640", hd), "640x360");
  assert_text (size ("w=640,h=200", hd), "356x200");
  assert_text (size ("source", {"h264", 1081, 607, {}}), "1082x608");
  assert_text (size ("1p", hd), "2x2");
  assert_text (size ("720p", {"h264", 1080, 1920, {}}), "406x720");
}
END_TEST

START_TEST (rates)
{
  ck_assert_uint_eq (resolve (parsed ("720p"), hd).bitrate, 2'488'320);
  ck_assert_uint_eq (resolve (parsed ("720p@1M"), hd).bitrate, 1'000'000);
  ck_assert_uint_eq (resolve (parsed ("10p"), hd).bitrate, 200'000);
  ck_assert ((resolve (parsed ("720p60"), hd).rate == Rate{}));
  ck_assert ((resolve (parsed ("720p15"), hd).rate == Rate{15, 1}));
  ck_assert ((resolve (parsed ("720p30"), {"h264", 1280, 720, {60, 1}}).rate == Rate{30, 1}));
  ck_assert ((resolve (parsed ("720p30"), {"h264", 1280, 720, {30000, 1001}}).rate == Rate{}));
  ck_assert (
      (resolve (parsed ("720p30"), {"h264", 1280, 720, {}}).rate == Rate{30, 1})); // may be faster
}
END_TEST

START_TEST (differences)
{
  assert_text (difference ({}, hd), "");
  assert_text (difference (parsed ("1080p60"), hd), "");
  assert_text (difference (parsed ("codec=h264"), hd), "");
  assert_text (difference (parsed ("720p"), hd), "the source is 1920x1080 and 1280x720 is wanted");
  assert_text (difference (parsed ("codec=vp8"), hd), "the source is h264 and vp8 is wanted");
  assert_text (difference (parsed ("1080p15"), hd),
      "fewer frames per second are wanted than the source has");
  assert_text (difference (parsed ("1080p@1M"), hd), "a bit rate of its own is wanted");
}
END_TEST

} // namespace

int
main ()
{
  return run (
      "transcode-rendition-spec", {forms, nonsense, forms_of_sound, sizes, rates, differences});
}
