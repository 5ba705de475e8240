// SPDX-License-Identifier: LGPL-2.1-or-later
// What encoders put out is let pass, and what they should not is not.
#include "gst-plugins/transcode/output_check.hpp"

#include <random>

#include "tests/check/transcode/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using transcode::OutputCheck;

namespace {

constexpr int width = 160, height = 120;

struct Sample
{
  const char *codec;
  Track track;
};

const std::vector<Sample> &
samples ()
{
  static const std::vector<Sample> all = [] {
    const std::string camera = "videotestsrc num-buffers=12 ! "
                               "video/x-raw,format=I420,width=160,height=120,framerate=30/1 ! ";
    const auto of = [&] (const char *codec, const std::string &encoder) {
      return Sample{codec, record (camera + encoder)};
    };
    return std::vector<Sample>{
        of ("h264",
            "x264enc tune=zerolatency key-int-max=5 ! video/x-h264,stream-format=byte-stream"),
        of ("h264", "openh264enc gop-size=5 ! video/x-h264,stream-format=byte-stream"),
        of ("h265", "x265enc tune=zerolatency key-int-max=5 option-string=repeat-headers=1 ! "
                    "video/x-h265,stream-format=byte-stream"),
        of ("vp8", "vp8enc deadline=1 cpu-used=8 keyframe-max-dist=5"),
        of ("vp9", "vp9enc deadline=1 cpu-used=8 keyframe-max-dist=5"),
        of ("av1", "av1enc usage-profile=realtime cpu-used=10 keyframe-max-dist=5")};
  }();
  return all;
}

OutputCheck
check_for (const char *codec, int w = width, int h = height)
{
  return OutputCheck ({.codec = codec, .width = w, .height = h});
}

Ref<GstBuffer>
copy_of (const Ref<GstBuffer> &buffer)
{
  return adopt (gst_buffer_copy_deep (buffer.get ()));
}

START_TEST (what_encoders_put_out)
{
  for (const auto &[codec, track] : samples ()) {
    auto check = check_for (codec);
    for (const auto &buffer : track.buffers) {
      const char *fault = check.fault (buffer.get ());
      ck_assert_msg (fault == nullptr, "%s %s", codec, fault);
    }
  }
}
END_TEST

START_TEST (another_size)
{
  for (const auto &[codec, track] : samples ()) {
    auto check = check_for (codec, width, height - 2);
    assert_text (check.fault (track.buffers[0].get ()), "puts out pictures of another size");
    auto unknown = check_for (codec, 2, 2);
    ck_assert (unknown.fault (track.buffers[0].get ()) == nullptr);
  }
}
END_TEST

START_TEST (no_key_frame_at_the_beginning)
{
  for (const auto &[codec, track] : samples ()) {
    auto check = check_for (codec);
    assert_text (check.fault (track.buffers[1].get ()), "begins without a key frame");
  }
}
END_TEST

START_TEST (no_key_frame_though_it_says_so)
{
  for (const auto &[codec, track] : samples ()) {
    auto check = check_for (codec);
    const auto buffer = copy_of (track.buffers[1]);
    GST_BUFFER_FLAG_UNSET (buffer.get (), GST_BUFFER_FLAG_DELTA_UNIT);
    assert_text (check.fault (buffer.get ()), "puts out garbage");
  }
}
END_TEST

START_TEST (no_time)
{
  for (const auto &[codec, track] : samples ()) {
    auto check = check_for (codec);
    const auto buffer = copy_of (track.buffers[0]);
    GST_BUFFER_PTS (buffer.get ()) = GST_CLOCK_TIME_NONE;
    assert_text (check.fault (buffer.get ()), "puts out frames without a time");
  }
}
END_TEST

START_TEST (nothing_and_too_much)
{
  for (const auto &[codec, track] : samples ()) {
    auto check = check_for (codec);
    for (const gsize size : {0u, 1u, 2u, 3u, 160u * 120u * 9u}) {
      const auto buffer = adopt (gst_buffer_new_allocate (nullptr, size, nullptr));
      gst_buffer_memset (buffer.get (), 0, 0, size);
      GST_BUFFER_PTS (buffer.get ()) = 0;
      assert_text (check.fault (buffer.get ()), "puts out garbage");
    }
  }
}
END_TEST

/** Whatever it is, it is looked at without harm; as a key frame's beginning most of it is refused.
 */
START_TEST (noise_and_pieces)
{
  std::minstd_rand random (1);
  for (const auto &[codec, track] : samples ()) {
    int refused = 0;
    for (int i = 0; i < 2000; ++i) {
      auto check = check_for (codec);
      auto buffer = copy_of (track.buffers[0]);
      const auto size = gst_buffer_get_size (buffer.get ());
      GstMapInfo map;
      ck_assert (gst_buffer_map (buffer.get (), &map, GST_MAP_WRITE));
      if (i % 2 == 0)
        for (gsize at = 0; at < size; ++at)
          map.data[at] = static_cast<guint8> (random ());
      else
        map.data[random () % MIN (size, 24)] ^= static_cast<guint8> (1 + random () % 255);
      gst_buffer_unmap (buffer.get (), &map);
      if (i % 4 == 1)
        gst_buffer_set_size (buffer.get (), static_cast<gssize> (random () % size));
      refused += check.fault (buffer.get ()) != nullptr && i % 2 == 0;
    }
    ck_assert_msg (refused >= 990, "%s: %d", codec, refused);
  }
}
END_TEST

START_TEST (of_another_codec)
{
  for (const auto &[codec, track] : samples ())
    for (const auto &other : samples ())
      if (std::string (codec) != other.codec) {
        auto check = check_for (codec);
        ck_assert_msg (check.fault (other.track.buffers[0].get ()) != nullptr, "%s for %s",
            other.codec, codec);
      }
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run (
      "transcode-output-check", {what_encoders_put_out, another_size, no_key_frame_at_the_beginning,
                                    no_key_frame_though_it_says_so, no_time, nothing_and_too_much,
                                    noise_and_pieces, of_another_codec});
}
