// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/media/timeline.hpp"

#include <algorithm>
#include <cstdlib>

namespace stagedoor::media {

namespace {

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
  std::int64_t latest = 0;
  for (const auto &lane : lanes_)
    if (lane.seen)
      latest = std::max (latest, lane.last);
  return latest;
}

void
Timeline::unwrap (Lane &lane, const Lane &other, std::uint64_t raw) const
{
  const auto &before = lane.seen ? lane : other;
  const auto unused = 64 - clock_.bits; // shifted out and back, so that the sign is extended
  const auto step = static_cast<std::int64_t> ((raw - before.last_raw) << unused) >> unused;
  lane.source = before.seen ? before.source + step : static_cast<std::int64_t> (raw);
  lane.last_raw = raw;
}

bool
Timeline::plausible (const Lane &lane, std::int64_t at) const
{
  const auto least =
      lane.seen ? lane.last - ticks (most_backward_ms) : head () - ticks (most_forward_ms);
  return at >= least && at <= head () + ticks (most_forward_ms);
}

/** How far @p at is from where the lane should go on: after its last tag, or, when it paused, where
 * the other one is. */
std::int64_t
Timeline::distance (const Lane &lane, std::int64_t at) const
{
  const auto from_head = std::abs (at - head ());
  return lane.seen ? std::min (std::abs (at - expected (lane)), from_head) : from_head;
}

std::int64_t
Timeline::choose_offset (const Lane &lane, const Lane &other) const
{
  const auto at = [&lane] (std::int64_t offset) {
    return lane.source + offset;
  };
  if (!lane.seen && !other.seen)
    return ticks (clock_.start_ms) - lane.source;
  const bool own_fits = lane.seen && plausible (lane, at (lane.offset));
  const bool other_fits = other.seen && plausible (lane, at (other.offset));
  if (own_fits && other_fits) {
    const auto own = distance (lane, at (lane.offset));
    const auto others = distance (lane, at (other.offset));
    return others + ticks (hysteresis_ms) < own ? other.offset : lane.offset;
  }
  if (own_fits)
    return lane.offset;
  if (other_fits)
    return other.offset;
  const bool paused = !lane.seen || lane.last < head () - ticks (most_forward_ms);
  return (paused ? head () : expected (lane)) - lane.source;
}

Timeline::Stamp
Timeline::map (Track track, std::uint64_t raw)
{
  constexpr std::int64_t ns_per_s = 1'000'000'000;
  auto &lane = lanes_[static_cast<int> (track)];
  const auto &other = lanes_[1 - static_cast<int> (track)];
  unwrap (lane, other, raw);
  const auto offset = choose_offset (lane, other);
  const bool jumped = lane.seen && offset != lane.offset;
  const auto now = std::max (lane.source + offset, lane.last);
  if (lane.seen && now > lane.last)
    lane.step = std::min (now - lane.last, ticks (longest_step_ms));
  lane.offset = offset;
  lane.last = now;
  lane.seen = true;
  const auto ns = now / clock_.rate * ns_per_s + now % clock_.rate * ns_per_s / clock_.rate;
  return {ns, jumped};
}

} // namespace stagedoor::media
