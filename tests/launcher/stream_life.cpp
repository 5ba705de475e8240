// SPDX-License-Identifier: LGPL-2.1-or-later
// Every phase of a stream's life meets every event.
#include "launcher/stream_life.hpp"

#include <random>

#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace std::chrono_literals;
using Event = StreamLife::Event;
using Action = StreamLife::Action;

namespace {

/** A life with a clock of its own. */
struct Stage
{
  StreamLife life;
  StreamLife::Time now{1000s};
  bool publisher_here = true;

  Action operator() (Event event) { return life.handle (event, now, publisher_here); }
  Action wake ()
  {
    ck_assert (life.wake_at ().has_value ());
    now = *life.wake_at ();
    return (*this) (Event::woken);
  }
  void go_live ()
  {
    ck_assert (((*this) (Event::published)) == Action::start);
    ck_assert (((*this) (Event::flowing)) == Action::none);
    ck_assert (life.phase () == Phase::live);
  }
};

} // namespace

START_TEST (test_publish_play_end)
{
  Stage stage;
  ck_assert (stage.life.phase () == Phase::offline);
  ck_assert (!stage.life.wake_at ());
  ck_assert (stage (Event::published) == Action::start);
  ck_assert (stage.life.phase () == Phase::starting);
  ck_assert (stage (Event::flowing) == Action::none);
  ck_assert (stage.life.phase () == Phase::live);
  ck_assert (!stage.life.wake_at ()); // an ordinary stream wants no timer
  ck_assert (stage (Event::ended) == Action::stop);
  ck_assert (stage.life.phase () == Phase::stopping);
  stage.publisher_here = false;
  ck_assert (stage (Event::stopped) == Action::none);
  ck_assert (stage.life.phase () == Phase::offline);
  ck_assert (!stage.life.wake_at ());
}
END_TEST

START_TEST (test_end_before_any_frame)
{
  Stage stage;
  stage (Event::published);
  ck_assert (stage (Event::ended) == Action::stop);
  ck_assert (stage.life.phase () == Phase::stopping);
}
END_TEST

START_TEST (test_published_again_while_stopping_starts_again)
{
  Stage stage;
  stage.go_live ();
  stage (Event::ended);
  ck_assert (stage (Event::published) == Action::none);
  ck_assert (stage.life.phase () == Phase::stopping);
  ck_assert (stage (Event::stopped) == Action::start);
  ck_assert (stage.life.phase () == Phase::starting);
}
END_TEST

START_TEST (test_taken_over_while_live_starts_again)
{
  Stage stage;
  stage.go_live ();
  ck_assert (stage (Event::published) == Action::none);
  ck_assert (stage.life.phase () == Phase::live);
  ck_assert (stage (Event::ended) == Action::stop);
  ck_assert (stage (Event::stopped) == Action::start);
}
END_TEST

START_TEST (test_taken_over_by_one_who_left_rests)
{
  Stage stage;
  stage.go_live ();
  stage (Event::published);
  stage (Event::ended);
  stage.publisher_here = false;
  ck_assert (stage (Event::stopped) == Action::none);
  ck_assert (stage.life.phase () == Phase::offline);
}
END_TEST

START_TEST (test_failure_starts_again_after_a_delay)
{
  Stage stage;
  stage.go_live ();
  ck_assert (stage (Event::failed) == Action::stop);
  ck_assert (stage.life.phase () == Phase::starting);
  ck_assert (stage (Event::flowing) == Action::none); // news from before the failure
  ck_assert (stage (Event::interrupted) == Action::none);
  ck_assert (stage.life.phase () == Phase::starting);
  ck_assert (stage (Event::stopped) == Action::none);
  ck_assert (*stage.life.wake_at () == stage.now + StreamLife::first_delay);
  stage.now += StreamLife::first_delay / 2;
  ck_assert (stage (Event::woken) == Action::none); // too early
  ck_assert (stage.wake () == Action::start);
  ck_assert (stage.life.phase () == Phase::starting);
}
END_TEST

START_TEST (test_pipeline_that_goes_down_slowly_is_waited_for)
{
  Stage stage;
  stage.go_live ();
  stage (Event::failed);
  ck_assert (stage.wake () == Action::none); // it is not down
  ck_assert (stage.life.phase () == Phase::starting);
  ck_assert (!stage.life.wake_at ());
  ck_assert (stage (Event::stopped) == Action::start);
}
END_TEST

START_TEST (test_delays_double_up_to_a_bound)
{
  Stage stage;
  stage (Event::published);
  auto expected = StreamLife::first_delay;
  for (int round = 0; round < 12; ++round) {
    ck_assert (stage (Event::failed) == Action::stop);
    ck_assert (*stage.life.wake_at () - stage.now == expected);
    ck_assert (stage (Event::stopped) == Action::none);
    ck_assert (stage.wake () == Action::start);
    stage (Event::flowing); // a moment of life does not count as calm
    expected = std::min (expected * 2, StreamLife::longest_delay);
  }
  stage.now += StreamLife::calm;
  stage (Event::failed);
  ck_assert (*stage.life.wake_at () - stage.now == StreamLife::first_delay);
}
END_TEST

START_TEST (test_publisher_who_leaves_after_a_failure)
{
  Stage stage;
  stage.go_live ();
  stage (Event::failed);
  stage (Event::stopped);
  stage.publisher_here = false;
  ck_assert (stage.wake () == Action::none);
  ck_assert (stage.life.phase () == Phase::offline);
  ck_assert (!stage.life.wake_at ());
}
END_TEST

START_TEST (test_publisher_who_comes_back)
{
  Stage stage;
  stage.go_live ();
  for (int round = 0; round < 3; ++round) {
    stage.publisher_here = round == 1; // connected and silent
    ck_assert (stage (Event::interrupted) == Action::none);
    ck_assert (stage.life.phase () == Phase::interrupted);
    ck_assert (!stage.life.wake_at ()); // the pipeline knows how long it waits
    ck_assert (stage (Event::flowing) == Action::none);
    ck_assert (stage (Event::published) == Action::none);
    ck_assert (stage.life.phase () == Phase::interrupted); // no frame yet
    ck_assert (stage (Event::resumed) == Action::none);
    ck_assert (stage.life.phase () == Phase::live);
  }
}
END_TEST

START_TEST (test_publisher_who_stays_away)
{
  Stage stage;
  stage.go_live ();
  stage (Event::interrupted);
  stage.publisher_here = false;
  ck_assert (stage (Event::ended) == Action::stop);
  ck_assert (stage.life.phase () == Phase::stopping);
  ck_assert (stage (Event::resumed) == Action::none);
  ck_assert (stage.life.phase () == Phase::stopping);
  ck_assert (stage (Event::stopped) == Action::none);
  ck_assert (stage.life.phase () == Phase::offline);
}
END_TEST

START_TEST (test_publisher_who_comes_back_too_late_starts_anew)
{
  Stage stage;
  stage.go_live ();
  stage (Event::interrupted);
  stage (Event::ended);
  stage (Event::published);
  ck_assert (stage (Event::stopped) == Action::start);
  ck_assert (stage.life.phase () == Phase::starting);
}
END_TEST

START_TEST (test_interrupted_before_the_first_frame_was_told_of)
{
  Stage stage;
  stage (Event::published);
  ck_assert (stage (Event::interrupted) == Action::none);
  ck_assert (stage.life.phase () == Phase::interrupted);
  ck_assert (!stage.life.wake_at ());
  ck_assert (stage (Event::flowing) == Action::none);
  ck_assert (stage.life.phase () == Phase::interrupted);
  stage (Event::resumed);
  ck_assert (stage.life.phase () == Phase::live);
}
END_TEST

START_TEST (test_failure_while_interrupted)
{
  Stage stage;
  stage.go_live ();
  stage (Event::interrupted);
  ck_assert (stage (Event::failed) == Action::stop);
  ck_assert (stage.life.phase () == Phase::starting);
  stage (Event::stopped);
  ck_assert (stage.wake () == Action::start);
  stage (Event::interrupted);
  stage (Event::failed);
  stage (Event::stopped);
  stage.publisher_here = false;
  ck_assert (stage.wake () == Action::none);
  ck_assert (stage.life.phase () == Phase::offline);
}
END_TEST

START_TEST (test_pipeline_that_waits_for_nobody_is_stopped)
{
  Stage stage;
  stage (Event::published);
  ck_assert (stage.wake () == Action::none); // a slow publisher may take its time
  ck_assert (stage.life.phase () == Phase::starting);
  stage.publisher_here = false;
  ck_assert (stage.wake () == Action::stop);
  ck_assert (stage.life.phase () == Phase::stopping);
}
END_TEST

START_TEST (test_shut_down_in_every_phase)
{
  Stage offline;
  ck_assert (offline (Event::shut_down) == Action::none);
  ck_assert (offline (Event::published) == Action::none);
  ck_assert (offline.life.phase () == Phase::offline);

  Stage live;
  live.go_live ();
  ck_assert (live (Event::shut_down) == Action::stop);
  ck_assert (live (Event::published) == Action::none);
  ck_assert (live (Event::stopped) == Action::none);
  ck_assert (live.life.phase () == Phase::offline);

  Stage away;
  away.go_live ();
  away (Event::interrupted);
  ck_assert (away (Event::shut_down) == Action::stop);
  ck_assert (away.life.phase () == Phase::stopping);
  ck_assert (away (Event::stopped) == Action::none);
  ck_assert (away.life.phase () == Phase::offline);

  Stage going_down;
  going_down.go_live ();
  going_down (Event::failed);
  ck_assert (going_down (Event::shut_down) == Action::none); // stop was asked for already
  ck_assert (going_down.life.phase () == Phase::stopping);
  ck_assert (going_down (Event::stopped) == Action::none);
  ck_assert (going_down.life.phase () == Phase::offline);

  Stage down;
  down.go_live ();
  down (Event::failed);
  down (Event::stopped);
  ck_assert (down (Event::shut_down) == Action::none);
  ck_assert (down.life.phase () == Phase::offline);
  ck_assert (!down.life.wake_at ());
}
END_TEST

START_TEST (test_any_order_of_events_keeps_start_and_stop_in_turn)
{
  std::mt19937 random (7);
  constexpr Event events[] = {Event::published, Event::flowing, Event::interrupted, Event::resumed,
      Event::ended, Event::failed, Event::stopped, Event::woken};
  for (int life = 0; life < 200; ++life) {
    Stage stage;
    bool up = false, asked = false;
    for (int step = 0; step < 200; ++step) {
      auto event = events[random () % std::size (events)];
      if (event == Event::stopped && !asked)
        continue; // comes only when asked for
      stage.publisher_here = random () % 2 == 0;
      stage.now += std::chrono::milliseconds (random () % 20000);
      if (event == Event::stopped)
        up = asked = false;
      const auto action = stage (event);
      ck_assert (action != Action::start || !up);
      ck_assert (action != Action::stop || (up && !asked));
      up |= action == Action::start;
      asked |= action == Action::stop;
      ck_assert (stage.life.phase () != Phase::offline || !up);
      const auto phase = stage.life.phase ();
      ck_assert ((phase != Phase::live && phase != Phase::interrupted) || (up && !asked));
      ck_assert (phase != Phase::starting || up || stage.life.wake_at ()); // never stuck
      ck_assert (phase != Phase::stopping || asked);
    }
  }
}
END_TEST

int
main ()
{
  return test::run ("stream life",
      {test_publish_play_end, test_end_before_any_frame,
          test_published_again_while_stopping_starts_again, test_taken_over_while_live_starts_again,
          test_taken_over_by_one_who_left_rests, test_failure_starts_again_after_a_delay,
          test_pipeline_that_goes_down_slowly_is_waited_for, test_delays_double_up_to_a_bound,
          test_publisher_who_leaves_after_a_failure, test_publisher_who_comes_back,
          test_publisher_who_stays_away, test_publisher_who_comes_back_too_late_starts_anew,
          test_interrupted_before_the_first_frame_was_told_of, test_failure_while_interrupted,
          test_pipeline_that_waits_for_nobody_is_stopped, test_shut_down_in_every_phase,
          test_any_order_of_events_keeps_start_and_stop_in_turn});
}
