// SPDX-License-Identifier: LGPL-2.1-or-later
// How long a publisher is waited for, what else may happen meanwhile, and races for a name.
#include <thread>

#include "tests/check/gate/house.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

constexpr const char *patient = "reconnect-grace=60000";

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
  return run (
      "grace", {after_the_grace_it_is_over, silent_for_longer_than_the_grace,
                   silent_without_a_grace, after_the_grace_another_stream_may_come,
                   told_to_end_while_it_waits, goes_down_and_up_while_it_waits,
                   paused_while_it_waits, comes_and_goes_a_hundred_times, two_fight_for_the_name,
                   old_publication_is_not_taken_for_the_new_one, waiting_has_an_end});
}
