// SPDX-License-Identifier: LGPL-2.1-or-later
// Sound's timeline: what is drift, what is jitter, what is a gap.
#include "libs/media/audio_clock.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include "tests/unit/suite.hpp"

using namespace stagedoor::test;
using stagedoor::media::AudioClock;

namespace {

constexpr int rate = 48000;
constexpr std::int64_t block = 1024;
constexpr double ms = rate / 1000.0, hour = 3600.0 * rate;

/** A publisher, and an encoder's input. */
struct Player
{
  AudioClock clock{rate};
  double stamp = 10 * rate; ///< of the next block
  double out = 0;           ///< where it comes to lie
  double worst = 0, fastest = 0;
  int steps = 0;
  std::int64_t silence = 0, cut = 0;

  AudioClock::Step play (double at)
  {
    const auto step = clock.on_block (at, block);
    if (step.restart)
      out = at;
    steps += step.silence > 0 || step.cut > 0;
    silence += step.silence;
    cut += step.cut;
    out += static_cast<double> (step.silence);
    worst = std::max (worst, std::abs (out - at));
    fastest = std::max (fastest, std::abs (step.speed));
    out += static_cast<double> (block - step.cut) * (1 + step.speed)
           + static_cast<double> (step.silence) * step.speed;
    return step;
  }
  /** @p length of a publisher whose sound card is @p ppm off. */
  template <class Jitter>
  void go (double length, double ppm, Jitter jitter)
  {
    const auto end = stamp + length;
    for (; stamp < end; stamp += block * (1 + ppm * 1e-6))
      play (jitter (stamp));
  }
};

double
round_to_ms (double at)
{
  return std::round (at / ms) * ms;
}

START_TEST (exact_stamps_change_nothing)
{
  Player p;
  p.go (hour, 0, [] (double at) { return at; });
  ck_assert_double_lt (p.worst, 1e-3);
  ck_assert_double_eq (p.fastest, 0);
  ck_assert_int_eq (p.steps, 0);
}
END_TEST

START_TEST (rounding_is_no_drift)
{
  Player p;
  p.go (24 * hour, 0, round_to_ms);
  ck_assert_double_lt (p.worst, ms);
  ck_assert_double_eq (p.fastest, 0);
  ck_assert_int_eq (p.steps, 0);
}
END_TEST

/** Within 10 ms for a day, and never faster than anybody hears. */
START_TEST (sound_cards_are_off)
{
  for (const double ppm : {-500.0, -100.0, -20.0, 20.0, 100.0, 500.0}) {
    Player p;
    p.go (24 * hour, ppm, round_to_ms);
    ck_assert_msg (p.worst < 10 * ms, "%f ppm: %f ms", ppm, p.worst / ms);
    ck_assert_double_lt (p.fastest, 0.0015);
    ck_assert_int_eq (p.steps, 0);
    p.worst = 0;
    p.go (hour, ppm, round_to_ms);
    ck_assert_msg (p.worst < 5 * ms, "%f ppm, in the end: %f ms", ppm, p.worst / ms);
  }
}
END_TEST

START_TEST (jitter_is_evened_out)
{
  std::mt19937 random (7);
  std::uniform_real_distribution<double> noise (-12 * ms, 12 * ms);
  for (const double ppm : {0.0, 300.0}) {
    Player p;
    p.go (4 * hour, ppm, [&] (double at) { return at + noise (random); });
    ck_assert_int_eq (p.steps, 0);
    ck_assert_msg (p.worst < 25 * ms, "%f ms", p.worst / ms);
    ck_assert_double_lt (p.fastest, 0.002);
  }
}
END_TEST

START_TEST (lost_frames_become_silence)
{
  Player p;
  p.go (rate, 0, round_to_ms);
  for (const int lost : {1, 2, 20}) {
    p.stamp += lost * block;
    const auto before = p.silence;
    const auto step = p.play (round_to_ms (p.stamp));
    ck_assert_int_le (std::abs (step.silence - lost * block), static_cast<std::int64_t> (2 * ms));
    p.stamp += block;
    p.go (5 * rate, 0, round_to_ms);
    ck_assert_int_eq (p.silence, before + step.silence);
  }
  ck_assert_int_eq (p.cut, 0);
  ck_assert_int_eq (p.steps, 3);
}
END_TEST

/** Neither a frame's length: certain with the second one. */
START_TEST (a_step_to_either_side)
{
  for (const double step : {40 * ms, -40 * ms, 200 * ms, -200 * ms}) {
    Player p;
    p.go (rate, 0, round_to_ms);
    p.stamp += step;
    p.go (rate, 0, round_to_ms);
    p.worst = 0;
    p.go (60 * rate, 0, round_to_ms);
    ck_assert_msg (p.worst < 6 * ms, "%f: %f ms", step / ms, p.worst / ms);
    ck_assert_int_eq (step > 0 ? p.cut : p.silence, 0);
    ck_assert_int_le (
        std::abs (p.silence - p.cut - std::llround (step)), static_cast<std::int64_t> (6 * ms));
  }
}
END_TEST

START_TEST (one_wrong_stamp_is_nothing)
{
  Player p;
  for (const double wrong : {90 * ms, -90 * ms}) {
    p.go (rate, 0, round_to_ms);
    p.play (p.stamp + wrong);
    p.stamp += block;
    p.go (rate, 0, round_to_ms);
  }
  ck_assert_int_eq (p.steps, 0);
}
END_TEST

START_TEST (jumps_begin_anew)
{
  Player p;
  p.go (rate, 0, round_to_ms);
  for (const double jump : {10.0 * rate, -8.0 * rate, 0.7 * rate}) {
    p.stamp += jump;
    ck_assert (p.play (p.stamp).restart);
    p.stamp += block;
    p.go (rate, 0, round_to_ms);
  }
  ck_assert_int_eq (p.silence + p.cut, 0);
}
END_TEST

START_TEST (silence_on_demand)
{
  AudioClock clock (rate);
  ck_assert_int_eq (clock.fill (5 * rate), 0); // nothing has begun
  clock.on_block (0, block);
  ck_assert_int_eq (clock.fill (500), 0);
  ck_assert_int_eq (clock.fill (2048), 1024);
  ck_assert_int_eq (clock.fill (2048), 0);
  const auto step = clock.on_block (2048, block);
  ck_assert (!step.restart && step.silence == 0 && step.cut == 0);
}
END_TEST

START_TEST (nonsense)
{
  std::mt19937_64 random (3);
  AudioClock clock (rate);
  for (int i = 0; i < 100'000; ++i) {
    const auto count = static_cast<std::int64_t> (random () % 5000 + 1);
    const auto at = static_cast<double> (random () >> (random () % 64)) - 1e6;
    const auto step = clock.on_block (at, count);
    ck_assert (step.cut >= 0 && step.cut <= count);
    ck_assert (step.silence >= 0 && static_cast<double> (step.silence) <= rate);
    ck_assert (std::abs (step.speed) <= AudioClock::most_speed);
  }
}
END_TEST

} // namespace

int
main ()
{
  return run ("audio clock",
      {exact_stamps_change_nothing, rounding_is_no_drift, sound_cards_are_off, jitter_is_evened_out,
          lost_frames_become_silence, a_step_to_either_side, one_wrong_stamp_is_nothing,
          jumps_begin_anew, silence_on_demand, nonsense});
}
