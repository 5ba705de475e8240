// SPDX-License-Identifier: LGPL-2.1-or-later
// Timestamps through the conversion, and starting and stopping it again and again.
#include <thread>

#include "tests/check/transcode/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

/** As RTMP has them. */
void
round_to_milliseconds (Track &track)
{
  for (auto &buffer : track.buffers) {
    auto &pts = GST_BUFFER_PTS (buffer.get ());
    pts = (pts + GST_MSECOND / 2) / GST_MSECOND * GST_MSECOND;
    GST_BUFFER_DURATION (buffer.get ()) = GST_CLOCK_TIME_NONE;
  }
}

START_TEST (no_drift)
{
  auto track = record_aac (90, 44100);
  const auto duration = track.duration ();
  round_to_milliseconds (track);
  Converting c;
  ck_assert_int_eq (c.feed.push (track), GST_FLOW_OK);
  c.feed.push (gst_event_new_eos ());
  c.expect_opus (duration);
  const auto out = c.peer.buffers ();
  GstClockTime sum = GST_BUFFER_PTS (out.front ().get ());
  for (const auto &buffer : out) {
    ck_assert_int_le (distance (GST_BUFFER_PTS (buffer.get ()), sum), 20 * GST_MSECOND);
    sum += GST_BUFFER_DURATION (buffer.get ());
  }
}
END_TEST

START_TEST (publisher_clock_runs_fast)
{
  auto track = record_aac (30, 48000);
  for (auto &buffer : track.buffers) // by one part in a thousand
    GST_BUFFER_PTS (buffer.get ()) += GST_BUFFER_PTS (buffer.get ()) / 1000;
  round_to_milliseconds (track);
  Converting c;
  ck_assert_int_eq (c.feed.push (track), GST_FLOW_OK);
  const auto last_in = GST_BUFFER_PTS (track.buffers.back ().get ());
  const auto last_out = GST_BUFFER_PTS (c.peer.buffers ().back ().get ());
  ck_assert_int_le (distance (last_in, last_out), 60 * GST_MSECOND);
}
END_TEST

START_TEST (gaps_and_jumps_are_kept)
{
  auto track = record_aac (6, 44100);
  const auto third = track.buffers.size () / 3;
  for (std::size_t i = third; i < track.buffers.size (); ++i)
    GST_BUFFER_PTS (track.buffers[i].get ()) += (i < 2 * third ? 1 : 90) * GST_SECOND;
  Converting c;
  ck_assert_int_eq (c.feed.push (track), GST_FLOW_OK);
  c.feed.push (gst_event_new_eos ());
  c.expect_opus (track.duration ());
  std::size_t jumps = 0;
  GstClockTime expected = 0;
  for (const auto &buffer : c.peer.buffers ()) {
    const auto pts = GST_BUFFER_PTS (buffer.get ());
    if (distance (pts, expected) > 200 * GST_MSECOND) {
      ck_assert_int_le (
          distance (pts, GST_BUFFER_PTS (track.buffers[++jumps * third].get ())), 60 * GST_MSECOND);
    }
    expected = pts + GST_BUFFER_DURATION (buffer.get ());
  }
  ck_assert_uint_eq (jumps, 2);
}
END_TEST

START_TEST (publisher_who_was_away_comes_back)
{
  const auto track = record_aac (2, 44100);
  Converting c;
  ck_assert_int_eq (c.feed.push (track), GST_FLOW_OK);
  const auto before = c.peer.duration ();
  constexpr GstClockTime back = 17 * GST_SECOND;
  c.feed.push (gst_event_new_custom (
      GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new_empty ("stagedoor-resumed")));
  for (std::size_t i = 0; i < track.buffers.size (); ++i) {
    const auto again = adopt (gst_buffer_copy (track.buffers[i].get ()));
    GST_BUFFER_PTS (again.get ()) += back;
    if (i == 0)
      GST_BUFFER_FLAG_SET (again.get (), GST_BUFFER_FLAG_DISCONT);
    ck_assert_int_eq (c.feed.push (again), GST_FLOW_OK);
  }
  c.feed.push (gst_event_new_eos ());
  c.expect_opus (2 * track.duration (), 160 * GST_MSECOND); // no silence for the time between
  const auto out = c.peer.buffers ();
  GstClockTime heard = 0;
  for (const auto &buffer : out) {
    const auto pts = GST_BUFFER_PTS (buffer.get ());
    ck_assert_msg (pts < before + 100 * GST_MSECOND || pts > back - 100 * GST_MSECOND,
        "%" G_GUINT64_FORMAT, pts);
    ck_assert_uint_ge (pts, heard);
    heard = pts;
  }
  const auto last_in = GST_BUFFER_PTS (track.buffers.back ().get ()) + back;
  ck_assert_int_le (distance (last_in, heard), 60 * GST_MSECOND);
}
END_TEST

START_TEST (a_hundred_starts)
{
  const auto track = record_aac (1);
  Converting c;
  for (int i = 0; i < 100; ++i) {
    c.peer.clear ();
    ck_assert_int_eq (c.feed.push (track), GST_FLOW_OK);
    ck_assert_uint_gt (c.peer.count (), 40);
    gst_element_set_state (c.transcoder.element (), i % 2 ? GST_STATE_NULL : GST_STATE_READY);
    ck_assert_uint_eq (c.transcoder.children (), 0);
    ck_assert_int_eq (c.feed.push (track.buffers[0]), GST_FLOW_FLUSHING);
    gst_element_set_state (c.transcoder.element (), GST_STATE_PLAYING);
    c.feed.start (track.caps.get ());
  }
}
END_TEST

START_TEST (stopped_while_data_flows)
{
  const auto track = record_aac (1);
  for (int i = 0; i < 30; ++i) {
    Converting c;
    std::thread streaming ([&c, &track] {
      while (c.feed.push (track) == GST_FLOW_OK)
        ;
    });
    while (c.peer.count () < 5)
      std::this_thread::yield ();
    gst_element_set_state (c.transcoder.element (), GST_STATE_NULL);
    streaming.join ();
    ck_assert_uint_eq (c.transcoder.children (), 0);
    ck_assert_uint_eq (c.transcoder.errors (), 0);
  }
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("transcode-timing",
      {no_drift, publisher_clock_runs_fast, gaps_and_jumps_are_kept,
          publisher_who_was_away_comes_back, a_hundred_starts, stopped_while_data_flows});
}
