// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides where segments and parts begin.
#include "libs/hls/segmenter.hpp"

#include <algorithm>

namespace stagedoor::hls {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_boundaries = 32, most_distances = 8;
/** How much longer than wanted a segment may get: what still rounds to the target duration. */
constexpr Duration spare = 450ms;
/** Key frames of one picture in several renditions are not farther apart. */
constexpr Duration same_key = 20ms;
constexpr Duration longest_part_target = 2s;

constexpr Duration
least_part (Duration part_target)
{
  return part_target * 85 / 100;
}

bool
fits (Duration target, Duration frame)
{
  const auto frames = target * 98 / 100 / frame;
  return frames > 0 && frames * frame * 98 / 100 >= least_part (target);
}

} // namespace

Duration
choose_part_target (Duration wanted, std::span<const Duration> frames)
{
  for (auto target = wanted; target <= longest_part_target; target += 1ms)
    if (std::all_of (frames.begin (), frames.end (),
            [&] (Duration frame) { return frame <= 0ns || fits (target, frame); }))
      return target;
  return std::max (wanted, longest_part_target);
}

Segmenter::Track
Segmenter::add (Kind kind)
{
  lanes_.push_back ({.kind = kind});
  return lanes_.size () - 1;
}

void
Segmenter::remove (Track track)
{
  lanes_[track].present = false;
}

void
Segmenter::promise (std::chrono::seconds target)
{
  options_.longest = target + spare;
}

const Segmenter::Lane *
Segmenter::leader () const
{
  for (const auto kind : {Kind::video, Kind::audio})
    for (const auto &lane : lanes_)
      if (lane.present && lane.kind == kind)
        return &lane;
  return nullptr;
}

Duration
Segmenter::key_distance () const
{
  const auto *lane = leader ();
  return lane && lane->kind == Kind::video ? farthest_key (*lane) : 0ns;
}

Duration
Segmenter::farthest_key (const Lane &lane) const
{
  const auto longest = std::max_element (lane.key_distances.begin (), lane.key_distances.end ());
  return longest == lane.key_distances.end () ? 0ns : *longest;
}

Cut
Segmenter::next (Track track, const Frame &frame)
{
  auto &lane = lanes_[track];
  const bool decodable = lane.kind == Kind::audio || frame.key;
  if (lane.started && jumped (lane, frame) && !lane.awaits_key) {
    // The first to jump makes the discontinuity, the others join it.
    if (lane.discontinuities == discontinuities_)
      ++discontinuities_;
    lane.awaits_key = true;
  }
  if ((lane.awaits_key || !lane.started) && !decodable)
    return {.drop = true};
  Cut cut;
  if (!lane.started) {
    lane.discontinuities = discontinuities_;
    cut.segment = lane.started = true;
  } else if (lane.discontinuities < discontinuities_ && decodable) {
    cut.discontinuities = discontinuities_ - lane.discontinuities;
    lane.discontinuities = discontinuities_;
    lane.key_distances.clear ();
    cut.segment = true;
  } else
    cut.segment = ends_segment (lane, frame);
  if (cut.segment)
    start_segment (lane, frame);
  if (frame.key)
    note_key (lane, frame);
  cut_parts (lane, frame, cut);
  lane.awaits_key = false;
  lane.last_dts = frame.dts;
  lane.last_pts = frame.pts;
  lane.next_dts = frame.dts + frame.duration;
  return cut;
}

bool
Segmenter::jumped (const Lane &lane, const Frame &frame) const
{
  return frame.discontinuity || frame.dts <= lane.last_dts
         || frame.dts > lane.next_dts + options_.gap;
}

bool
Segmenter::ends_segment (const Lane &lane, const Frame &frame) const
{
  if (lane.kind == Kind::audio)
    return is_cut_by_leader (lane, frame) || is_cut_by_time (lane, frame);
  return (frame.key && (is_cut_by_leader (lane, frame) || is_cut_by_key (lane, frame)))
         || frame.pts + frame.duration - lane.segment_start > options_.longest;
}

bool
Segmenter::is_cut_by_leader (const Lane &lane, const Frame &frame) const
{
  if (&lane == leader ())
    return false;
  const auto fuzz = lane.kind == Kind::video ? same_key : frame.duration / 2;
  return std::any_of (boundaries_.rbegin (), boundaries_.rend (), [&] (const Boundary &boundary) {
    if (boundary.discontinuities != lane.discontinuities
        || boundary.pts <= lane.segment_start + options_.segment / 5)
      return false; // what begins just before is of the next segment
    // Sound that was ahead of the leader is cut late rather than never.
    return frame.pts >= boundary.pts - fuzz
           && (lane.kind == Kind::audio || frame.pts <= boundary.pts + fuzz);
  });
}

bool
Segmenter::is_cut_by_key (const Lane &lane, const Frame &frame) const
{
  const auto age = frame.pts - lane.segment_start;
  if (age >= options_.segment * 7 / 8)
    return true;
  // Too early, unless the next key frame might be too late.
  auto distance = farthest_key (lane);
  if (lane.last_key)
    distance = std::max (distance, frame.pts - *lane.last_key);
  if (distance <= 0ns)
    distance = key_distance ();
  return age >= options_.segment / 4 && age + distance > options_.segment + spare;
}

bool
Segmenter::is_cut_by_time (const Lane &lane, const Frame &frame) const
{
  const auto age = frame.pts - lane.segment_start;
  const auto *lead = leader ();
  if (lead->kind == Kind::audio)
    return age + frame.duration / 2 >= options_.segment;
  if (age + frame.duration > options_.longest)
    return true;
  // The leader decides, unless it stands still or is further behind than a segment has room for.
  const bool stalled = !lead->started || lead->discontinuities != lane.discontinuities
                       || frame.pts > lead->last_pts + options_.gap;
  if (stalled)
    return age + frame.duration / 2 >= options_.segment;
  const bool in_long_segment = lead->last_pts - lead->segment_start > options_.segment + spare / 2;
  return !in_long_segment && age + frame.duration > options_.segment + spare;
}

void
Segmenter::start_segment (Lane &lane, const Frame &frame)
{
  lane.segment_start = frame.pts;
  if (!frame.key)
    ++blind_segments_;
  if (&lane != leader ())
    return;
  boundaries_.push_back ({.discontinuities = lane.discontinuities, .pts = frame.pts});
  if (boundaries_.size () > most_boundaries)
    boundaries_.pop_front ();
}

void
Segmenter::note_key (Lane &lane, const Frame &frame)
{
  if (lane.last_key && frame.pts > *lane.last_key && !lane.awaits_key)
    lane.key_distances.push_back (frame.pts - *lane.last_key);
  if (lane.key_distances.size () > most_distances)
    lane.key_distances.pop_front ();
  lane.last_key = frame.pts;
  lane.key_delay = frame.pts - frame.dts;
}

/** When it is expected; nullopt: no idea. */
std::optional<Duration>
Segmenter::next_key (const Lane &lane) const
{
  if (!lane.last_key || lane.key_distances.empty ())
    return std::nullopt;
  return *lane.last_key + lane.key_distances.back ();
}

/** Whether the frame after this one may begin a segment. */
bool
Segmenter::may_end_segment (const Lane &lane, const Frame &frame) const
{
  const auto &lead = *leader ();
  if (lane.kind == Kind::audio && lead.kind == Kind::audio)
    return frame.pts + frame.duration * 3 / 2 - lane.segment_start >= options_.segment;
  const auto &keys = lane.kind == Kind::video ? lane : lead;
  const auto key = next_key (keys);
  const auto start = key.value_or (keys.segment_start + options_.segment * 7 / 8);
  if (start - keys.segment_start < options_.segment / 4)
    return false;
  // Of video the next one is the next to be decoded.
  const auto next = lane.kind == Kind::video
                        ? frame.dts + frame.duration + (key ? lane.key_delay : Duration ())
                        : frame.pts + frame.duration;
  return next + frame.duration / 2 >= start && (!key || next <= start + frame.duration / 2);
}

void
Segmenter::cut_parts (Lane &lane, const Frame &frame, Cut &cut)
{
  const auto end = frame.dts + frame.duration;
  const bool open = lane.part_end > lane.part_start;
  cut.part = cut.segment || !open || end - lane.part_start > options_.part_target;
  if (cut.part) {
    if (open && !cut.segment)
      end_part (lane);
    lane.part_start = frame.dts;
    lane.part_exempt = false;
  }
  lane.part_end = end;
  lane.part_exempt = lane.part_exempt || frame.key;
  const auto length = end - lane.part_start;
  // Complete as soon as another frame like this one has no place in it.
  cut.completes_part = length + frame.duration > options_.part_target
                       && (lane.part_exempt || length >= least_part (options_.part_target))
                       && !may_end_segment (lane, frame);
  if (cut.completes_part) {
    end_part (lane);
    lane.part_start = lane.part_end;
  }
}

void
Segmenter::end_part (const Lane &lane)
{
  const auto length = lane.part_end - lane.part_start;
  if (length > options_.part_target
      || (length < least_part (options_.part_target) && !lane.part_exempt))
    ++uneven_parts_;
}

} // namespace stagedoor::hls
