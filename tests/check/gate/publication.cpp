// SPDX-License-Identifier: LGPL-2.1-or-later
// Handing publications from the gate to consumers: waiting, leaving, coming back.
#include <future>

#include "tests/check/gate/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using gate::End;
using gate::Frame;
using gate::Item;
using gate::TrackCaps;

namespace {

std::string
good_stream ()
{
  return "demo?key=" + key_for ("live/demo");
}

std::uint64_t
stat (const gate::Publication &publication, const char *name)
{
  const Structure stats (publication.stats ());
  guint64 value = 0;
  ck_assert (gst_structure_get_uint64 (stats.get (), name, &value));
  return value;
}

bool
is_end (const Item &item)
{
  return std::holds_alternative<End> (item);
}

START_TEST (waiting_can_be_interrupted)
{
  TestGate gate;
  gate::Interrupt interrupt;
  auto waiting = std::async (
      std::launch::async, [&] { return gate->wait_for ("live/demo", interrupt) == nullptr; });
  interrupt.set ();
  ck_assert (waiting.get ());
  ck_assert (gate->wait_for ("live/demo", interrupt) == nullptr); // sticky
  interrupt.reset ();
  Publisher publisher (gate.port ());
  ck_assert (publisher.publish (good_stream ()));
  const auto publication = gate->wait_for ("live/demo", interrupt);
  ck_assert (publication != nullptr);
  auto popping =
      std::async (std::launch::async, [&] { return publication->pop (interrupt).has_value (); });
  interrupt.set ();
  ck_assert (!popping.get ());
}
END_TEST

START_TEST (only_one_consumer_at_a_time)
{
  TestGate gate;
  Publisher publisher (gate.port ());
  ck_assert (publisher.publish (good_stream ()));
  auto first = gate.claim ();
  auto second = std::async (std::launch::async, [&] { return gate.claim (); });
  ck_assert (second.wait_for (std::chrono::milliseconds (50)) == std::future_status::timeout);
  const auto *publication = first.get ();
  first.reset ();
  ck_assert_ptr_eq (second.get ().get (), publication);
}
END_TEST

START_TEST (ended_before_it_was_claimed)
{
  TestGate gate;
  {
    Publisher publisher (gate.port ());
    ck_assert (publisher.publish (good_stream ()));
    publisher.send_aac_setup ();
    publisher.send_audio (0);
  }
  ck_assert (eventually ([&] { return gate->counters ().open == 0; }));
  {
    const auto first = gate.claim ();
    ck_assert (std::holds_alternative<TrackCaps> (pop (*first)));
    frame_of (pop (*first));
    ck_assert (is_end (pop (*first)));
  }
  Publisher next (gate.port ());
  ck_assert (next.publish (good_stream ()));
  const auto second = gate.claim ();
  next.unpublish ();
  ck_assert (is_end (pop (*second)));
}
END_TEST

START_TEST (claimed_again_it_starts_with_caps_and_a_key_frame)
{
  TestGate gate;
  Publisher publisher (gate.port ());
  ck_assert (publisher.publish (good_stream ()));
  publisher.send_h264_setup ();
  auto first = gate.claim ();
  for (std::uint32_t i = 0; i < 3; ++i)
    publisher.send_video (i * 33, i == 0);
  ck_assert (std::holds_alternative<TrackCaps> (pop (*first)));
  frame_of (pop (*first));
  frame_of (pop (*first));
  first.reset ();
  for (std::uint32_t i = 3; i < 9; ++i)
    publisher.send_video (i * 33, i == 6);
  const auto second = gate.claim ();
  ck_assert (std::holds_alternative<TrackCaps> (pop (*second)));
  const auto key = pop (*second);
  ck_assert (is_key (frame_of (key)));
  ck_assert (GST_BUFFER_FLAG_IS_SET (frame_of (key).buffer.get (), GST_BUFFER_FLAG_DISCONT));
  publisher.unpublish ();
  ck_assert (pop_until (*second, is_end).has_value ());
  ck_assert_uint_eq (stat (*second, "video-frames"), 9);
}
END_TEST

START_TEST (setup_changes_in_mid_stream)
{
  TestGate gate;
  Publisher publisher (gate.port ());
  ck_assert (publisher.publish (good_stream ()));
  publisher.send_aac_setup ();
  publisher.send_audio (0);
  publisher.send_aac_setup (); // the same again is no change
  publisher.send_audio (20);
  publisher.send_tag (8, 40, {0xaf, 0, 0x11, 0x90});
  publisher.send_audio (40);
  const auto publication = gate.claim ();
  ck_assert (std::holds_alternative<TrackCaps> (pop (*publication)));
  frame_of (pop (*publication));
  frame_of (pop (*publication));
  const auto changed = pop (*publication);
  ck_assert (std::holds_alternative<TrackCaps> (changed));
  int rate = 0;
  gst_structure_get_int (
      gst_caps_get_structure (std::get<TrackCaps> (changed).caps.get (), 0), "rate", &rate);
  ck_assert_int_eq (rate, 48000);
  frame_of (pop (*publication));
}
END_TEST

START_TEST (frames_before_their_setup_are_dropped)
{
  TestGate gate;
  Publisher publisher (gate.port ());
  ck_assert (publisher.publish (good_stream ()));
  publisher.send_video (0, true);
  publisher.send_audio (0);
  publisher.send_aac_setup ();
  publisher.send_audio (20);
  const auto publication = gate.claim ();
  ck_assert (std::holds_alternative<TrackCaps> (pop (*publication)));
  frame_of (pop (*publication));
  ck_assert_uint_eq (stat (*publication, "broken-frames"), 2);
}
END_TEST

START_TEST (late_consumer_loses_whole_groups)
{
  TestGate gate;
  Publisher publisher (gate.port ());
  ck_assert (publisher.publish (good_stream ()));
  publisher.send_h264_setup ();
  const auto publication = gate.claim ();
  constexpr std::uint32_t frames = 1000; // of 60 kB, a key frame every ten
  for (std::uint32_t i = 0; i < frames; ++i)
    publisher.send_video (i * 33, i % 10 == 0, 60000);
  publisher.unpublish ();
  ck_assert (publisher.closed_by_peer ());
  const auto dropped = stat (*publication, "dropped-frames");
  ck_assert_uint_gt (dropped, 500);
  ck_assert_uint_eq (dropped % 10, 0);
  ck_assert (std::holds_alternative<TrackCaps> (pop (*publication)));
  ck_assert (is_key (frame_of (pop (*publication))));
}
END_TEST

START_TEST (consumer_closes_the_publisher)
{
  TestGate gate;
  Publisher publisher (gate.port ());
  ck_assert (publisher.publish (good_stream ()));
  const auto publication = gate.claim ();
  publication->close ("the show is over");
  ck_assert (publisher.expect ("the show is over"));
  ck_assert (publisher.closed_by_peer ());
  const auto end = pop_until (*publication, is_end);
  assert_text (std::get<End> (*end).why, "the show is over");
}
END_TEST

START_TEST (negative_and_wild_composition_times)
{
  TestGate gate;
  Publisher publisher (gate.port ());
  ck_assert (publisher.publish (good_stream ()));
  publisher.send_h264_setup ();
  const auto send = [&] (std::uint32_t ms, Bytes composition) {
    Bytes body;
    Writer writer (body);
    writer.u16 (0x1701);
    writer.bytes (ByteView (composition));
    writer.u32 (2);
    writer.u16 (0x6588);
    publisher.send_tag (9, ms, body);
  };
  send (0, {0, 0, 66});
  send (33, {0xff, 0xff, 0xce}); // -50 ms
  send (66, {0x7f, 0xff, 0xff}); // two hours
  const auto publication = gate.claim ();
  pop (*publication);
  for (const std::uint64_t pts : {66, 0, 66}) {
    const auto item = pop (*publication);
    const auto *buffer = frame_of (item).buffer.get ();
    ck_assert_uint_eq (GST_BUFFER_PTS (buffer), pts * GST_MSECOND);
    ck_assert_uint_le (GST_BUFFER_DTS (buffer), GST_BUFFER_PTS (buffer));
  }
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("publication",
      {waiting_can_be_interrupted, only_one_consumer_at_a_time, ended_before_it_was_claimed,
          claimed_again_it_starts_with_caps_and_a_key_frame, setup_changes_in_mid_stream,
          frames_before_their_setup_are_dropped, late_consumer_loses_whole_groups,
          consumer_closes_the_publisher, negative_and_wild_composition_times});
}
