// SPDX-License-Identifier: LGPL-2.1-or-later
// What is on the pictures: colours, shapes, codecs.
#include <array>

#include "tests/check/thumbnail/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

/** SMPTE's bars, 75 %, as @p encoder makes of one frame of this @p size. */
Track
bars (const std::string &size, const std::string &encoder, const char *pattern = "smpte75")
{
  return record (std::string ("videotestsrc num-buffers=1 pattern=") + pattern
                 + " ! video/x-raw,format=I420,framerate=30/1,colorimetry=bt709," + size + " ! "
                 + encoder);
}

Track
bars_h264 (const std::string &size)
{
  return bars (size, "x264enc tune=zerolatency ! video/x-h264,stream-format=avc,alignment=au");
}

void
assert_bars (const Image &image)
{
  constexpr int on = 191;
  constexpr std::array<std::array<int, 3>, 7> colours{
      {{on, on, on}, {on, on, 0}, {0, on, on}, {0, on, 0}, {on, 0, on}, {on, 0, 0}, {0, 0, on}}};
  for (std::size_t bar = 0; bar < colours.size (); ++bar) {
    const auto seen = image.at ((static_cast<double> (bar) + 0.5) / 7, 0.3);
    for (std::size_t channel = 0; channel < 3; ++channel)
      ck_assert_msg (std::abs (seen[channel] - colours[bar][channel]) < 16, "bar %zu is %d,%d,%d",
          bar, seen[0], seen[1], seen[2]);
  }
}

void
assert_size (const Image &image, int width, int height)
{
  ck_assert_int_eq (image.width, width);
  ck_assert_int_eq (image.height, height);
}

START_TEST (colours_of_jpeg_and_webp)
{
  Thumbnails thumbnails;
  thumbnails.show (bars_h264 ("width=1280,height=720"));
  for (const auto &[file, type] : {std::pair (".jpg", "image/jpeg"), {".webp", "image/webp"}}) {
    const auto answer = thumbnails.ask (file);
    ck_assert_int_eq (answer.status, 200);
    ck_assert (answer.has (std::string ("Content-Type: ") + type + "\r\n"));
    const auto image = read_image (answer.body);
    assert_size (image, 640, 360);
    assert_bars (image);
  }
  ck_assert_uint_eq (thumbnails.stat ("decoded"), 1);
}
END_TEST

START_TEST (every_codec)
{
  for (const char *encoder : {"x264enc ! video/x-h264,stream-format=avc,alignment=au",
           "x264enc ! video/x-h264,stream-format=byte-stream,alignment=au", "vp8enc deadline=1",
           "vp9enc deadline=1 cpu-used=8",
           "av1enc cpu-used=8 ! av1parse ! video/x-av1,stream-format=obu-stream,alignment=tu"}) {
    Thumbnails thumbnails;
    thumbnails.show (bars ("width=320,height=180", encoder));
    const auto answer = thumbnails.ask ();
    ck_assert_msg (answer.status == 200, "%s: %s", encoder, answer.body.c_str ());
    assert_bars (read_image (answer.body));
  }
}
END_TEST

START_TEST (shapes)
{
  const auto size_of = [] (const char *size) {
    Thumbnails thumbnails;
    thumbnails.show (bars_h264 (size));
    return read_image (thumbnails.ask ().body);
  };
  assert_size (size_of ("width=320,height=180"), 320, 180); // never larger
  assert_size (size_of ("width=720,height=1280"), 203, 360);
  assert_size (size_of ("width=1280,height=480"), 640, 240);
  assert_size (size_of ("width=720,height=576,pixel-aspect-ratio=16/15"), 480, 360);
  assert_size (size_of ("width=16,height=16"), 16, 16);
  assert_size (size_of ("width=1366,height=768"), 640, 360);
}
END_TEST

/** No border where the sides don't divide evenly. */
START_TEST (no_border)
{
  Thumbnails thumbnails;
  thumbnails.show (bars ("width=1366,height=768",
      "x264enc tune=zerolatency ! video/x-h264,stream-format=avc,alignment=au", "white"));
  const auto image = read_image (thumbnails.ask ().body);
  for (const double x : {0.0, 0.5, 0.999})
    for (const double y : {0.0, 0.5, 0.999})
      ck_assert_int_gt (image.at (x, y)[1], 200);
}
END_TEST

START_TEST (frames_that_wait_for_others)
{
  Thumbnails thumbnails;
  thumbnails.show (
      record ("videotestsrc num-buffers=30 pattern=smpte75 ! "
              "video/x-raw,format=I420,width=640,height=360,framerate=30/1,colorimetry=bt709 ! "
              "x264enc bframes=3 ! video/x-h264,stream-format=avc,alignment=au"));
  assert_bars (read_image (thumbnails.ask ().body));
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("thumbnail-pictures",
      {colours_of_jpeg_and_webp, every_codec, shapes, no_border, frames_that_wait_for_others});
}
