// SPDX-License-Identifier: LGPL-2.1-or-later
// How far apart key frames are, and for how long that is remembered.
#include "libs/media/key_distance.hpp"

#include "tests/unit/suite.hpp"

using namespace stagedoor::test;
using stagedoor::media::KeyDistance;

namespace {

constexpr std::int64_t ms = 1'000'000, second = 1000 * ms, frame = second / 25;

/** Plays groups of pictures, each @p length long, for @p duration; counts how often the answer
 * changes. */
struct Player
{
  KeyDistance distance;
  std::int64_t time = 0, limit = 2 * second;
  int changes = 0;
  bool exceeds = false;

  void play (std::int64_t length, std::int64_t duration)
  {
    for (const auto end = time + duration; time < end;)
      for (std::int64_t at = 0; at < length; at += frame, time += frame) {
        distance.on_frame (time, at == 0);
        changes += distance.exceeds (limit) != exceeds;
        exceeds = distance.exceeds (limit);
      }
  }
};

START_TEST (what_is_wanted_is_enough)
{
  Player p;
  p.play (2 * second, 600 * second);
  ck_assert_int_eq (p.changes, 0);
  p.play (2 * second + 4 * frame, 600 * second); // nearly
  ck_assert_int_eq (p.changes, 0);
}
END_TEST

START_TEST (noticed_before_the_group_is_over)
{
  Player p;
  p.play (2 * second, 10 * second);
  p.play (60 * second, 1);
  ck_assert (p.exceeds);
  Player q;
  for (; !q.exceeds; q.time += frame) {
    q.distance.on_frame (q.time, q.time == 0);
    q.exceeds = q.distance.exceeds (q.limit);
  }
  ck_assert_int_le (q.time, 2 * second + second / 2);
}
END_TEST

START_TEST (forgotten_in_the_end)
{
  Player p;
  p.play (10 * second, 40 * second);
  ck_assert (p.exceeds);
  p.play (second, KeyDistance::memory - 2 * second);
  ck_assert (p.exceeds);
  p.play (second, 2 * KeyDistance::memory);
  ck_assert (!p.exceeds);
  ck_assert_int_eq (p.changes, 2);
}
END_TEST

START_TEST (long_and_short_by_turns)
{
  Player p;
  for (int i = 0; i < 200; ++i) {
    p.play (5 * second, 5 * second);
    p.play (second, 20 * second);
  }
  ck_assert_int_eq (p.changes, 1);
}
END_TEST

/** However the length of short ones and of long ones is chosen, it is changed ever more rarely. */
START_TEST (never_flaps)
{
  Player p;
  for (int i = 0; i < 100; ++i) {
    p.play (5 * second, 5 * second);
    p.play (second, 100 * second);
  }
  ck_assert_int_le (p.changes, 7);
}
END_TEST

START_TEST (a_publisher_who_was_away)
{
  KeyDistance distance;
  std::int64_t time = 0;
  for (int i = 0; i < 40; ++i, time += frame)
    distance.on_frame (time, i == 0);
  time += 20 * second;
  for (int i = 0; i < 10; ++i, time += frame)
    distance.on_frame (time, i == 5);
  ck_assert (!distance.exceeds (2 * second));
}
END_TEST

START_TEST (times_that_make_no_sense)
{
  KeyDistance distance;
  for (int i = 0; i < 1000; ++i) {
    distance.on_frame (i * 7919 % 1000 * second - 500 * second, i % 3 == 0);
    (void)distance.exceeds (second);
  }
  KeyDistance none;
  for (int i = 0; i < 1000; ++i) // no key frame at all
    none.on_frame (i * frame, false);
  ck_assert (!none.exceeds (second));
}
END_TEST

} // namespace

int
main ()
{
  return run ("key distance", {what_is_wanted_is_enough, noticed_before_the_group_is_over,
                                  forgotten_in_the_end, long_and_short_by_turns, never_flaps,
                                  a_publisher_who_was_away, times_that_make_no_sense});
}
