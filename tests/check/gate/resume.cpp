// SPDX-License-Identifier: LGPL-2.1-or-later
// A publisher that goes away and comes back, in every way there is: the same pads, one timeline.
#include <algorithm>
#include <thread>

#include "tests/check/gate/srt_caller.hpp"
#include "tests/check/gate/trace.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

constexpr const char *patient = "reconnect-grace=60000";

std::string
why_of (const Ref<GstMessage> &message)
{
  ck_assert (message);
  const char *text = gst_structure_get_string (gst_message_get_structure (message.get ()), "why");
  ck_assert_ptr_nonnull (text);
  return text;
}

/** An element on a gate with an RTMP and an SRT door that the test has opened. */
struct House
{
  explicit House (const std::string &properties, std::vector<std::string> pads = {"video", "audio"})
      : pipeline (properties, std::move (pads), gate->address ()), trace (pipeline)
  {
    pipeline.play ();
  }
  ~House () { pipeline.set_state (GST_STATE_NULL); }

  Ref<GstMessage> message (const char *name)
  {
    return pipeline.wait_for (GST_MESSAGE_ELEMENT, name);
  }
  bool gets (const char *pad, std::size_t count)
  {
    return eventually ([&] { return trace.count (pad) >= count; });
  }
  SrtCaller call () { return {srt, {"publish:live/" + stream}}; }

  TestGate gate;
  const std::string stream = good_stream (); // one key for all: others would find it busy
  std::uint16_t srt = open_srt_door (*gate.pointer ());
  Pipeline pipeline;
  Trace trace;
};

/** Both tracks for half a second, ten frames a second each. */
void
show (Publisher &publisher, std::uint32_t from = 0)
{
  publisher.send_h264_setup ();
  publisher.send_aac_setup ();
  for (std::uint32_t i = 0; i < 5; ++i) {
    publisher.send_video (from + i * 100, i == 0);
    publisher.send_audio (from + i * 100 + 10);
  }
}

/** Publishes and shows, and waits for all of it. */
std::unique_ptr<Publisher>
appear (House &house)
{
  const auto video = house.trace.count ("video"), audio = house.trace.count ("audio");
  auto publisher = std::make_unique<Publisher> (house.gate.port ());
  ck_assert (publisher->publish (house.stream));
  show (*publisher);
  ck_assert (house.gets ("video", video + 5) && house.gets ("audio", audio + 5));
  return publisher;
}

START_TEST (every_way_by_rtmp)
{
  struct Way
  {
    const char *why;
    std::function<void (Publisher &)> leave;
  };
  const Way ways[] = {
      {"the publisher closed the connection",
          [] (Publisher &p) {
            p.close ();
          }},
      {"the connection broke",
          [] (Publisher &p) {
            p.reset ();
          }},
      {"the publisher stopped publishing",
          [] (Publisher &p) {
            p.unpublish ();
          }},
      {"the publisher closed the connection",
          [] (Publisher &p) {
            p.send_half_video (500, 5000, 1000);
            p.close ();
          }},
      {"the connection broke",
          [] (Publisher &p) {
            p.send_half_video (500, 5000, 4000);
            p.reset ();
          }},
  };
  House house (patient);
  std::size_t times = 0;
  auto publisher = appear (house);
  for (const auto &way : ways) {
    way.leave (*publisher);
    assert_text (why_of (house.message ("stagedoor-interrupted")), way.why);
    publisher = appear (house);
    ck_assert (house.message ("stagedoor-resumed"));
    house.trace.assert_whole (++times);
  }
  ck_assert_uint_eq (house.trace.count ("video"), 5 * (times + 1)); // no half frame
}
END_TEST

START_TEST (time_goes_on_while_the_publisher_is_away)
{
  House house (patient);
  appear (house)->close ();
  ck_assert (house.message ("stagedoor-interrupted"));
  const auto pause = std::chrono::milliseconds (700); // of the scene, not of a condition
  std::this_thread::sleep_for (pause);
  appear (house);
  house.trace.assert_whole (1);
  std::vector<Step> frames;
  std::ranges::copy_if (house.trace.of ("video"), std::back_inserter (frames),
      [] (const Step &step) { return step.kind == "buffer"; });
  const auto &before = frames[4], &after = frames[5];
  ck_assert_uint_ge (after.at - before.at, 200 * GST_MSECOND);
  ck_assert_uint_le (after.at, after.arrived);
  ck_assert_uint_ge (after.at + 500 * GST_MSECOND, after.arrived);
}
END_TEST

START_TEST (by_srt_and_back_by_rtmp)
{
  House house (patient);
  appear (house)->close ();
  ck_assert (house.message ("stagedoor-interrupted"));
  auto caller = house.call ();
  ck_assert (caller.send (transport_stream ("h264-aac.mpegts")));
  ck_assert (house.gets ("video", 5 + 9)); // its last picture ends when the next one begins
  caller.close ();
  ck_assert (house.message ("stagedoor-resumed"));
  ck_assert (house.message ("stagedoor-interrupted"));
  appear (house);
  house.trace.assert_whole (2);
  for (const char *pad : {"video", "audio"}) // of other sizes and rates
    ck_assert_uint_eq (house.trace.count (pad, "caps"), 3);
}
END_TEST

START_TEST (taken_over_by_the_same_key)
{
  House house (patient);
  const auto first = appear (house);
  const auto second = appear (house);
  ck_assert (first->closed_by_peer ());
  assert_text (why_of (house.message ("stagedoor-interrupted")),
      "the same key publishes from another connection now");
  ck_assert (house.message ("stagedoor-resumed"));
  auto third = house.call ();
  ck_assert_int_eq (third.reject_reason (), 0);
  ck_assert (second->closed_by_peer ());
  ck_assert (third.send (transport_stream ("h264-aac.mpegts")));
  ck_assert (house.gets ("video", 10 + 9));
  house.trace.assert_whole (2);
}
END_TEST

START_TEST (silence_is_an_interruption_and_ends_by_itself)
{
  House house (patient);
  const auto publisher = appear (house);
  const auto begin = g_get_monotonic_time ();
  assert_text (why_of (house.message ("stagedoor-interrupted")), "the publisher sends nothing");
  ck_assert_int_le (g_get_monotonic_time () - begin, 3 * G_USEC_PER_SEC);
  show (*publisher, 3000);
  ck_assert (house.message ("stagedoor-resumed"));
  ck_assert (house.gets ("audio", 10));
  house.trace.assert_whole (1);
  // A silent one makes room for whoever shows the same key.
  ck_assert (house.message ("stagedoor-interrupted"));
  appear (house);
  ck_assert (publisher->closed_by_peer ());
  house.trace.assert_whole (2);
}
END_TEST

START_TEST (silence_by_srt)
{
  House house (patient);
  auto caller = house.call ();
  ck_assert (caller.send (transport_stream ("h264-aac.mpegts")));
  ck_assert (house.gets ("video", 9));
  assert_text (why_of (house.message ("stagedoor-interrupted")), "the publisher sends nothing");
  ck_assert (caller.send (transport_stream ("h264-aac.mpegts")));
  ck_assert (house.message ("stagedoor-resumed"));
  ck_assert (house.gets ("video", 15));
}
END_TEST

START_TEST (nothing_is_shown_before_a_key_frame)
{
  House house (patient);
  appear (house)->close ();
  Publisher publisher (house.gate.port ());
  ck_assert (publisher.publish (house.stream));
  publisher.send_h264_setup ();
  for (std::uint32_t i = 0; i < 5; ++i)
    publisher.send_video (i * 100, false);
  show (publisher, 500);
  ck_assert (house.gets ("audio", 10));
  ck_assert_uint_eq (house.trace.count ("video"), 10);
  house.trace.assert_whole (1);
}
END_TEST

int
last_rate (const House &house)
{
  int rate = 0;
  for (const auto &step : house.trace.of ("audio"))
    if (step.kind == "caps")
      gst_structure_get_int (gst_caps_get_structure (step.caps.get (), 0), "rate", &rate);
  return rate;
}

/** What @p publisher sends is what comes out, and all before it has come out. */
bool
is_on_air (House &house, Publisher &publisher)
{
  publisher.send_tag (8, 0, {0xaf, 0, 0x11, 0x90}); // 48 kHz
  publisher.send_audio (520);
  return eventually ([&] {
    return last_rate (house) == 48000 && house.trace.of ("audio").back ().kind == "buffer";
  });
}

START_TEST (encoder_that_changes_in_mid_stream)
{
  House house (patient);
  auto publisher = appear (house);
  ck_assert_int_eq (last_rate (house), 44100);
  ck_assert (is_on_air (house, *publisher));
  ck_assert_uint_eq (house.trace.count ("audio"), 6);
  house.trace.assert_whole (0);
}
END_TEST

START_TEST (back_without_sound)
{
  House house (patient);
  appear (house)->close ();
  Publisher publisher (house.gate.port ());
  ck_assert (publisher.publish (house.stream));
  publisher.send_h264_setup ();
  std::uint32_t sent = 0;
  const bool told = eventually ([&] { // what was sent is a matter of the clock
    publisher.send_video (sent * 20, sent % 50 == 0);
    ++sent;
    return house.trace.count ("audio", "gap") >= 3;
  });
  ck_assert (told);
  GstClockTime last = 0;
  for (const auto &step : house.trace.of ("audio"))
    if (step.kind == "gap") {
      ck_assert_uint_gt (step.at, last);
      last = step.at;
    }
  ck_assert_uint_eq (house.trace.count ("audio"), 5);
  publisher.send_aac_setup ();
  publisher.send_audio (sent * 20);
  ck_assert (house.gets ("audio", 6));
}
END_TEST

START_TEST (after_the_grace_it_is_over)
{
  House house ("reconnect-grace=300");
  auto publisher = appear (house);
  publisher->close ();
  ck_assert (house.message ("stagedoor-interrupted"));
  assert_text (
      why_of (house.message ("stagedoor-unpublished")), "the publisher closed the connection");
  ck_assert (house.pipeline.wait_for (GST_MESSAGE_EOS));
  ck_assert_uint_eq (house.trace.count ("video", "stagedoor-resumed"), 0);
}
END_TEST

START_TEST (silent_for_longer_than_the_grace)
{
  House house ("reconnect-grace=300");
  const auto publisher = appear (house);
  ck_assert (house.message ("stagedoor-interrupted"));
  ck_assert (publisher->expect ("the publisher sent nothing for too long"));
  ck_assert (publisher->closed_by_peer ());
  assert_text (
      why_of (house.message ("stagedoor-unpublished")), "the publisher sent nothing for too long");
  ck_assert (house.pipeline.wait_for (GST_MESSAGE_EOS));
}
END_TEST

START_TEST (silent_without_a_grace)
{
  House house ("reconnect-grace=0");
  auto publisher = appear (house);
  ck_assert (house.message ("stagedoor-interrupted"));
  show (*publisher, 3000);
  ck_assert (house.message ("stagedoor-resumed"));
  publisher->close ();
  ck_assert (house.message ("stagedoor-unpublished"));
  ck_assert (house.pipeline.wait_for (GST_MESSAGE_EOS));
  house.trace.assert_whole (1);
}
END_TEST

START_TEST (after_the_grace_another_stream_may_come)
{
  House house ("reconnect-grace=300 keep-listening=true");
  for (int round = 0; round < 2; ++round) {
    appear (house)->close ();
    ck_assert (house.message ("stagedoor-published"));
    ck_assert (house.message ("stagedoor-interrupted"));
    ck_assert (house.message ("stagedoor-unpublished"));
  }
  ck_assert_int_eq (house.trace.pads (), 2);
}
END_TEST

START_TEST (told_to_end_while_it_waits)
{
  House house (patient);
  appear (house)->close ();
  ck_assert (house.message ("stagedoor-interrupted"));
  ck_assert (gst_element_send_event (house.pipeline.get (), gst_event_new_eos ()));
  ck_assert (house.pipeline.wait_for (GST_MESSAGE_EOS));
}
END_TEST

START_TEST (goes_down_and_up_while_it_waits)
{
  House house (patient);
  for (int round = 0; round < 5; ++round) {
    appear (house)->close ();
    ck_assert (house.message ("stagedoor-interrupted"));
    const auto begin = g_get_monotonic_time ();
    ck_assert (house.pipeline.set_state (round % 2 == 0 ? GST_STATE_READY : GST_STATE_NULL)
               == GST_STATE_CHANGE_SUCCESS);
    ck_assert_int_lt (g_get_monotonic_time () - begin, 5 * G_USEC_PER_SEC);
    house.pipeline.play ();
  }
}
END_TEST

START_TEST (paused_while_it_waits)
{
  House house (patient);
  appear (house)->close ();
  ck_assert (house.message ("stagedoor-interrupted"));
  house.pipeline.set_state (GST_STATE_PAUSED);
  Publisher publisher (house.gate.port ());
  ck_assert (publisher.publish (house.stream));
  show (publisher);
  house.pipeline.play ();
  ck_assert (house.gets ("audio", 10));
  house.trace.assert_whole (1);
}
END_TEST

/** Interruptions and resumptions so far, which must take turns. */
int
count_turns (House &house)
{
  int turns = 0;
  const auto bus = adopt (gst_element_get_bus (house.pipeline.get ()));
  while (const auto message = adopt (gst_bus_pop_filtered (bus.get (), GST_MESSAGE_ELEMENT))) {
    const bool away = gst_message_has_name (message.get (), "stagedoor-interrupted");
    if (!away && !gst_message_has_name (message.get (), "stagedoor-resumed"))
      continue;
    ck_assert (away == (turns % 2 == 0));
    ++turns;
  }
  return turns;
}

START_TEST (comes_and_goes_a_hundred_times)
{
  House house (patient);
  for (int round = 0; round < 100; ++round) {
    Publisher publisher (house.gate.port ());
    ck_assert (publisher.publish (house.stream));
    if (round % 3 != 0)
      show (publisher);
    if (round % 2 == 0)
      publisher.reset ();
  }
  const auto last = appear (house);
  ck_assert (is_on_air (house, *last));
  const auto turns = count_turns (house);
  ck_assert_int_eq (turns % 2, 0); // it flows
  house.trace.assert_whole (static_cast<std::size_t> (turns / 2));
}
END_TEST

START_TEST (two_fight_for_the_name)
{
  House house (patient);
  const auto fight = [&house] {
    for (int round = 0; round < 50; ++round) {
      Publisher publisher (house.gate.port ());
      if (publisher.publish (house.stream))
        show (publisher);
      if (round % 2 == 0)
        publisher.reset ();
    }
  };
  std::thread other (fight);
  fight ();
  other.join ();
  const auto last = appear (house);
  ck_assert (is_on_air (house, *last));
  const auto turns = count_turns (house);
  ck_assert_int_eq (turns % 2, 0);
  house.trace.assert_whole (static_cast<std::size_t> (turns / 2));
}
END_TEST

START_TEST (old_publication_is_not_taken_for_the_new_one)
{
  TestGate gate;
  const auto stream = good_stream ();
  {
    Publisher old (gate.port ());
    ck_assert (old.publish (stream));
    show (old);
    old.unpublish ();
    ck_assert (old.closed_by_peer ());
  }
  Publisher fresh (gate.port ());
  ck_assert (fresh.publish (stream));
  const auto publication = gate.claim ();
  fresh.send_aac_setup ();
  fresh.send_audio (0);
  const auto caps = pop (*publication);
  ck_assert (std::get<gate::TrackCaps> (caps).track == gate::Track::audio);
}
END_TEST

START_TEST (waiting_has_an_end)
{
  TestGate gate;
  gate::Interrupt interrupt;
  const auto soon = [] {
    return std::chrono::steady_clock::now () + std::chrono::milliseconds (50);
  };
  const auto limit = soon ();
  ck_assert (gate->wait_for ("live/demo", interrupt, limit) == nullptr);
  ck_assert (std::chrono::steady_clock::now () >= limit);
  Publisher publisher (gate.port ());
  ck_assert (publisher.publish (good_stream ()));
  const auto publication = gate->wait_for ("live/demo", interrupt, gate::Deadline ());
  ck_assert (publication != nullptr); // what is there needs no time
  ck_assert (!publication->pop (interrupt, soon ()));
  publisher.unpublish ();
  ck_assert (std::holds_alternative<gate::End> (pop (*publication)));
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("resume",
      {every_way_by_rtmp, time_goes_on_while_the_publisher_is_away, by_srt_and_back_by_rtmp,
          taken_over_by_the_same_key, silence_is_an_interruption_and_ends_by_itself, silence_by_srt,
          nothing_is_shown_before_a_key_frame, encoder_that_changes_in_mid_stream,
          back_without_sound, after_the_grace_it_is_over, silent_for_longer_than_the_grace,
          silent_without_a_grace, after_the_grace_another_stream_may_come,
          told_to_end_while_it_waits, goes_down_and_up_while_it_waits, paused_while_it_waits,
          comes_and_goes_a_hundred_times, two_fight_for_the_name,
          old_publication_is_not_taken_for_the_new_one, waiting_has_an_end});
}
