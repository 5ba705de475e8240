// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/rtmp/timeline.hpp"

#include <algorithm>
#include <cstdlib>

namespace stagedoor::rtmp {

namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;

/** A lane changes to the other one's offset only when that fits better by more than this: more than
 * any jitter, less than the smallest jump. */
constexpr std::int64_t hysteresis_ms = Timeline::most_backward_ms / 2;

/** A gap is no frame duration. */
constexpr std::int64_t longest_step_ms = 2000;

} // namespace

/** The latest tag of the timeline. */
std::int64_t
Timeline::head () const
{
  std::int64_t ms = 0;
  for (const auto &lane : lanes_)
    if (lane.seen)
      ms = std::max (ms, lane.last_ms);
  return ms;
}

void
Timeline::unwrap (Lane &lane, const Lane &other, std::uint32_t raw) const
{
  const auto &before = lane.seen ? lane : other;
  const auto step = static_cast<std::int32_t> (raw - before.last_raw);
  lane.source_ms = before.seen ? before.source_ms + step : raw;
  lane.last_raw = raw;
}

bool
Timeline::plausible (const Lane &lane, std::int64_t ms) const
{
  const auto least = lane.seen ? lane.last_ms - most_backward_ms : head () - most_forward_ms;
  return ms >= least && ms <= head () + most_forward_ms;
}

/** How far @p ms is from where the lane should go on: after its last tag, or, when it paused, where
 * the other one is. */
std::int64_t
Timeline::distance (const Lane &lane, std::int64_t ms) const
{
  const auto from_head = std::abs (ms - head ());
  return lane.seen ? std::min (std::abs (ms - expected (lane)), from_head) : from_head;
}

std::int64_t
Timeline::choose_offset (const Lane &lane, const Lane &other) const
{
  const auto at = [&lane] (std::int64_t offset) {
    return lane.source_ms + offset;
  };
  if (!lane.seen && !other.seen)
    return -lane.source_ms;
  const bool own_fits = lane.seen && plausible (lane, at (lane.offset_ms));
  const bool other_fits = other.seen && plausible (lane, at (other.offset_ms));
  if (own_fits && other_fits) {
    const auto own = distance (lane, at (lane.offset_ms));
    const auto others = distance (lane, at (other.offset_ms));
    return others + hysteresis_ms < own ? other.offset_ms : lane.offset_ms;
  }
  if (own_fits)
    return lane.offset_ms;
  if (other_fits)
    return other.offset_ms;
  const bool paused = !lane.seen || lane.last_ms < head () - most_forward_ms;
  return (paused ? head () : expected (lane)) - lane.source_ms;
}

Timeline::Stamp
Timeline::map (Track track, std::uint32_t timestamp_ms)
{
  auto &lane = lanes_[static_cast<int> (track)];
  const auto &other = lanes_[1 - static_cast<int> (track)];
  unwrap (lane, other, timestamp_ms);
  const auto offset = choose_offset (lane, other);
  const bool jumped = lane.seen && offset != lane.offset_ms;
  const auto ms = std::max (lane.source_ms + offset, lane.last_ms);
  if (lane.seen && ms > lane.last_ms)
    lane.step_ms = std::min (ms - lane.last_ms, longest_step_ms);
  lane.offset_ms = offset;
  lane.last_ms = ms;
  lane.seen = true;
  return {ms * ns_per_ms, jumped};
}

} // namespace stagedoor::rtmp
