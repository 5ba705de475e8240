// SPDX-License-Identifier: LGPL-2.1-or-later
// Sound made a little longer or shorter, and otherwise left alone.
#include "libs/media/stretcher.hpp"

#include <cmath>
#include <numbers>

#include "tests/unit/suite.hpp"

using namespace stagedoor::test;
using stagedoor::media::Stretcher;

namespace {

constexpr double rate = 48000;

/** Both channels of a tone, the second one of half the volume. */
std::vector<float>
tone (double hertz, std::size_t from, std::size_t count)
{
  std::vector<float> out;
  for (std::size_t i = from; i < from + count; ++i) {
    const auto value = std::sin (2 * std::numbers::pi * hertz * static_cast<double> (i) / rate);
    out.push_back (static_cast<float> (value / 2));
    out.push_back (static_cast<float> (value / 4));
  }
  return out;
}

START_TEST (what_is_not_stretched_is_the_same)
{
  Stretcher stretcher (2);
  std::vector<float> out, in;
  for (const std::size_t count : {1, 7, 8, 9, 1024, 100}) {
    const auto part = tone (997, in.size () / 2, count);
    in.insert (in.end (), part.begin (), part.end ());
    stretcher.push (part, out);
    ck_assert_double_eq (stretcher.pending (), 0);
  }
  ck_assert (out == in);
}
END_TEST

/** Noise and distortion against what should be there. */
START_TEST (it_is_the_same_tone)
{
  for (const double speed : {0.0005, -0.0005, 0.005})
    for (const auto &[hertz, least_db] :
        {std::pair (440.0, 70.0), {6000.0, 70.0}, {15000.0, 45.0}}) {
      Stretcher stretcher (2);
      stretcher.set_speed (speed);
      std::vector<float> out;
      for (std::size_t at = 0; at < 96'000; at += 1000)
        stretcher.push (tone (hertz, at, 1000), out);
      double wrong = 0, right = 0;
      for (std::size_t i = 100; i < out.size () / 2; ++i) {
        const auto place = static_cast<double> (i) / (1 + speed);
        const auto value = std::sin (2 * std::numbers::pi * hertz * place / rate) / 2;
        wrong += std::pow (static_cast<double> (out[2 * i]) - value, 2)
                 + std::pow (static_cast<double> (out[2 * i + 1]) - value / 2, 2);
        right += value * value * 1.25;
      }
      const auto db = 10 * std::log10 (right / wrong);
      ck_assert_msg (db > least_db, "%f Hz, %f: %f dB", hertz, speed, db);
    }
}
END_TEST

/** Stereo has a way of its own through it. */
START_TEST (any_number_of_channels)
{
  Stretcher two (2), three (3);
  two.set_speed (0.001);
  three.set_speed (0.001);
  const auto in = tone (997, 0, 4000);
  std::vector<float> wide, out, out_wide;
  for (std::size_t i = 0; i < in.size (); i += 2)
    wide.insert (wide.end (), {in[i], in[i + 1], in[i]});
  two.push (in, out);
  three.push (wide, out_wide);
  ck_assert_uint_eq (out_wide.size () / 3, out.size () / 2);
  for (std::size_t i = 0; i < out.size () / 2; ++i)
    for (std::size_t channel = 0; channel < 3; ++channel)
      ck_assert_float_eq_tol (out_wide[3 * i + channel], out[2 * i + channel % 2], 1e-6f);
}
END_TEST

START_TEST (it_is_as_much_longer_as_was_asked)
{
  for (const double speed : {0.0005, -0.0005, 0.005, -0.005}) {
    Stretcher stretcher (2);
    stretcher.set_speed (speed);
    std::vector<float> out;
    for (int i = 0; i < 480; ++i)
      stretcher.push (tone (440, 0, 1000), out);
    const auto length = static_cast<double> (out.size () / 2) + stretcher.pending ();
    ck_assert_double_eq_tol (length, 480'000 * (1 + speed), 2);
  }
}
END_TEST

/** Once there is nothing more to do, samples are copied again, without a step in the sound. */
START_TEST (it_comes_to_rest)
{
  for (const double speed : {0.0007, -0.0007}) {
    Stretcher stretcher (2);
    std::vector<float> out;
    std::size_t at = 0;
    const auto play = [&] (int blocks) {
      for (; blocks > 0; --blocks, at += 1000)
        stretcher.push (tone (440, at, 1000), out);
    };
    play (10);
    stretcher.set_speed (speed);
    play (50);
    stretcher.set_speed (0);
    ck_assert_double_gt (stretcher.pending (), 0);
    for (int i = 0; stretcher.pending () > 0; ++i) {
      ck_assert_int_lt (i, 100);
      stretcher.set_speed (0);
      play (1);
    }
    play (2);
    float steepest = 0;
    for (std::size_t i = 2; i < out.size (); i += 2)
      steepest = std::max (steepest, std::abs (out[i] - out[i - 2]));
    ck_assert_double_lt (
        static_cast<double> (steepest), 0.5 * 2 * std::numbers::pi * 440 / rate * 1.05);
  }
}
END_TEST

} // namespace

int
main ()
{
  return run (
      "stretcher", {what_is_not_stretched_is_the_same, it_is_the_same_tone, any_number_of_channels,
                       it_is_as_much_longer_as_was_asked, it_comes_to_rest});
}
