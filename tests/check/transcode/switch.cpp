// SPDX-License-Identifier: LGPL-2.1-or-later
// A live stream that becomes another again and again, and a browser that goes on watching it.
#include <chrono>
#include <thread>

#include "tests/check/transcode/screen.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

constexpr const char *webrtc = "video/x-h264,b-frames=(boolean)false;video/x-vp8";
constexpr GstClockTime frame_time = GST_SECOND / 30;
bool slow = false;

std::string
camera (int width, int height)
{
  return "videotestsrc pattern=ball num-buffers=60 ! video/x-raw,format=I420,width="
         + std::to_string (width) + ",height=" + std::to_string (height) + ",framerate=30/1";
}

/** Of 4 groups of pictures. @p form: "avc" tells all in its caps, "byte-stream" nothing. */
Track
record_h264 (int width, int height, bool b_frames, const char *form)
{
  auto track = record (camera (width, height) + " ! x264enc speed-preset=ultrafast key-int-max=15 "
                       + (b_frames ? "bframes=2 b-adapt=false" : "tune=zerolatency bframes=0")
                       + " ! video/x-h264,profile=high ! h264parse ! video/x-h264,alignment=au,"
                         "stream-format="
                       + form);
  if (std::string (form) == "byte-stream")
    track.caps = adopt (
        gst_caps_from_string (("video/x-h264,stream-format=byte-stream,alignment=au"
                               ",framerate=30/1,width="
                               + std::to_string (width) + ",height=" + std::to_string (height))
                                  .c_str ()));
  return track;
}

/** Plays tracks one after the other as one stream: never slower than a live one, and faster only
 * while what it sends is shown. */
class Publisher
{
public:
  Publisher (Feed &feed, const Screen &screen) : feed_ (feed), screen_ (screen) {}

  void play (const Track &track)
  {
    announce (track.caps.get ());
    GstClockTime first = GST_CLOCK_TIME_NONE;
    for (const auto &buffer : track.buffers)
      first = MIN (first, GST_BUFFER_DTS_OR_PTS (buffer.get ()));
    for (const auto &buffer : track.buffers) {
      auto copy = adopt (gst_buffer_copy (buffer.get ()));
      for (auto *time : {&GST_BUFFER_PTS (copy.get ()), &GST_BUFFER_DTS (copy.get ())})
        if (GST_CLOCK_TIME_IS_VALID (*time))
          *time += begin_ - first;
      keep_pace (GST_BUFFER_PTS (copy.get ()));
      ck_assert_int_eq (feed_.push (copy), GST_FLOW_OK);
    }
    begin_ += track.buffers.size () * frame_time + 3 * frame_time; // room for the order of B-frames
  }
  GstClockTime time () const { return begin_; }

private:
  void keep_pace (GstClockTime time) const
  {
    using Clock = std::chrono::steady_clock;
    const auto live = Clock::now () + std::chrono::milliseconds{33};
    while (screen_.latest () + 200 * GST_MSECOND < time && Clock::now () < live)
      std::this_thread::sleep_for (std::chrono::milliseconds{1});
  }

  void announce (GstCaps *caps)
  {
    const auto current = adopt (gst_pad_get_current_caps (feed_.pad ()));
    if (!current)
      feed_.start (caps);
    else if (!gst_caps_is_equal (current.get (), caps))
      feed_.push (gst_event_new_caps (caps));
  }

  Feed &feed_;
  const Screen &screen_;
  GstClockTime begin_ = 0;
};

struct Watched
{
  Transcoder transcoder;
  Feed feed{transcoder.element (), "video"};
  Ref<GstPad> pad = transcoder.request ("video_%u");
  Peer browser{webrtc};
  Screen screen{browser};
  Publisher publisher{feed, screen};
  std::size_t most_children = 0;

  Watched () { browser.link (pad.get ()); }
  /** The screen is looked at by an encoder's thread, until the peer takes no more. */
  ~Watched ()
  {
    browser.unlink ();
    gst_pad_set_active (browser.pad (), FALSE);
  }
  Watched (const Watched &) = delete;
  Watched &operator= (const Watched &) = delete;

  void play (const Track &track, const char *decision)
  {
    const auto before = screen.frames ();
    publisher.play (track);
    most_children = MAX (most_children, transcoder.children ());
    ck_assert_msg (decision_of (pad.get ()).starts_with (decision), "%s instead of %s",
        decision_of (pad.get ()).c_str (), decision);
    ck_assert_uint_ge (screen.frames (), before + 20);
  }

  void assert_smooth ()
  {
    ck_assert_uint_eq (screen.went_back (), 0);
    ck_assert_uint_eq (screen.without_key (), 0);
    ck_assert_msg (screen.longest_gap () < GST_SECOND, "%f s",
        static_cast<double> (screen.longest_gap ()) / GST_SECOND);
    ck_assert_uint_eq (transcoder.problems ().size (), 0);
    ck_assert_uint_eq (transcoder.errors (), 0);
  }
};

template <class Condition>
void
wait_until (Condition condition)
{
  const auto end = std::chrono::steady_clock::now () + std::chrono::seconds{20};
  while (!condition ()) {
    ck_assert (std::chrono::steady_clock::now () < end);
    std::this_thread::sleep_for (std::chrono::milliseconds{5});
  }
}

START_TEST (source_becomes_another_again_and_again)
{
  constexpr const char *passed = "passed through";
  constexpr const char *b_frames = "transcoding, because the source has B-frames";
  const struct
  {
    Track track;
    const char *decision;
  } scenes[]{
      {record_h264 (320, 240, true, "avc"), b_frames},
      {record_h264 (320, 240, false, "avc"), passed},
      {record_h264 (640, 360, true, "avc"), b_frames},
      {record_h264 (160, 120, true, "avc"), b_frames},
      {record (camera (320, 240) + " ! vp8enc deadline=1 cpu-used=8 keyframe-max-dist=15"), passed},
      {record_h264 (160, 120, true, "avc"), b_frames},
      {record_h264 (640, 360, false, "avc"), passed},
      {record_h264 (160, 120, false, "avc"), passed},
  };
  Watched w;
  w.play (scenes[1].track, passed);
  const auto at_rest = threads ();
  const int switches = slow ? 50 : 20;
  for (int i = 0; i < switches; ++i) {
    const auto &scene = scenes[static_cast<std::size_t> (i) % std::size (scenes)];
    w.play (scene.track, scene.decision);
  }
  w.play (scenes[1].track, passed);
  w.assert_smooth ();
  ck_assert_uint_ge (w.screen.changes (), static_cast<std::size_t> (switches));
  ck_assert_uint_le (w.most_children, 16); // one conversion, and one that is about to end
  wait_until ([&] { return w.transcoder.children () == 0; });
  ck_assert_int_le (threads (), at_rest + 10); // GLib keeps some that are idle
}
END_TEST

START_TEST (b_frames_come_and_go_unannounced)
{
  const auto with = record_h264 (320, 240, true, "byte-stream");
  const auto without = record_h264 (320, 240, false, "byte-stream");
  Watched w;
  w.play (without, "passed through");
  for (int i = 0; i < (slow ? 12 : 3); ++i) {
    w.play (with, "transcoding, because the source has B-frames");
    w.play (without, "passed through");
  }
  w.assert_smooth ();
  ck_assert_uint_le (w.most_children, 16);
}
END_TEST

START_TEST (another_rendition_is_wanted)
{
  const auto track = record_h264 (320, 240, false, "avc");
  Watched w;
  w.play (track, "passed through");
  for (int i = 0; i < (slow ? 6 : 2); ++i)
    for (const auto &[rendition, decision] :
        {std::pair ("120p", "transcoding, because"), {"codec=vp8", "transcoding, because"},
            {"source", "passed through"}, {"120p", "transcoding, because"}}) {
      g_object_set (w.pad.get (), "rendition", rendition, nullptr);
      w.play (track, decision);
    }
  w.assert_smooth ();
  ck_assert_uint_le (w.most_children, 2 + 3 * 5 + 8);
}
END_TEST

/** While what was replaced is still on its way out. */
START_TEST (taken_down_in_the_middle)
{
  auto large = record_h264 (320, 240, true, "avc"), small = record_h264 (160, 120, true, "avc");
  for (auto *track : {&large, &small})
    track->buffers.resize (8);
  for (int i = 0; i < 30; ++i) {
    Watched w;
    w.publisher.play (large);
    w.publisher.play (small);
    if (i % 3 == 1)
      gst_element_set_state (w.transcoder.element (), GST_STATE_READY);
    if (i % 3 == 2)
      w.transcoder.release (w.pad.get ());
    ck_assert_uint_eq (w.transcoder.errors (), 0);
  }
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  slow = argc > 1;
  return run (
      "transcode-switch", {source_becomes_another_again_and_again, b_frames_come_and_go_unannounced,
                              another_rendition_is_wanted, taken_down_in_the_middle});
}
