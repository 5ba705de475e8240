// SPDX-License-Identifier: LGPL-2.1-or-later
// Encoders and decoders that fail while somebody watches: told, started again, and no end of it
// all.
#include <atomic>
#include <chrono>
#include <string_view>
#include <thread>

#include "tests/check/transcode/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

Track
record_vp8 (int frames)
{
  return record ("videotestsrc pattern=ball num-buffers=" + std::to_string (frames)
                 + " ! video/x-raw,format=I420,width=160,height=120,framerate=30/1 ! vp8enc "
                   "deadline=1 cpu-used=8 keyframe-max-dist=30");
}

Ref<GstElement>
child_of_factory (GstElement *bin, std::string_view name)
{
  Ref<GstElement> out;
  ObjectLock lock{bin};
  for (auto *l = GST_BIN_CHILDREN (bin); l != nullptr; l = l->next)
    if (GST_OBJECT_NAME (gst_element_get_factory (GST_ELEMENT (l->data))) == name)
      out = share (GST_ELEMENT (l->data));
  return out;
}

/** One that goes on, and two outputs, of which one is converted again to a smaller picture. */
struct Broken
{
  Transcoder transcoder;
  Feed feed{transcoder.element (), "video"};
  Ref<GstPad> large = transcoder.request ("video_0"), small = transcoder.request ("video_1");
  Peer large_peer{"video/x-h264"}, small_peer{"video/x-h264"};
  Track track = record_vp8 (60);
  GstClockTime time = 0;
  std::size_t next = 0;

  Broken ()
  {
    g_object_set (small.get (), "rendition", "60p", nullptr);
    large_peer.link (large.get ());
    small_peer.link (small.get ());
    feed.start (track.caps.get ());
  }

  void frame ()
  {
    auto copy = adopt (gst_buffer_copy (track.buffers[next].get ()));
    next = (next + 1) % track.buffers.size ();
    GST_BUFFER_PTS (copy.get ()) = time;
    time += GST_SECOND / 30;
    ck_assert_int_eq (feed.push (copy), GST_FLOW_OK);
    std::this_thread::sleep_for (std::chrono::milliseconds{5});
  }

  /** Frames keep coming meanwhile. */
  template <class Condition>
  void wait_until (Condition condition)
  {
    const auto end = std::chrono::steady_clock::now () + std::chrono::seconds{30};
    while (!condition ()) {
      ck_assert (std::chrono::steady_clock::now () < end);
      frame ();
    }
  }

  /** Its next frames meet @p fate. */
  Ref<GstElement> spoil (const char *factory, GstPadProbeReturn fate)
  {
    auto element = child_of_factory (transcoder.element (), factory);
    ck_assert (element);
    const auto pad = adopt (gst_element_get_static_pad (element.get (), "sink"));
    gst_pad_add_probe (
        pad.get (), GST_PAD_PROBE_TYPE_BUFFER,
        [] (GstPad *, GstPadProbeInfo *info, gpointer fate) {
          const auto how = static_cast<GstPadProbeReturn> (GPOINTER_TO_INT (fate));
          if (how == GST_PAD_PROBE_HANDLED) {
            gst_buffer_unref (GST_PAD_PROBE_INFO_BUFFER (info));
            GST_PAD_PROBE_INFO_FLOW_RETURN (info) = GST_FLOW_ERROR;
          }
          return how;
        },
        GINT_TO_POINTER (fate), nullptr);
    return element;
  }

  void both_play ()
  {
    large_peer.clear ();
    small_peer.clear ();
    wait_until ([this] { return large_peer.count () >= 5 && small_peer.count () >= 5; });
  }
};

bool
is_key (const Ref<GstBuffer> &buffer)
{
  return !GST_BUFFER_FLAG_IS_SET (buffer.get (), GST_BUFFER_FLAG_DELTA_UNIT);
}

/** The newest child is the smaller picture's or the larger one's, whichever: the other goes on. */
void
encoder_fails (GstPadProbeReturn fate, const std::string &told)
{
  Broken b;
  b.both_play ();
  const auto broken = b.spoil ("x264enc", fate);
  b.wait_until ([&] {
    return !problem_of (b.large.get ()).empty () || !problem_of (b.small.get ()).empty ();
  });
  const bool is_large = !problem_of (b.large.get ()).empty ();
  const auto &failed = is_large ? b.large : b.small;
  auto &its_peer = is_large ? b.large_peer : b.small_peer;
  auto &other_peer = is_large ? b.small_peer : b.large_peer;
  assert_text (problem_of (failed.get ()), told);
  ck_assert (problem_of ((is_large ? b.small : b.large).get ()).empty ());
  its_peer.clear ();
  other_peer.clear ();
  const auto begin = g_get_monotonic_time ();
  b.wait_until ([&] { return problem_of (failed.get ()).empty () && its_peer.count () >= 5; });
  ck_assert_int_le (g_get_monotonic_time () - begin, G_USEC_PER_SEC);
  ck_assert (is_key (its_peer.buffers ()[0]));
  ck_assert_int_eq (its_peer.saw (GST_EVENT_EOS), 0);
  const std::string name = GST_PAD_NAME (failed.get ());
  ck_assert (
      (b.transcoder.problems () == std::vector<std::string>{name + ": " + told, name + ": "}));
  ck_assert_uint_eq (b.transcoder.errors (), 0);
}

START_TEST (encoder_gives_up)
{
  encoder_fails (GST_PAD_PROBE_HANDLED, "x264enc gave up, and is replaced");
}
END_TEST

START_TEST (encoder_swallows_frames)
{
  encoder_fails (GST_PAD_PROBE_DROP, "x264enc puts out nothing, and is replaced");
}
END_TEST

START_TEST (encoder_gives_up_at_the_very_end)
{
  for (const int frames : {0, 1, 2}) {
    Broken b;
    b.both_play ();
    b.spoil ("x264enc", GST_PAD_PROBE_HANDLED);
    for (int i = 0; i < frames; ++i)
      b.frame ();
    b.feed.push (gst_event_new_eos ());
    b.large_peer.wait_for_eos ();
    b.small_peer.wait_for_eos ();
    ck_assert_uint_eq (b.transcoder.errors (), 0);
  }
}
END_TEST

START_TEST (decoder_gives_up)
{
  Broken b;
  b.both_play ();
  const auto broken = b.spoil ("vp8dec", GST_PAD_PROBE_HANDLED);
  b.wait_until ([&] { return !problem_of (b.large.get ()).empty (); });
  assert_text (problem_of (b.large.get ()), "the video cannot be decoded");
  assert_text (problem_of (b.small.get ()), "the video cannot be decoded");
  b.both_play ();
  b.wait_until (
      [&] { return problem_of (b.large.get ()).empty () && problem_of (b.small.get ()).empty (); });
  ck_assert_int_eq (b.large_peer.saw (GST_EVENT_EOS), 0);
  ck_assert_uint_eq (b.transcoder.problems ().size (), 4);
  ck_assert_uint_eq (b.transcoder.errors (), 0);
}
END_TEST

START_TEST (a_failure_that_nobody_watches_is_forgotten)
{
  Broken b;
  b.both_play ();
  b.spoil ("vp8dec", GST_PAD_PROBE_HANDLED);
  b.wait_until ([&] { return !problem_of (b.large.get ()).empty (); });
  b.large_peer.demand (false);
  b.small_peer.demand (false);
  b.wait_until (
      [&] { return problem_of (b.large.get ()).empty () && problem_of (b.small.get ()).empty (); });
  b.wait_until ([&] { return b.transcoder.children () == 0; });
}
END_TEST

START_TEST (too_large_a_picture_is_not_decoded)
{
  Broken b;
  b.both_play ();
  auto caps = adopt (gst_caps_copy (b.track.caps.get ()));
  gst_caps_set_simple (
      caps.get (), "width", G_TYPE_INT, 16384, "height", G_TYPE_INT, 16384, nullptr);
  b.feed.push (gst_event_new_caps (caps.get ()));
  b.wait_until ([&] { return !problem_of (b.large.get ()).empty (); });
  b.feed.push (gst_event_new_caps (b.track.caps.get ()));
  b.both_play ();
  assert_text (problem_of (b.large.get ()), "");
  ck_assert_uint_eq (b.transcoder.errors (), 0);
}
END_TEST

/** No header of it can be looked at beforehand. */
START_TEST (what_follows_a_frame_of_vp9_is_not_decoded)
{
  const auto record_vp9 = [] (const std::string &size) {
    return record ("videotestsrc num-buffers=1 ! video/x-raw,format=I420,framerate=30/1," + size
                   + " ! vp9enc deadline=1 cpu-used=8");
  };
  const auto small = record_vp9 ("width=160,height=120"),
             large = record_vp9 ("width=640,height=480");
  const auto both = adopt (gst_buffer_append (
      gst_buffer_copy (small.buffers[0].get ()), gst_buffer_copy (large.buffers[0].get ())));
  Transcoder transcoder;
  Feed feed (transcoder.element (), "video", false);
  const auto pad = transcoder.request ("video_0");
  Peer peer ("video/x-vp8");
  peer.link (pad.get ());
  feed.start (small.caps.get ());
  ck_assert_int_eq (feed.push (both), GST_FLOW_OK);
  feed.push (gst_event_new_eos ());
  peer.wait_for_eos ();
  const auto decoder = child_of_factory (transcoder.element (), "avdec_vp9");
  ck_assert (decoder);
  const auto src = adopt (gst_element_get_static_pad (decoder.get (), "src"));
  const auto caps = adopt (gst_pad_get_current_caps (src.get ()));
  int width = 0;
  gst_structure_get_int (gst_caps_get_structure (caps.get (), 0), "width", &width);
  ck_assert_int_eq (width, 160);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("transcode-video-failures",
      {encoder_gives_up, encoder_swallows_frames, encoder_gives_up_at_the_very_end,
          decoder_gives_up, a_failure_that_nobody_watches_is_forgotten,
          too_large_a_picture_is_not_decoded, what_follows_a_frame_of_vp9_is_not_decoded});
}
