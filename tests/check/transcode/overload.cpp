// SPDX-License-Identifier: LGPL-2.1-or-later
// An encoder that takes too long, in time that the test keeps: its rendition is cut, the others and
// the source go on, and it gets back what it was.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <ranges>
#include <set>
#include <thread>

#include <gst/check/gsttestclock.h>

#include "tests/check/transcode/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

constexpr GstClockTime frame_time = GST_SECOND / 30;

/** The source as it is, and two renditions, of which the larger one's encoder is slow. Time is what
 * the test says it is, for the element and for how long that encoder takes. */
struct Overloaded
{
  const Ref<GstClock> clock = adopt (gst_test_clock_new ());
  mutable std::mutex mutex;
  std::condition_variable changed; // with mutex: time, slow
  // under mutex
  GstClockTime cost = 0;                         // of each picture of the large one
  GstClockTime small_seen = GST_CLOCK_TIME_NONE; // timestamp
  int niceness = 0;                              // of encoders
  std::set<GstElement *> at_work;                // encoders
  std::map<GstElement *, GstClockTime> slow;     // and until when some are
  Transcoder transcoder;
  Feed feed{transcoder.element (), "video"};
  Ref<GstPad> source = transcoder.request ("video_0"), large = transcoder.request ("video_1"),
              small = transcoder.request ("video_2");
  Peer source_peer{"video/x-vp8"}, large_peer{"video/x-h264"}, small_peer{"video/x-h264"};
  Track track = record (
      "videotestsrc pattern=ball num-buffers=60 ! video/x-raw,format=I420,width=160,height=120,"
      "framerate=30/1 ! vp8enc deadline=1 cpu-used=8 keyframe-max-dist=30");
  std::size_t number = 0; // frames

  Overloaded ()
  {
    gst_element_set_clock (transcoder.element (), clock.get ());
    g_signal_connect (transcoder.element (), "element-added", G_CALLBACK (on_element), this);
    g_signal_connect (transcoder.element (), "element-removed", G_CALLBACK (on_gone), this);
    g_object_set (small.get (), "rendition", "60p", nullptr);
    source_peer.link (source.get ());
    large_peer.link (large.get ());
    small_peer.link (small.get ());
    feed.start (track.caps.get ());
    while (large_peer.count () == 0 || small_peer.count () == 0) { // encoders are tried first
      push ();
      wait_until ([this] { return all_done (); });
    }
  }
  ~Overloaded () { set_cost (0); }

  /** Of each picture of the large one. Nobody is to wait for time that doesn't come. */
  void set_cost (GstClockTime time)
  {
    std::unique_lock lock{mutex};
    cost = time;
    if (cost > 0 || slow.empty ())
      return;
    advance_to (std::ranges::max (slow | std::views::values));
    changed.wait (lock, [this] { return slow.empty (); });
  }

  /** The next one, and everybody done with it who can be. */
  void frame ()
  {
    push ();
    wait_until ([this] { return has_small_seen () && all_done (); });
    std::unique_lock lock{mutex};
    advance_to (now () + frame_time);
    changed.wait (lock, [this] { return !is_overdue (); });
  }

  /** For so many seconds of the stream at most. */
  bool reaches (const std::function<bool ()> &condition, int seconds)
  {
    for (int n = 0; n < 30 * seconds && !condition (); ++n)
      frame ();
    return condition ();
  }
  bool says (std::string_view text) const
  {
    return decision_of (large.get ()).find (text) != std::string::npos;
  }

  using Lock = std::unique_lock<std::mutex>;

  GstClockTime now () const { return gst_clock_get_time (clock.get ()); }
  /** Under mutex. */
  void advance_to (GstClockTime time)
  {
    if (time > now ())
      gst_test_clock_set_time (GST_TEST_CLOCK (clock.get ()), time);
    changed.notify_all ();
  }
  bool is_overdue () const
  {
    return std::ranges::any_of (slow, [this] (const auto &s) { return s.second <= now (); });
  }
  bool has_small_seen () const
  {
    const std::lock_guard lock{mutex};
    return GST_CLOCK_TIME_IS_VALID (small_seen) && small_seen + frame_time >= number * frame_time;
  }

  static void on_element (GstBin *, GstElement *element, Overloaded *self)
  {
    const auto *factory = gst_element_get_factory (element);
    if (factory == nullptr || !g_str_equal (GST_OBJECT_NAME (factory), "x264enc"))
      return;
    for (const char *name : {"sink", "src"}) {
      const auto pad = adopt (gst_element_get_static_pad (element, name));
      gst_pad_add_probe (pad.get (), GST_PAD_PROBE_TYPE_BUFFER,
          GST_PAD_IS_SINK (pad.get ()) ? on_picture : on_done, self, nullptr);
    }
  }
  static void on_gone (GstBin *, GstElement *element, Overloaded *self)
  {
    const std::lock_guard lock{self->mutex};
    self->at_work.erase (element);
  }
  static GstPadProbeReturn on_picture (GstPad *pad, GstPadProbeInfo *info, gpointer data)
  {
    auto &self = *static_cast<Overloaded *> (data);
    int width = 0;
    const auto caps = adopt (gst_pad_get_current_caps (pad));
    gst_structure_get_int (gst_caps_get_structure (caps.get (), 0), "width", &width);
    Lock lock{self.mutex};
    self.niceness = getpriority (PRIO_PROCESS, static_cast<id_t> (gettid ()));
    self.at_work.insert (GST_PAD_PARENT (pad));
    if (width != 160)
      self.small_seen = GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info));
    else if (self.cost > 0)
      self.spend (GST_PAD_PARENT (pad), lock);
    return GST_PAD_PROBE_OK;
  }
  void spend (GstElement *encoder, Lock &lock)
  {
    const auto end = now () + cost;
    slow[encoder] = end;
    changed.wait (lock, [&] { return now () >= end; });
    slow.erase (encoder);
    changed.notify_all ();
  }
  static GstPadProbeReturn on_done (GstPad *pad, GstPadProbeInfo *, gpointer data)
  {
    auto &self = *static_cast<Overloaded *> (data);
    const std::lock_guard lock{self.mutex};
    self.at_work.erase (GST_PAD_PARENT (pad));
    return GST_PAD_PROBE_OK;
  }

  /** Under mutex. Those that are slow, or about to end, are not waited for. */
  bool is_done (GstElement *child) const
  {
    if (gst_element_is_locked_state (child) || slow.contains (child))
      return true;
    const auto *factory = gst_element_get_factory (child);
    if (gst_element_factory_list_is_type (
            const_cast<GstElementFactory *> (factory), GST_ELEMENT_FACTORY_TYPE_DECODER))
      return is_idle (child);
    if (g_object_class_find_property (G_OBJECT_GET_CLASS (child), "leaky") == nullptr) // no queue
      return !at_work.contains (child);
    guint level = 0;
    g_object_get (child, "current-level-buffers", &level, nullptr);
    ck_assert (level <= 4 || !g_str_has_prefix (GST_OBJECT_NAME (child), "pictures"));
    const auto pad = adopt (gst_element_get_static_pad (child, "src"));
    const auto peer = adopt (gst_pad_get_peer (pad.get ()));
    return level == 0 || !peer || slow.contains (GST_PAD_PARENT (peer.get ()));
  }
  /** Its thread has given what came out of it to every encoder's queue. */
  static bool is_idle (GstElement *decoder)
  {
    const auto pad = adopt (gst_element_get_static_pad (decoder, "sink"));
    const bool idle = GST_PAD_STREAM_TRYLOCK (pad.get ());
    if (idle)
      GST_PAD_STREAM_UNLOCK (pad.get ());
    return idle;
  }
  bool all_done () const
  {
    std::vector<Ref<GstElement>> children;
    {
      ObjectLock lock{transcoder.element ()};
      for (auto *l = GST_BIN_CHILDREN (transcoder.element ()); l != nullptr; l = l->next)
        children.push_back (share (GST_ELEMENT (l->data)));
    }
    const std::lock_guard lock{mutex};
    return std::ranges::all_of (children, [&] (const auto &c) { return is_done (c.get ()); });
  }

  /** Looks now and then: whoever looks all the time keeps others from the locks. */
  static void wait_until (const std::function<bool ()> &condition)
  {
    for (int tries = 0; !condition (); ++tries) {
      ck_assert_int_lt (tries, 100'000);
      std::this_thread::sleep_for (std::chrono::microseconds{200});
    }
  }

  void push ()
  {
    auto copy = adopt (gst_buffer_copy (track.buffers[number % track.buffers.size ()].get ()));
    GST_BUFFER_PTS (copy.get ()) = GST_BUFFER_DTS (copy.get ()) = number * frame_time;
    ck_assert_int_eq (feed.push (copy), GST_FLOW_OK);
    ck_assert_uint_eq (source_peer.count (), ++number); // at once, whatever the encoders do
  }
};

constexpr std::string_view less = "; with less effort, because", fewer = "half of the pictures";

START_TEST (cut_step_by_step_and_given_back)
{
  Overloaded o;
  ck_assert (o.reaches ([&] { return o.large_peer.count () >= 60; }, 10));
  assert_text (
      decision_of (o.large.get ()), "transcoding, because the peer does not take video/x-vp8");
  o.set_cost (5 * frame_time);
  ck_assert (o.reaches ([&] { return o.says (less); }, 5));
  ck_assert (o.reaches ([&] { return o.says (fewer); }, 10));
  assert_text (problem_of (o.large.get ()), "");
  ck_assert (o.reaches ([&] { return !problem_of (o.large.get ()).empty (); }, 10));
  assert_text (problem_of (o.large.get ()), "this machine cannot keep up with it");
  assert_text (
      decision_of (o.small.get ()), "transcoding, because the peer does not take video/x-vp8");
  o.set_cost (0);
  ck_assert (o.reaches ([&] { return o.says (fewer); }, 60));
  assert_text (problem_of (o.large.get ()), "");
  ck_assert (o.reaches ([&] { return !o.says (fewer); }, 60));
  ck_assert (o.reaches ([&] { return !o.says ("effort"); }, 60));
  o.large_peer.clear ();
  ck_assert (o.reaches ([&] { return o.large_peer.count () >= 30; }, 3));
  ck_assert_uint_eq (o.transcoder.errors (), 0);
}
END_TEST

START_TEST (just_fast_enough_with_half_of_the_pictures)
{
  Overloaded o;
  o.set_cost (3 * frame_time / 2);
  ck_assert (o.reaches ([&] { return o.says (fewer); }, 20));
  o.large_peer.clear ();
  const auto before = o.number;
  for (int n = 0; n < 150; ++n)
    o.frame ();
  ck_assert (o.says (fewer));
  assert_text (problem_of (o.large.get ()), "");
  const auto came = o.large_peer.count () * 2;
  ck_assert_uint_ge (came + 12, o.number - before);
  ck_assert_uint_le (came, o.number - before + 12);
}
END_TEST

START_TEST (who_comes_meanwhile_gets_what_there_is)
{
  Overloaded o;
  o.set_cost (3 * frame_time / 2);
  ck_assert (o.reaches ([&] { return o.says (fewer); }, 20));
  Peer late ("video/x-h264");
  const auto pad = o.transcoder.request ("video_3");
  late.link (pad.get ());
  ck_assert (o.reaches ([&] { return late.count () >= 10; }, 5));
  ck_assert (decision_of (pad.get ()).find (fewer) != std::string::npos);
  late.unlink ();
}
END_TEST

START_TEST (encoders_step_back)
{
  Overloaded o;
  const int own = getpriority (PRIO_PROCESS, static_cast<id_t> (gettid ()));
  const std::lock_guard lock{o.mutex};
  ck_assert_int_eq (o.niceness, std::min (own + 10, 19));
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("transcode-overload",
      {cut_step_by_step_and_given_back, just_fast_enough_with_half_of_the_pictures,
          who_comes_meanwhile_gets_what_there_is, encoders_step_back});
}
