// SPDX-License-Identifier: LGPL-2.1-or-later
// Conversions that are flushed, begin anew at an earlier time, or are asked things meanwhile.
#include <atomic>
#include <chrono>
#include <future>
#include <string_view>
#include <thread>

#include "tests/check/transcode/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

Track
record_camera (int frames)
{
  return record ("videotestsrc pattern=ball num-buffers=" + std::to_string (frames)
                 + " ! video/x-raw,format=I420,width=160,height=120,framerate=30/1 ! vp8enc "
                   "deadline=1 cpu-used=8 keyframe-max-dist=30");
}

/** One source that may be held up, and one output. */
struct Video
{
  Transcoder transcoder;
  Feed feed{transcoder.element (), "video", false};
  Ref<GstPad> pad = transcoder.request ("video_0");
  Peer peer{"video/x-h264"};
  Track track = record_camera (60);

  Video ()
  {
    peer.link (pad.get ());
    feed.start (track.caps.get ());
  }
  void play ()
  {
    for (const auto &buffer : track.buffers)
      ck_assert_int_eq (feed.push (adopt (gst_buffer_copy (buffer.get ()))), GST_FLOW_OK);
  }
  void begin_anew ()
  {
    GstSegment segment;
    gst_segment_init (&segment, GST_FORMAT_TIME);
    feed.push (gst_event_new_segment (&segment));
  }
};

/** Holds every buffer, as a sink that is paused does, until it is flushed. */
class Holder
{
public:
  explicit Holder (GstPad *pad) : pad_ (pad)
  {
    const auto type =
        static_cast<GstPadProbeType> (GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_FLUSH);
    id_ = gst_pad_add_probe (pad, type, on_data, this, nullptr);
  }
  ~Holder ()
  {
    let_go ();
    gst_pad_remove_probe (pad_, id_);
  }
  Holder (const Holder &) = delete;
  Holder &operator= (const Holder &) = delete;

  void let_go ()
  {
    const std::lock_guard lock{mutex_};
    flushed_ = true;
    changed_.notify_all ();
  }
  void wait_until_held ()
  {
    std::unique_lock lock{mutex_};
    ck_assert (changed_.wait_for (lock, std::chrono::seconds{20}, [this] { return held_; }));
  }

private:
  static GstPadProbeReturn on_data (GstPad *, GstPadProbeInfo *info, gpointer data)
  {
    auto &self = *static_cast<Holder *> (data);
    if ((GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER) == 0) {
      self.let_go ();
      return GST_PAD_PROBE_OK;
    }
    std::unique_lock lock{self.mutex_};
    self.held_ = true;
    self.changed_.notify_all ();
    self.changed_.wait (lock, [&self] { return self.flushed_; });
    return GST_PAD_PROBE_OK;
  }

  GstPad *const pad_;
  gulong id_ = 0;
  std::mutex mutex_; // guards the two below
  bool held_ = false, flushed_ = false;
  std::condition_variable changed_;
};

START_TEST (a_flush_frees_a_peer_that_holds_a_picture)
{
  Video video;
  Holder holder (video.peer.pad ());
  for (int i = 0; i < 10; ++i)
    ck_assert_int_eq (video.feed.push (video.track.buffers[static_cast<std::size_t> (i)]), 0);
  holder.wait_until_held ();
  auto flush = std::async (
      std::launch::async, [&video] { return video.feed.push (gst_event_new_flush_start ()); });
  const bool in_time = flush.wait_for (std::chrono::seconds{10}) == std::future_status::ready;
  holder.let_go ();
  ck_assert (in_time);
  video.feed.push (gst_event_new_flush_stop (TRUE));
  video.peer.clear ();
  video.begin_anew ();
  video.play ();
  video.feed.push (gst_event_new_eos ());
  video.peer.wait_for_eos ();
  ck_assert_uint_ge (video.peer.count (), 50);
}
END_TEST

/** Somebody joins in the middle: what was shown then is in the future after it. */
void
expect_pictures_after (bool flush)
{
  Video video;
  video.peer.demand (false);
  video.play ();
  video.peer.demand (true);
  const auto late = adopt (gst_buffer_copy (video.track.buffers[30].get ()));
  GST_BUFFER_PTS (late.get ()) = 100 * GST_SECOND;
  ck_assert_int_eq (video.feed.push (late), GST_FLOW_OK);
  if (flush) {
    video.feed.push (gst_event_new_flush_start ());
    video.feed.push (gst_event_new_flush_stop (TRUE));
  }
  video.begin_anew ();
  video.peer.clear ();
  video.play ();
  Peer second ("video/x-h264");
  second.link (video.transcoder.request ("video_1").get ());
  video.begin_anew ();
  video.play ();
  video.feed.push (gst_event_new_eos ());
  video.peer.wait_for_eos ();
  second.wait_for_eos ();
  ck_assert_uint_ge (video.peer.count (), 110);
  ck_assert_uint_ge (second.count (), 25);
}

START_TEST (pictures_after_a_seek_back)
{
  expect_pictures_after (true);
}
END_TEST

START_TEST (pictures_in_a_segment_that_begins_earlier)
{
  expect_pictures_after (false);
}
END_TEST

/** They come on any thread. */
START_TEST (events_out_of_band_while_it_begins_and_ends)
{
  Video video;
  std::atomic<bool> over = false;
  std::thread other ([&] {
    while (!over) {
      video.feed.push (gst_event_new_custom (
          GST_EVENT_CUSTOM_DOWNSTREAM_OOB, gst_structure_new_empty ("whatever")));
      std::this_thread::yield ();
    }
  });
  for (int i = 0; i < 8; ++i) {
    auto caps = adopt (gst_caps_copy (video.track.caps.get ()));
    gst_caps_set_simple (caps.get (), "framerate", GST_TYPE_FRACTION, 20 + i, 1, nullptr);
    video.feed.push (gst_event_new_caps (caps.get ()));
    ck_assert_int_eq (video.feed.push (video.track.buffers[0]), GST_FLOW_OK);
    video.peer.wait_for (1);
    video.peer.clear ();
  }
  over = true;
  other.join ();
}
END_TEST

/** A question by another thread that is on its way through a conversion, and arrives only when that
 * has gone. */
class LateQuestion
{
public:
  /** @p inner: the name of a pad that it comes to. */
  LateQuestion (GstElement *bin, GstPad *peer, const char *inner)
      : inner_ (find (bin, inner)), peer_ (share (peer))
  {
    ck_assert (inner_);
    gst_pad_add_probe (inner_.get (), GST_PAD_PROBE_TYPE_QUERY_UPSTREAM, on_query, this, nullptr);
    answered_ = std::async (std::launch::async, [this] {
      const auto query = adopt (gst_query_new_latency ());
      gst_pad_peer_query (peer_.get (), query.get ());
    });
    std::unique_lock lock{mutex_};
    ck_assert (changed_.wait_for (lock, std::chrono::seconds{20}, [this] { return here_; }));
  }
  /** Only the query and this hold the pad then. */
  void wait_until_gone ()
  {
    const auto end = std::chrono::steady_clock::now () + std::chrono::seconds{20};
    while (adopt (gst_pad_get_peer (inner_.get ()))) {
      ck_assert (std::chrono::steady_clock::now () < end);
      std::this_thread::yield ();
    }
  }
  void arrive ()
  {
    {
      const std::lock_guard lock{mutex_};
      goes_on_ = true;
    }
    changed_.notify_all ();
    answered_.wait ();
  }

private:
  static Ref<GstPad> find (GstElement *bin, std::string_view name)
  {
    const ObjectLock lock{bin};
    for (auto *l = GST_BIN_CHILDREN (bin); l != nullptr; l = l->next) {
      const auto sink = adopt (gst_element_get_static_pad (GST_ELEMENT (l->data), "sink"));
      auto before = adopt (gst_pad_get_peer (sink.get ()));
      if (before && GST_PAD_NAME (before.get ()) == name)
        return before;
    }
    return nullptr;
  }
  static GstPadProbeReturn on_query (GstPad *, GstPadProbeInfo *info, gpointer data)
  {
    auto &self = *static_cast<LateQuestion *> (data);
    if (GST_QUERY_TYPE (GST_PAD_PROBE_INFO_QUERY (info)) != GST_QUERY_LATENCY)
      return GST_PAD_PROBE_OK;
    std::unique_lock lock{self.mutex_};
    self.here_ = true;
    self.changed_.notify_all ();
    self.changed_.wait (lock, [&self] { return self.goes_on_; });
    return GST_PAD_PROBE_REMOVE;
  }

  const Ref<GstPad> inner_, peer_;
  std::mutex mutex_; // guards the two below
  bool here_ = false, goes_on_ = false;
  std::condition_variable changed_;
  std::future<void> answered_;
};

START_TEST (a_question_outlives_its_rendition)
{
  Video video;
  video.play ();
  video.peer.wait_for (1);
  LateQuestion question (video.transcoder.element (), video.peer.pad (), "head");
  g_object_set (video.pad.get (), "bitrate", 300'000u, nullptr);
  video.peer.clear ();
  const auto late = adopt (gst_buffer_copy (video.track.buffers[0].get ()));
  GST_BUFFER_PTS (late.get ()) = 10 * GST_SECOND;
  ck_assert_int_eq (video.feed.push (late), GST_FLOW_OK);
  question.wait_until_gone ();
  question.arrive ();
}
END_TEST

START_TEST (a_question_outlives_its_sound)
{
  const auto track = record_aac (1);
  Converting c;
  ck_assert_int_eq (c.feed.push (track), GST_FLOW_OK);
  LateQuestion question (c.transcoder.element (), c.peer.pad (), "feed");
  g_object_set (c.pad.get (), "bitrate", 64'000u, nullptr);
  ck_assert_int_eq (c.feed.push (track.buffers[0]), GST_FLOW_OK);
  question.wait_until_gone ();
  question.arrive ();
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("transcode-flush",
      {a_flush_frees_a_peer_that_holds_a_picture, pictures_after_a_seek_back,
          pictures_in_a_segment_that_begins_earlier, events_out_of_band_while_it_begins_and_ends,
          a_question_outlives_its_rendition, a_question_outlives_its_sound});
}
