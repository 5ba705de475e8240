// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/media/stretcher.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numbers>

namespace stagedoor::media {

namespace {

constexpr std::size_t taps = 16, phases = 256;
/** Each weight twice: stereo is interleaved. */
constexpr std::size_t row_size = 2 * taps;
/** One phase more, to interpolate towards. */
using Kernel = std::array<std::array<float, row_size>, phases + 1>;
/** Four at a time, in gcc and clang on any machine. */
using Lanes [[gnu::vector_size (16)]] = float;
constexpr std::size_t lanes = 4;

Lanes
load (const float *from)
{
  Lanes out;
  std::memcpy (&out, from, sizeof out);
  return out;
}

double
bessel_i0 (double x)
{
  double sum = 1, term = 1;
  for (int k = 1; k < 40; ++k) {
    term *= (x / 2 / k) * (x / 2 / k);
    sum += term;
  }
  return sum;
}

/** Sinc in a Kaiser window; each phase adds up to 1, so that loudness stays what it is. */
Kernel
make_kernel ()
{
  constexpr double beta = 7;
  Kernel out;
  for (std::size_t phase = 0; phase <= phases; ++phase) {
    const auto offset = static_cast<double> (phase) / phases;
    std::array<double, taps> row{};
    double sum = 0;
    for (std::size_t tap = 0; tap < taps; ++tap) {
      const auto x = static_cast<double> (tap) - (taps / 2 - 1) - offset;
      const auto edge = std::max (0.0, 1 - std::pow (x / (taps / 2.0), 2));
      const auto sinc = x == 0 ? 1 : std::sin (std::numbers::pi * x) / (std::numbers::pi * x);
      row[tap] = sinc * bessel_i0 (beta * std::sqrt (edge)) / bessel_i0 (beta);
      sum += row[tap];
    }
    for (std::size_t i = 0; i < row_size; ++i)
      out[phase][i] = static_cast<float> (row[i / 2] / sum);
  }
  return out;
}

const Kernel &
kernel ()
{
  static const Kernel made = make_kernel ();
  return made;
}

} // namespace

void
Stretcher::reset ()
{
  in_.assign (half * channels_, 0);
  at_ = half;
  offset_ = 0;
  step_ = least_step_ = 1;
}

void
Stretcher::set_speed (double speed)
{
  if (speed == 0) {
    step_ = is_aligned () ? 1 : least_step_;
    return;
  }
  step_ = 1 / (1 + speed);
  constexpr double least = 20e-6; // an offset is gone after a second
  least_step_ = speed > 0 ? 1 - least : 1 + least;
}

void
Stretcher::push (std::span<const float> in, std::vector<float> &out)
{
  in_.insert (in_.end (), in.begin (), in.end ());
  if (step_ == 1 && is_aligned ())
    copy (out);
  else
    interpolate (out);
  const auto passed = at_ - half;
  in_.erase (in_.begin (), in_.begin () + static_cast<std::ptrdiff_t> (passed * channels_));
  at_ = half;
}

void
Stretcher::copy (std::vector<float> &out)
{
  const auto from = at_ * channels_;
  out.insert (out.end (), in_.begin () + static_cast<std::ptrdiff_t> (from), in_.end ());
  at_ = in_.size () / channels_;
}

void
Stretcher::put_frame (std::vector<float> &out) const
{
  const auto place = offset_ * phases;
  const auto phase = static_cast<std::size_t> (place);
  const auto part = static_cast<float> (place - static_cast<double> (phase));
  const auto &rows = kernel ();
  const auto &before = rows[phase], &after = rows[phase + 1];
  const auto *first = in_.data () + (at_ - (half - 1)) * channels_;
  if (channels_ == 2) {
    Lanes sum{};
    for (std::size_t i = 0; i < row_size; i += lanes) {
      const auto a = load (&before[i]), b = load (&after[i]);
      sum += (a + part * (b - a)) * load (first + i);
    }
    out.push_back (sum[0] + sum[2]);
    out.push_back (sum[1] + sum[3]);
    return;
  }
  for (std::size_t channel = 0; channel < channels_; ++channel) {
    float sum = 0;
    for (std::size_t tap = 0; tap < taps; ++tap) {
      const auto a = before[2 * tap], b = after[2 * tap];
      sum += (a + part * (b - a)) * first[tap * channels_ + channel];
    }
    out.push_back (sum);
  }
}

void
Stretcher::interpolate (std::vector<float> &out)
{
  const auto frames = in_.size () / channels_;
  while (at_ + half < frames) {
    put_frame (out);
    offset_ += step_;
    const auto whole = std::floor (offset_);
    const bool winds_down = step_ == least_step_;
    const bool turned = whole != 1; // past a frame's place
    offset_ -= whole;
    at_ += static_cast<std::size_t> (whole);
    if (winds_down && turned) {
      at_ += offset_ > 0.5 ? 1u : 0u;
      offset_ = 0;
      step_ = 1;
      copy (out);
      return;
    }
  }
}

} // namespace stagedoor::media
