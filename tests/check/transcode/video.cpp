// SPDX-License-Identifier: LGPL-2.1-or-later
// What stagetranscodebin makes of video, for whom, and why.
#include <algorithm>
#include <set>

#include "tests/check/transcode/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

constexpr const char *webrtc =
    "video/x-h264,b-frames=(boolean)false;video/x-h265,b-frames=(boolean)"
    "false;video/x-vp8;video/x-vp9";
constexpr const char *hls = "video/x-h264;video/x-h265";

std::string
camera (int frames, int width = 320, int height = 240)
{
  return "videotestsrc pattern=ball num-buffers=" + std::to_string (frames)
         + " ! video/x-raw,format=I420,width=" + std::to_string (width)
         + ",height=" + std::to_string (height) + ",framerate=30/1";
}

Track
record_x264 (int frames, const std::string &settings, const std::string &caps = "profile=high")
{
  auto track =
      record (camera (frames) + " ! x264enc speed-preset=ultrafast key-int-max=30 " + settings
              + " ! video/x-h264," + caps + " ! h264parse ! video/x-h264,stream-format=avc");
  // x264enc begins at a thousand hours, in a segment of its own.
  const auto start = GST_BUFFER_PTS (track.buffers[0].get ()) - 200 * GST_MSECOND;
  for (auto &buffer : track.buffers) {
    buffer = adopt (gst_buffer_make_writable (buffer.release ()));
    GST_BUFFER_PTS (buffer.get ()) -= start;
    GST_BUFFER_DTS (buffer.get ()) -= start;
  }
  return track;
}

/** With room for their order, as OBS has it. */
Track
record_b_frames (int frames)
{
  return record_x264 (frames, "bframes=2 b-adapt=false");
}

Track
record_plain (int frames)
{
  return record_x264 (frames, "tune=zerolatency bframes=0");
}

/** One source that may be held up, and outputs to be linked. */
struct Video
{
  Transcoder transcoder;
  Feed feed{transcoder.element (), "video", false};

  Ref<GstPad> output (Peer &peer, const char *rendition = nullptr)
  {
    auto pad = transcoder.request ("video_%u");
    if (rendition != nullptr)
      g_object_set (pad.get (), "rendition", rendition, nullptr);
    peer.link (pad.get ());
    return pad;
  }
  void play (const Track &track)
  {
    ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
    feed.push (gst_event_new_eos ());
  }
};

bool
is_key (const Ref<GstBuffer> &buffer)
{
  return !GST_BUFFER_FLAG_IS_SET (buffer.get (), GST_BUFFER_FLAG_DELTA_UNIT);
}

/** That each is shown after the one before, by a third of a frame at least. */
void
assert_in_order (const Peer &peer)
{
  GstClockTime last = GST_CLOCK_TIME_NONE;
  for (const auto &buffer : peer.buffers ()) {
    const auto pts = GST_BUFFER_PTS (buffer.get ());
    if (GST_CLOCK_TIME_IS_VALID (last))
      ck_assert_uint_gt (pts, last + 11 * GST_MSECOND);
    last = pts;
  }
}

std::set<GstClockTime>
key_times (const Peer &peer)
{
  std::set<GstClockTime> out;
  for (const auto &buffer : peer.buffers ())
    if (is_key (buffer))
      out.insert (GST_BUFFER_PTS (buffer.get ()));
  return out;
}

int
field_of (const Peer &peer, const char *field)
{
  int out = 0;
  Peer &p = const_cast<Peer &> (peer);
  const auto caps = adopt (gst_pad_get_current_caps (p.pad ()));
  ck_assert (caps);
  gst_structure_get_int (gst_caps_get_structure (caps.get (), 0), field, &out);
  return out;
}

START_TEST (b_frames_are_taken_out_for_who_cannot_show_them)
{
  const auto track = record_b_frames (90);
  Video video;
  Peer browser (webrtc), player (hls);
  const auto pad = video.output (browser), other = video.output (player);
  video.play (track);
  browser.wait_for_eos ();
  ck_assert_uint_eq (browser.count (), 90);
  assert_in_order (browser);
  ck_assert (is_key (browser.buffers ()[0]));
  ck_assert_msg (
      decision_of (pad.get ())
          .starts_with ("transcoding, because the source has B-frames (composition offset"),
      "%s", decision_of (pad.get ()).c_str ());
  ck_assert_uint_eq (player.count (), 90);
  ck_assert_ptr_eq (player.buffers ()[50].get (), track.buffers[50].get ());
  assert_text (decision_of (other.get ()), "passed through");
  ck_assert_uint_eq (video.transcoder.problems ().size (), 0);
  ck_assert_uint_eq (video.transcoder.errors (), 0);
}
END_TEST

START_TEST (without_b_frames_nothing_is_touched)
{
  const auto track = record_plain (60);
  Video video;
  Peer browser (webrtc);
  const auto pad = video.output (browser);
  video.play (track);
  ck_assert_uint_eq (browser.count (), 60);
  ck_assert_ptr_eq (browser.buffers ()[30].get (), track.buffers[30].get ());
  assert_text (decision_of (pad.get ()), "passed through");
  ck_assert_uint_eq (video.transcoder.children (), 0);
}
END_TEST

struct Source
{
  const char *encoder, *reason;
};
constexpr Source sources[]{
    {"vp8enc deadline=1 cpu-used=8", "the peer does not take video/x-vp8"},
    {"vp9enc deadline=1 cpu-used=8 ! vp9parse", "the peer does not take video/x-vp9"},
    {"av1enc cpu-used=8 usage-profile=realtime ! av1parse", "the peer does not take video/x-av1"},
    {"videoconvert ! video/x-raw,format=I420_10LE ! x264enc speed-preset=ultrafast bframes=0 ! "
     "video/x-h264,profile=high-10 ! h264parse ! video/x-h264,stream-format=avc",
        "the peer does not take video/x-h264 (profile high-10)"},
};

START_TEST (other_codecs_become_h264)
{
  for (const auto &source : sources) {
    const auto track = record (camera (20) + " ! " + source.encoder);
    Video video;
    Peer peer ("video/x-h264,profile=(string){constrained-baseline,main,high}");
    const auto pad = video.output (peer);
    video.play (track);
    peer.wait_for_eos ();
    ck_assert_msg (peer.count () == 20, "%s: %zu", source.encoder, peer.count ());
    assert_in_order (peer);
    assert_text (decision_of (pad.get ()), std::string ("transcoding, because ") + source.reason);
    ck_assert_int_eq (field_of (peer, "width"), 320);
  }
}
END_TEST

START_TEST (renditions_have_their_key_frames_together)
{
  const auto track = record_plain (200);
  Video video;
  Peer source (hls), half (hls), small (hls);
  video.output (source);
  video.output (half, "120p@200k");
  video.output (small, "h=60,w=60");
  video.play (track);
  half.wait_for_eos ();
  small.wait_for_eos ();
  ck_assert_uint_eq (source.count (), 200);
  ck_assert_uint_eq (half.count (), 200);
  ck_assert_uint_eq (small.count (), 200);
  ck_assert_int_eq (field_of (half, "height"), 120);
  ck_assert_int_eq (field_of (half, "width"), 160);
  ck_assert_int_eq (field_of (small, "width"), 60);
  ck_assert_int_eq (field_of (small, "height"), 46);
  ck_assert_uint_eq (key_times (half).size (), 4); // 0, 2, 4, 6 s
  ck_assert (key_times (half) == key_times (small));
}
END_TEST

START_TEST (never_larger_nor_faster_than_the_source)
{
  const auto track = record_plain (30);
  Video video;
  Peer large (hls), slow (hls);
  const auto pad = video.output (large, "720p60");
  const auto limited = video.output (slow, "h=240,fps=15");
  video.play (track);
  slow.wait_for_eos ();
  ck_assert_uint_eq (large.count (), 30);
  assert_text (decision_of (pad.get ()), "passed through");
  assert_text (decision_of (limited.get ()),
      "transcoding, because fewer frames per second are wanted than the source has");
  ck_assert_uint_ge (slow.count (), 14);
  ck_assert_uint_le (slow.count (), 16);
}
END_TEST

START_TEST (vp8_on_demand_of_the_pad)
{
  const auto track = record_plain (30);
  Video video;
  Peer peer ("video/x-vp8");
  const auto pad = video.output (peer, "codec=vp8,b=300k");
  video.play (track);
  peer.wait_for_eos ();
  ck_assert_uint_eq (peer.count (), 30);
  assert_text (peer.media_type (), "video/x-vp8");
}
END_TEST

START_TEST (nobody_watches)
{
  const auto track = record_b_frames (120);
  Video video;
  Peer browser (webrtc);
  const auto pad = video.output (browser);
  browser.demand (false);
  video.feed.start (track.caps.get ());
  for (std::size_t i = 0; i < 45; ++i)
    video.feed.push (track.buffers[i]);
  ck_assert_uint_eq (video.transcoder.children (), 0);
  assert_text (browser.media_type (), "video/x-h264"); // so that viewers can be told what comes
  ck_assert_uint_eq (browser.count (), 0);
  browser.demand (true); // in the middle of a group of pictures
  for (std::size_t i = 45; i < 52; ++i)
    video.feed.push (track.buffers[i]);
  browser.wait_for (1);
  ck_assert (is_key (browser.buffers ()[0]));
  const auto shown = GST_BUFFER_PTS (browser.buffers ()[0].get ());
  const auto live = GST_BUFFER_DTS (track.buffers[45].get ());
  // A thousand hours: where x264enc's segment begins.
  GstSegment segment;
  const auto event = adopt (gst_pad_get_sticky_event (browser.pad (), GST_EVENT_SEGMENT, 0));
  gst_event_copy_segment (event.get (), &segment);
  const auto running = gst_segment_to_running_time (&segment, GST_FORMAT_TIME, shown);
  ck_assert_int_le (distance (running, live), 150 * GST_MSECOND);
  for (std::size_t i = 52; i < 120; ++i)
    video.feed.push (track.buffers[i]);
  video.feed.push (gst_event_new_eos ());
  browser.wait_for_eos ();
  assert_in_order (browser);
}
END_TEST

START_TEST (garbage)
{
  auto track = record_b_frames (60);
  for (std::size_t i = 5; i < 25; ++i) {
    auto damaged = adopt (gst_buffer_copy_deep (track.buffers[i].get ()));
    GstMapInfo map;
    ck_assert (gst_buffer_map (damaged.get (), &map, GST_MAP_WRITE));
    for (gsize at = 4; at < map.size; ++at)
      map.data[at] = static_cast<guint8> (at * 31 + i);
    gst_buffer_unmap (damaged.get (), &map);
    track.buffers[i] = std::move (damaged);
  }
  Video video;
  Peer browser (webrtc);
  video.output (browser);
  video.play (track);
  browser.wait_for_eos ();
  ck_assert_uint_ge (browser.count (), 25); // the second half, at least
  assert_in_order (browser);
  ck_assert_uint_eq (video.transcoder.errors (), 0);
}
END_TEST

/** As what comes straight from RTP. */
START_TEST (caps_without_a_size)
{
  for (const char *encoder : {"x264enc tune=zerolatency ! video/x-h264,stream-format=byte-stream",
           "x264enc tune=zerolatency ! video/x-h264,stream-format=avc",
           "vp8enc deadline=1 cpu-used=8", "vp9enc deadline=1 cpu-used=8",
           "av1enc usage-profile=realtime cpu-used=10"}) {
    auto track = record (camera (10) + " ! " + encoder);
    track.caps = adopt (gst_caps_copy (track.caps.get ()));
    gst_structure_remove_fields (
        gst_caps_get_structure (track.caps.get (), 0), "width", "height", nullptr);
    Transcoder transcoder;
    Feed feed (transcoder.element (), "video", false);
    const auto pad = transcoder.request ("video_0");
    Peer peer ("video/x-h264");
    g_object_set (pad.get (), "rendition", "120p", nullptr);
    peer.link (pad.get ());
    ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
    feed.push (gst_event_new_eos ());
    peer.wait_for_eos ();
    const auto caps = adopt (gst_pad_get_current_caps (peer.pad ()));
    int width = 0, height = 0;
    gst_structure_get_int (gst_caps_get_structure (caps.get (), 0), "width", &width);
    gst_structure_get_int (gst_caps_get_structure (caps.get (), 0), "height", &height);
    ck_assert_msg (width == 160 && height == 120, "%s: %dx%d", encoder, width, height);
  }
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("transcode-video",
      {b_frames_are_taken_out_for_who_cannot_show_them, without_b_frames_nothing_is_touched,
          other_codecs_become_h264, renditions_have_their_key_frames_together,
          never_larger_nor_faster_than_the_source, vp8_on_demand_of_the_pad, nobody_watches,
          garbage, caps_without_a_size});
}
