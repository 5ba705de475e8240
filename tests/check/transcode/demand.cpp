// SPDX-License-Identifier: LGPL-2.1-or-later
// The conversion of stagetranscodebin runs only while a peer says that it wants it.
#include "tests/check/transcode/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

/** Feeds @p track as one endless stream. */
class Stream
{
public:
  Stream (Feed &feed, const Track &track) : feed_ (feed), track_ (track)
  {
    feed.start (track.caps.get ());
  }

  void frame ()
  {
    auto buffer = adopt (gst_buffer_copy (track_.buffers[next_].get ()));
    GST_BUFFER_PTS (buffer.get ()) = time;
    ck_assert_int_eq (feed_.push (buffer), GST_FLOW_OK);
    time += 1024 * GST_SECOND / 48000;
    next_ = (next_ + 1) % track_.buffers.size ();
  }
  void go (GstClockTime duration)
  {
    for (const auto end = time + duration; time < end;)
      frame ();
  }

  GstClockTime time = 0; ///< of the next frame

private:
  Feed &feed_;
  const Track &track_;
  std::size_t next_ = 0;
};

START_TEST (unwanted_from_the_start)
{
  const auto track = record_aac (1);
  Converting c;
  c.peer.demand (false);
  Stream stream (c.feed, track);
  stream.go (GST_SECOND);
  ck_assert_uint_eq (c.transcoder.children (), 0);
  ck_assert_uint_eq (c.peer.count (), 0);
  assert_text (c.peer.media_type (), opus);
  ck_assert_int_eq (c.peer.saw (GST_EVENT_STREAM_START), 1);
  ck_assert_int_eq (c.peer.saw (GST_EVENT_CAPS), 1);
  ck_assert_int_eq (c.peer.saw (GST_EVENT_SEGMENT), 1);
  ck_assert_uint_eq (c.transcoder.problems ().size (), 0);
}
END_TEST

START_TEST (starts_at_once_and_where_the_stream_is)
{
  const auto track = record_aac (1);
  Converting c;
  c.peer.demand (false);
  Stream stream (c.feed, track);
  for (int i = 0; i < 5; ++i) {
    stream.go (20 * GST_SECOND);
    ck_assert_uint_eq (c.transcoder.children (), 0);
    c.peer.clear ();
    c.peer.demand (true);
    const auto start = stream.time;
    while (c.peer.count () == 0)
      stream.frame ();
    ck_assert_uint_le (stream.time - start, 100 * GST_MSECOND);
    const auto first = GST_BUFFER_PTS (c.peer.buffers ()[0].get ());
    ck_assert_int_le (distance (first, start), 60 * GST_MSECOND);
    stream.go (GST_SECOND);
    c.expect_opus (stream.time - start, 100 * GST_MSECOND);
    c.peer.demand (false);
  }
}
END_TEST

START_TEST (stops_after_a_while)
{
  const auto track = record_aac (1);
  Converting c;
  Stream stream (c.feed, track);
  stream.go (10 * GST_SECOND); // who has said nothing wants it
  ck_assert_uint_ne (c.transcoder.children (), 0);
  c.peer.demand (false);
  stream.go (4900 * GST_MSECOND);
  ck_assert_uint_ne (c.transcoder.children (), 0);
  c.peer.demand (true); // a page was loaded anew
  stream.go (GST_SECOND);
  c.expect_opus (stream.time);
  c.peer.demand (false);
  stream.go (4900 * GST_MSECOND);
  ck_assert_uint_ne (c.transcoder.children (), 0);
  stream.go (200 * GST_MSECOND);
  ck_assert_uint_eq (c.transcoder.children (), 0);
  const auto count = c.peer.count ();
  stream.go (GST_SECOND);
  ck_assert_uint_eq (c.peer.count (), count);
  ck_assert_int_eq (c.peer.saw (GST_EVENT_EOS), 0);
}
END_TEST

START_TEST (one_of_two_is_enough)
{
  const auto track = record_aac (1);
  Converting c;
  Peer second (opus);
  second.link (c.transcoder.request ("audio_%u").get ());
  c.peer.demand (false);
  second.demand (false);
  Stream stream (c.feed, track);
  stream.go (GST_SECOND);
  ck_assert_uint_eq (c.transcoder.children (), 0);
  second.demand (true);
  stream.go (10 * GST_SECOND);
  ck_assert_uint_gt (second.count (), 450);
  c.peer.demand (true);
  second.demand (false);
  c.peer.clear ();
  stream.go (10 * GST_SECOND);
  c.expect_opus (10 * GST_SECOND);
  c.peer.demand (false);
  stream.go (6 * GST_SECOND);
  ck_assert_uint_eq (c.transcoder.children (), 0);
}
END_TEST

START_TEST (next_stream_on_the_same_pads)
{
  const auto track = record_aac (1);
  Converting c;
  c.peer.demand (false);
  for (int i = 0; i < 3; ++i) {
    c.peer.clear ();
    Stream stream (c.feed, track);
    stream.go (GST_SECOND);
    ck_assert_int_eq (c.peer.saw (GST_EVENT_STREAM_START), 1);
    ck_assert_int_eq (c.peer.saw (GST_EVENT_CAPS), 1);
    ck_assert_int_ge (c.peer.saw (GST_EVENT_SEGMENT), 1);
    ck_assert_uint_eq (c.transcoder.children (), 0);
    c.feed.push (gst_event_new_eos ());
    ck_assert_int_eq (c.peer.saw (GST_EVENT_EOS), 1);
  }
  c.peer.demand (true);
  c.peer.clear ();
  Stream stream (c.feed, track);
  stream.go (GST_SECOND);
  c.expect_opus (GST_SECOND);
}
END_TEST

START_TEST (new_caps_while_unwanted)
{
  const auto first = record_aac (1), second = record_aac (1, 44100, 1);
  Converting c;
  c.peer.demand (false);
  Stream before (c.feed, first);
  before.go (GST_SECOND);
  Stream after (c.feed, second);
  after.go (GST_SECOND);
  ck_assert_uint_eq (c.transcoder.children (), 0);
  c.peer.demand (true);
  after.go (GST_SECOND);
  ck_assert_uint_gt (c.peer.count (), 40);
}
END_TEST

START_TEST (new_peer_has_said_nothing)
{
  const auto track = record_aac (1);
  Converting c;
  c.peer.demand (false);
  Stream stream (c.feed, track);
  stream.go (GST_SECOND);
  c.peer.unlink ();
  Peer other (opus);
  other.link (c.pad.get ());
  stream.go (10 * GST_SECOND);
  ck_assert_uint_gt (other.count (), 450);
  other.unlink ();
}
END_TEST

START_TEST (reconfiguration_asks_anew)
{
  const auto track = record_aac (1);
  Converting c;
  Stream stream (c.feed, track);
  for (const GstClockTime pause : {1, 7}) { // while it lingers, and when it has ended
    stream.go (GST_SECOND);
    c.peer.demand (false);
    stream.go (pause * GST_SECOND);
    c.peer.clear ();
    gst_pad_push_event (c.peer.pad (), gst_event_new_reconfigure ());
    stream.go (GST_SECOND);
    ck_assert_int_ge (c.peer.saw (GST_EVENT_CAPS), 1); // to which it says what it wants
  }
}
END_TEST

START_TEST (passing_on_needs_no_demand)
{
  const auto track = record_aac (1);
  Transcoder transcoder;
  Feed feed (transcoder.element (), "audio");
  Peer peer (aac);
  peer.link (transcoder.request ("audio_%u").get ());
  peer.demand (false);
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  ck_assert_uint_eq (peer.count (), track.buffers.size ());
  ck_assert_int_eq (feed.saw (GST_EVENT_CUSTOM_UPSTREAM), 0);
}
END_TEST

START_TEST (problem_is_solved_without_demand)
{
  const auto track = record_aac (1);
  Converting c;
  c.feed.start (track.caps.get ());
  auto empty = adopt (gst_buffer_new_allocate (nullptr, 3, nullptr));
  gst_buffer_memset (empty.get (), 0, 0xff, 3);
  for (int i = 0; i < 150; ++i) {
    auto copy = adopt (gst_buffer_copy (empty.get ()));
    GST_BUFFER_PTS (copy.get ()) = static_cast<GstClockTime> (i) * 20 * GST_MSECOND;
    ck_assert_int_eq (c.feed.push (copy), GST_FLOW_OK);
  }
  assert_text (c.transcoder.problems ().at (0), "audio_0: the audio cannot be decoded");
  c.peer.demand (false);
  Stream stream (c.feed, track);
  while (c.peer.count () < 10) // tried again a second later
    stream.frame ();
  assert_text (c.transcoder.problems ().at (0), "audio_0: ");
  stream.go (6 * GST_SECOND);
  ck_assert_uint_eq (c.transcoder.children (), 0);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("transcode-demand",
      {unwanted_from_the_start, starts_at_once_and_where_the_stream_is, stops_after_a_while,
          one_of_two_is_enough, next_stream_on_the_same_pads, new_caps_while_unwanted,
          new_peer_has_said_nothing, reconfiguration_asks_anew, passing_on_needs_no_demand,
          problem_is_solved_without_demand});
}
