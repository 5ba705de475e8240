// SPDX-License-Identifier: LGPL-2.1-or-later
// A publisher that goes away and comes back, in every way there is: the same pads, one timeline.
#include <algorithm>
#include <thread>

#include "tests/check/gate/house.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

constexpr const char *patient = "reconnect-grace=60000";

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

START_TEST (encoder_that_changes_in_mid_stream)
{
  House house (patient);
  auto publisher = appear (house);
  ck_assert_int_eq (house.last_rate (), 44100);
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

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("resume",
      {every_way_by_rtmp, time_goes_on_while_the_publisher_is_away, by_srt_and_back_by_rtmp,
          taken_over_by_the_same_key, silence_is_an_interruption_and_ends_by_itself, silence_by_srt,
          nothing_is_shown_before_a_key_frame, encoder_that_changes_in_mid_stream,
          back_without_sound});
}
