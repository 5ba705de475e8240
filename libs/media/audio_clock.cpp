// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/media/audio_clock.hpp"

#include <algorithm>
#include <cmath>

namespace stagedoor::media {

namespace {

/** How fast an error is made up for: per second, a part of it; and the same for what it adds up to,
 * so that it neither stays nor swings. */
constexpr double pull = 0.05, pull_of_sum = pull * pull / 4;
/** Where steering begins and ends, in seconds: rounding alone must not begin it. */
constexpr double begin_steering = 0.003, end_steering = 0.0005, no_drift = 20e-6;
/** A gap of whole frames is told by this much, in seconds, while stamps are so good. */
constexpr double exact = 0.0025, good = 0.003;

} // namespace

bool
AudioClock::is_lost_frames (double error, std::int64_t count) const
{
  if (count <= 0 || seconds (jitter_) > good || seconds (error - smooth_) < least_step / 2)
    return false;
  const auto frames = std::round ((error - smooth_) / static_cast<double> (count));
  const auto rest = error - smooth_ - frames * static_cast<double> (count);
  return frames >= 1 && seconds (std::abs (rest)) < exact;
}

double
AudioClock::median () const
{
  const auto &[a, b, c] = errors_;
  return std::max (std::min (a, b), std::min (std::max (a, b), c));
}

void
AudioClock::remember (double error)
{
  errors_ = {error, errors_[0], errors_[1]};
}

/** What comes next is now nearer to where it should be. */
void
AudioClock::move (double by)
{
  next_ += by;
  for (auto &error : errors_)
    error -= by;
  smooth_ = 0;
}

/** Silence, or less than nothing: a cut. */
std::int64_t
AudioClock::step (double error, std::int64_t count)
{
  if (is_lost_frames (error, count)) {
    errors_.fill (error);
    return std::llround (error);
  }
  const auto certain = median ();
  const auto least = cuts_ ? least_step / 3 : least_step + 2 * seconds (jitter_);
  cuts_ = false;
  if (seconds (std::abs (certain)) < least)
    return 0;
  cuts_ = certain < static_cast<double> (-count);
  return std::max<std::int64_t> (std::llround (certain), -count);
}

void
AudioClock::steer (double error, std::int64_t count)
{
  const auto time = seconds (static_cast<double> (count));
  const auto part = std::min (time, 1.0);
  jitter_ += (std::abs (error - smooth_) - jitter_) * part;
  smooth_ += (error - smooth_) * part;
  const auto late = seconds (smooth_);
  if (!steers_ && std::abs (late) < begin_steering)
    return;
  drift_ = std::clamp (drift_ + late * pull_of_sum * time, -most_speed, most_speed);
  speed_ = std::clamp (drift_ + late * pull, -most_speed, most_speed);
  steers_ = std::abs (late) > end_steering || std::abs (drift_) > no_drift;
  if (!steers_)
    drift_ = speed_ = 0;
}

AudioClock::Step
AudioClock::on_block (double at, std::int64_t count)
{
  Step out;
  auto error = at - next_;
  if (!begun_ || seconds (error) > most_gap || seconds (error) < -most_overlap) {
    const auto drift = drift_; // the publisher's clock is still the same
    reset ();
    begun_ = out.restart = true;
    drift_ = drift;
    steers_ = std::abs (drift) > no_drift;
    next_ = at;
    error = 0;
  }
  remember (error);
  if (const auto by = step (error, count); by != 0) {
    move (static_cast<double> (by));
    (by > 0 ? out.silence : out.cut) = std::abs (by);
  } else {
    steer (errors_[0], count);
  }
  out.speed = speed_;
  next_ +=
      static_cast<double> (count) + speed_ * static_cast<double> (count - out.cut + out.silence);
  return out;
}

std::int64_t
AudioClock::fill (double end)
{
  if (!begun_ || end <= next_)
    return 0;
  const auto out = std::llround (end - next_);
  next_ += static_cast<double> (out) * (1 + speed_);
  return out;
}

} // namespace stagedoor::media
