// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/media/timeline.hpp"

#include <algorithm>
#include <cstdlib>

namespace stagedoor::media {

namespace {

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
  std::int64_t latest = 0;
  for (const auto &lane : lanes_)
    if (lane.seen)
      latest = std::max (latest, lane.last);
  return latest;
}

bool
Timeline::plausible (const Lane &lane, std::int64_t at) const
{
  const auto least =
      lane.seen ? lane.last - ticks (most_backward_ms) : head () - ticks (most_forward_ms);
  return at >= least && at <= head () + ticks (most_forward_ms);
}

/** The offset that puts the lane's new tag where it should be. */
Timeline::Offset
Timeline::choose_offset (const Lane &lane, const Lane &other)
{
  if (!lane.seen && !other.seen)
    return {ticks (clock_.start_ms) - lane.source, 0};
  const auto own = lane.source + lane.offset.ticks;
  const auto others = lane.source + other.offset.ticks;
  const bool own_fits = lane.seen && plausible (lane, own);
  const bool others_fits = other.seen && plausible (lane, others);
  const auto misfit = [&lane, &other] (std::int64_t at) {
    return std::abs (at - other.last - lane.lead);
  };
  const bool follows = others_fits && lane.offset.jumps < other.offset.jumps
                       && misfit (others) + ticks (hysteresis_ms) < misfit (own);
  if (own_fits && !follows)
    return lane.offset;
  if (others_fits)
    return other.offset;
  const bool paused = !lane.seen || lane.last < head () - ticks (most_forward_ms);
  const auto at = paused ? head () : lane.last + lane.step;
  return {at - lane.source, ++jumps_};
}

Timeline::Stamp
Timeline::map (Track track, std::uint64_t raw)
{
  constexpr std::int64_t ns_per_s = 1'000'000'000;
  auto &lane = lanes_[static_cast<int> (track)];
  const auto &other = lanes_[1 - static_cast<int> (track)];
  const auto &before = lane.seen ? lane : other;
  const auto unused = 64 - clock_.bits; // shifted out and back, so that the sign is extended
  const auto step = static_cast<std::int64_t> ((raw - before.last_raw) << unused) >> unused;
  lane.source = before.seen ? before.source + step : static_cast<std::int64_t> (raw);
  lane.last_raw = raw;

  const auto offset = choose_offset (lane, other);
  const bool jumped = lane.seen && offset.ticks != lane.offset.ticks;
  const auto ideal = lane.source + offset.ticks;
  const auto now = std::max (ideal, lane.last);
  if (other.seen && offset.jumps == other.offset.jumps)
    lane.lead += (ideal - other.last - lane.lead) / (lane.seen ? lead_weight : 1);
  if (lane.seen && now > lane.last)
    lane.step = std::min (now - lane.last, ticks (longest_step_ms));
  lane.offset = offset;
  lane.last = now;
  lane.seen = true;
  const auto ns = now / clock_.rate * ns_per_s + now % clock_.rate * ns_per_s / clock_.rate;
  return {ns, jumped};
}

} // namespace stagedoor::media
