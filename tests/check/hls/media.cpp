// SPDX-License-Identifier: LGPL-2.1-or-later
// What goes in comes out, to the frame and to the tick, whatever the codec.
#include <algorithm>
#include <cstdlib>

#include "tests/check/hls/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

constexpr GstClockTimeDiff frame_time = GST_SECOND / 30;

/** But for the media time's origin, and @p tolerance; and for the parameter sets that key frames
 * bring, which are in the init segment, and delimiters. */
void
assert_same (const Recording &recording, const std::vector<Demuxed> &found, std::size_t count,
    GstClockTimeDiff tolerance = 12 * GST_USECOND, bool sizes = true)
{
  ck_assert_uint_eq (found.size (), count);
  const auto *first = recording.buffers[0].get ();
  for (std::size_t i = 0; i < count; ++i) {
    const auto *given = recording.buffers[i].get ();
    const auto pts = GST_CLOCK_DIFF (GST_BUFFER_PTS (first), GST_BUFFER_PTS (given));
    ck_assert_int_le (std::abs (GST_CLOCK_DIFF (found[0].pts, found[i].pts) - pts), tolerance);
    if (GST_BUFFER_DTS_IS_VALID (given) && GST_CLOCK_TIME_IS_VALID (found[i].dts)) {
      const auto reordering = GST_CLOCK_DIFF (GST_BUFFER_DTS (given), GST_BUFFER_PTS (given));
      ck_assert_int_le (std::abs (GST_CLOCK_DIFF (found[i].dts, found[i].pts) - reordering),
          tolerance + 12 * GST_USECOND);
    }
    if (sizes && !found[i].key) {
      constexpr std::size_t delimiter = 6;
      const auto size = gst_buffer_get_size (const_cast<GstBuffer *> (given));
      ck_assert (found[i].size == size || found[i].size + delimiter == size);
    }
    ck_assert_int_eq (found[i].key, !GST_BUFFER_FLAG_IS_SET (given, GST_BUFFER_FLAG_DELTA_UNIT));
  }
}

/** All frames but the last, which goes out with the end of the stream, are in finished segments
 * then. */
void
check_codec (const char *pad, const std::string &encoder, const char *codec, bool sizes = true,
    GstClockTimeDiff tolerance = 25 * GST_USECOND)
{
  const auto recording = record (encoder + " ! appsink name=out");
  HlsSink sink;
  Source source (sink, pad);
  ck_assert_msg (source.start (recording), "%s", encoder.c_str ());
  source.play (recording);
  const auto multivariant = sink.text ("playlist.m3u8");
  ck_assert_msg (multivariant.find (std::string ("CODECS=\"") + codec) != std::string::npos, "%s",
      multivariant.c_str ());
  source.event (gst_event_new_eos ());
  assert_same (recording, demux (sink, std::string (pad) + ".m3u8"), recording.buffers.size (),
      tolerance, sizes);
}

constexpr const char *pictures = "videotestsrc num-buffers=90 pattern=ball ! "
                                 "video/x-raw,format=I420,width=160,height=120,framerate=30/1 ! ";
constexpr const char *samples =
    "audiotestsrc num-buffers=200 samplesperbuffer=960 ! audio/x-raw,rate=48000,channels=2 ! ";

START_TEST (h264)
{
  const auto x264 =
      std::string (pictures) + "x264enc key-int-max=30 speed-preset=ultrafast bframes=";
  check_codec (
      "video_0", x264 + "0 ! h264parse ! video/x-h264,stream-format=avc,alignment=au", "avc1.");
  check_codec (
      "video_0", x264 + "2 ! h264parse ! video/x-h264,stream-format=avc,alignment=au", "avc1.");
  // Delimiters and parameter sets have no place in MP4.
  check_codec (
      "video_0", x264 + "2 ! video/x-h264,stream-format=byte-stream,alignment=au", "avc1.", false);
}
END_TEST

START_TEST (other_video)
{
  check_codec ("video_0",
      std::string (pictures) + "vp9enc deadline=1 cpu-used=8 keyframe-max-dist=30 ! vp9parse",
      "vp09.");
  check_codec ("video_0",
      std::string (
          "videotestsrc num-buffers=12 ! video/x-raw,format=I420,width=64,height=64,framerate=6/1 "
          "! av1enc cpu-used=8 usage-profile=realtime ! av1parse ! "
          "video/x-av1,stream-format=obu-stream,alignment=tu"),
      "av01.", false);
}
END_TEST

START_TEST (hevc)
{
  check_codec ("video_0",
      std::string (pictures)
          + "x265enc key-int-max=30 speed-preset=ultrafast ! h265parse ! "
            "video/x-h265,stream-format=hvc1,alignment=au",
      "hvc1.");
}
END_TEST

START_TEST (audio)
{
  check_codec ("audio_0",
      std::string (samples) + "voaacenc ! aacparse ! audio/mpeg,stream-format=raw", "mp4a.40.2");
  check_codec ("audio_0", std::string (samples) + "opusenc", "opus", true,
      7 * GST_MSECOND); // its first packet is cut at its beginning
}
END_TEST

/** From 7 to 60 frames per second, in milliseconds as RTMP has them. */
START_TEST (variable_frame_rate)
{
  auto recording = picture ();
  recording.buffers.resize (240);
  GstClockTime time = GST_SECOND;
  for (std::size_t i = 0; i < recording.buffers.size (); ++i) {
    auto copy = adopt (gst_buffer_copy (recording.buffers[i].get ()));
    GST_BUFFER_PTS (copy.get ()) = GST_BUFFER_DTS (copy.get ()) = time;
    recording.buffers[i] = copy;
    time += (i / 40 % 2 != 0 ? 16 + i * 7 % 40 : 17 + i * 37 % 127) * GST_MSECOND;
  }
  HlsSink sink;
  Source source (sink, "video_0");
  source.start (recording);
  source.play (recording);
  source.event (gst_event_new_eos ());
  assert_same (recording, demux (sink, "video_0.m3u8"), recording.buffers.size ());
}
END_TEST

/** Audio that was rounded to milliseconds on the way. */
START_TEST (sound_is_put_exactly)
{
  auto recording = sound ();
  for (auto &buffer : recording.buffers) {
    buffer = adopt (gst_buffer_copy (buffer.get ()));
    GST_BUFFER_PTS (buffer.get ()) = GST_BUFFER_PTS (buffer.get ()) / GST_MSECOND * GST_MSECOND;
    GST_BUFFER_DTS (buffer.get ()) = GST_CLOCK_TIME_NONE;
  }
  HlsSink sink;
  Source source (sink, "audio_0");
  source.start (recording);
  source.play (recording);
  source.event (gst_event_new_eos ());
  const auto found = demux (sink, "audio_0.m3u8");
  ck_assert_uint_eq (found.size (), recording.buffers.size ());
  for (std::size_t i = 1; i < found.size (); ++i)
    ck_assert_int_le (std::abs (GST_CLOCK_DIFF (found[i - 1].pts, found[i].pts)
                                - GstClockTimeDiff (1024 * GST_SECOND / 48000)),
        1);
}
END_TEST

START_TEST (long_groups_of_pictures)
{
  const auto recording =
      record ("videotestsrc num-buffers=720 ! video/x-raw,width=64,height=48,framerate=30/1 ! "
              "x264enc key-int-max=300 "
              "tune=zerolatency speed-preset=ultrafast option-string=scenecut=0 ! h264parse ! "
              "video/x-h264,stream-format=avc,alignment=au ! appsink name=out");
  HlsSink sink;
  Source source (sink, "video_0");
  source.start (recording);
  source.play (recording);
  const auto text = sink.text ("hls/video_0-10.m3u8");
  ck_assert_msg (text.find ("#EXTINF:10.0,") != std::string::npos, "%s", text.c_str ());
  ck_assert (text.find ("#EXT-X-TARGETDURATION:10\n") != std::string::npos);
  ck_assert (sink.problem ().find ("key frames are 10.0 s apart") != std::string::npos);
  sink.message (GST_MESSAGE_WARNING);
  ck_assert (gst_message_has_name (sink.message (GST_MESSAGE_ELEMENT).get (), "stagedoor-problem"));
  // All the same nobody waits for a segment.
  ck_assert_uint_gt (lines_with (text, "#EXT-X-PART:").size (), 30);
  source.event (gst_event_new_eos ());
  assert_same (recording, demux (sink, "video_0-10.m3u8"), recording.buffers.size ());
}
END_TEST

/** Decoding never goes back. */
START_TEST (timestamps_that_stand_still_or_go_back_a_little)
{
  HlsSink sink;
  Source source (sink, "video_0");
  source.start (picture ());
  for (std::size_t i = 0; i < 120; ++i)
    source.push (picture ().buffers[i], i % 30 == 7    ? -3 * frame_time
                                        : i % 30 == 11 ? -frame_time
                                                       : 0);
  source.event (gst_event_new_eos ());
  const auto found = demux (sink, "video_0.m3u8");
  ck_assert_uint_eq (found.size (), 120);
  for (std::size_t i = 1; i < found.size (); ++i)
    ck_assert_uint_gt (found[i].dts, found[i - 1].dts);
  ck_assert_uint_eq (count (sink.text ("hls/video_0.m3u8"), "#EXT-X-DISCONTINUITY\n"), 0);
}
END_TEST

START_TEST (timestamps_that_jump)
{
  for (const GstClockTimeDiff jump :
      {GstClockTimeDiff (3600 * GST_SECOND), -GstClockTimeDiff (4 * GST_SECOND)}) {
    HlsSink sink;
    Source source (sink, "video_0");
    source.start (picture ());
    source.play (picture (), 10 * GST_SECOND, 0, 90);
    source.play (picture (), 10 * GST_SECOND + jump, 90, 90);
    const auto text = sink.text ("hls/video_0.m3u8");
    ck_assert_msg (count (text, "#EXT-X-DISCONTINUITY\n") == 1, "%s", text.c_str ());
    ck_assert (text.find ("#EXTINF:3.0") == std::string::npos);
    source.event (gst_event_new_eos ());
    ck_assert_uint_eq (count (sink.text ("hls/video_0.m3u8"), "#EXTINF:2.0,"), 2);
    ck_assert_uint_eq (count (sink.text ("hls/video_0.m3u8"), "#EXTINF:1.0,"), 2);
  }
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run (
      "hls-media", {h264, hevc, other_video, audio, variable_frame_rate, sound_is_put_exactly,
                       long_groups_of_pictures, timestamps_that_stand_still_or_go_back_a_little,
                       timestamps_that_jump});
}
