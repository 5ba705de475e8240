// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/rtmp/timeline.hpp"

#include <algorithm>
#include <cstdlib>

namespace stagedoor::rtmp {

namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;

/** A track follows the other one's jump that it could have taken for a step back only when its lead
 * then fits better by more than this: more than jitter, less than the smallest jump. */
constexpr std::int64_t hysteresis_ms = 300;

/** A gap is no frame duration. */
constexpr std::int64_t longest_step_ms = 2000;

/** Tags over which a lead is averaged. */
constexpr std::int64_t lead_weight = 16;

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

bool
Timeline::plausible (const Lane &lane, std::int64_t ms) const
{
  const auto least = lane.seen ? lane.last_ms - most_backward_ms : head () - most_forward_ms;
  return ms >= least && ms <= head () + most_forward_ms;
}

/** The clock that puts the lane's new tag where it should be. */
Timeline::Clock
Timeline::choose_clock (const Lane &lane, const Lane &other)
{
  if (!lane.seen && !other.seen)
    return {-lane.source_ms, 0};
  const auto own = lane.source_ms + lane.clock.offset_ms;
  const auto others = lane.source_ms + other.clock.offset_ms;
  const bool own_fits = lane.seen && plausible (lane, own);
  const bool others_fits = other.seen && plausible (lane, others);
  const auto misfit = [&lane, &other] (std::int64_t ms) {
    return std::abs (ms - other.last_ms - lane.lead_ms);
  };
  const bool follows = others_fits && lane.clock.jumps < other.clock.jumps
                       && misfit (others) + hysteresis_ms < misfit (own);
  if (own_fits && !follows)
    return lane.clock;
  if (others_fits)
    return other.clock;
  const bool paused = !lane.seen || lane.last_ms < head () - most_forward_ms;
  const auto ms = paused ? head () : lane.last_ms + lane.step_ms;
  return {ms - lane.source_ms, ++jumps_};
}

Timeline::Stamp
Timeline::map (Track track, std::uint32_t timestamp_ms)
{
  auto &lane = lanes_[static_cast<int> (track)];
  const auto &other = lanes_[1 - static_cast<int> (track)];
  const auto &before = lane.seen ? lane : other;
  const auto step = static_cast<std::int32_t> (timestamp_ms - before.last_raw);
  lane.source_ms = before.seen ? before.source_ms + step : timestamp_ms;
  lane.last_raw = timestamp_ms;

  const auto clock = choose_clock (lane, other);
  const bool jumped = lane.seen && clock.offset_ms != lane.clock.offset_ms;
  const auto ideal = lane.source_ms + clock.offset_ms;
  const auto ms = std::max (ideal, lane.last_ms);
  if (other.seen && clock.jumps == other.clock.jumps)
    lane.lead_ms += (ideal - other.last_ms - lane.lead_ms) / (lane.seen ? lead_weight : 1);
  if (lane.seen && ms > lane.last_ms)
    lane.step_ms = std::min (ms - lane.last_ms, longest_step_ms);
  lane.clock = clock;
  lane.last_ms = ms;
  lane.seen = true;
  return {ms * ns_per_ms, jumped};
}

} // namespace stagedoor::rtmp
