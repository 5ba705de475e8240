// SPDX-License-Identifier: LGPL-2.1-or-later
// Two RTP clocks side by side.
#include "libs/media/rtp_timeline.hpp"

#include <algorithm>
#include <cstdlib>

namespace stagedoor::media {
namespace {

constexpr std::int64_t second = 1'000'000'000;

std::int64_t
signed_step (std::uint32_t from, std::uint32_t to)
{
  return static_cast<std::int32_t> (to - from);
}

} // namespace

/** Split, so that it doesn't overflow within a publication's life. */
std::int64_t
RtpTimeline::Lane::time_of (std::int64_t at_ticks) const
{
  return at_ticks / rate * second + at_ticks % rate * second / rate;
}

std::optional<std::int64_t>
RtpTimeline::Lane::epoch () const
{
  if (!seen || !report)
    return std::nullopt;
  return report->ntp - time_of (ticks + signed_step (raw, report->rtp));
}

RtpTimeline::RtpTimeline (std::int64_t video_rate, std::int64_t audio_rate)
{
  video_.rate = video_rate;
  audio_.rate = audio_rate;
}

void
RtpTimeline::report (Track track, std::uint64_t ntp, std::uint32_t rtp)
{
  const auto seconds = static_cast<std::int64_t> (ntp >> 32);
  const auto fraction = static_cast<std::int64_t> ((ntp & UINT32_MAX) * second >> 32);
  (track == Track::video ? video_ : audio_).report = Report{seconds * second + fraction, rtp};
}

std::optional<std::int64_t>
RtpTimeline::skew () const
{
  const auto video = video_.epoch (), audio = audio_.epoch ();
  if (!video || !audio)
    return std::nullopt;
  const auto late = (video_.offset - *video) - (audio_.offset - *audio);
  return std::abs (late) <= most_skew ? std::optional (late) : std::nullopt;
}

void
RtpTimeline::begin (Lane &lane, std::uint32_t rtp, std::int64_t arrival)
{
  if (!first_arrival_)
    first_arrival_ = arrival;
  lane.seen = true;
  lane.raw = rtp;
  lane.ticks = rtp;
  lane.arrival = arrival;
  lane.offset = start + (arrival - *first_arrival_) - lane.time_of (lane.ticks);
  if (const auto late = skew ()) // nothing of it has been seen: it may jump
    lane.offset += &lane == &video_ ? -*late : *late;
}

void
RtpTimeline::straighten (std::int64_t passed)
{
  if (const auto late = skew ()) {
    const auto most = std::max<std::int64_t> (passed, 0) / slew;
    video_.offset -= std::clamp (*late, -most, most);
  }
}

RtpTimeline::Stamp
RtpTimeline::map (Track track, std::uint32_t rtp, std::int64_t arrival, bool keyframe)
{
  auto &lane = track == Track::video ? video_ : audio_;
  const auto before = lane.seen ? lane.last : 0;
  bool jumped = false;
  if (!lane.seen) {
    begin (lane, rtp, arrival);
  } else {
    const auto step = signed_step (lane.raw, rtp);
    const auto time = lane.time_of (step);
    lane.ticks += step;
    lane.raw = rtp;
    jumped = time < -most_backward || time > most_forward;
    if (jumped) {
      const auto passed = std::clamp<std::int64_t> (arrival - lane.arrival, 0, most_forward);
      lane.ticks = rtp; // counted anew: endless jumps would overflow
      lane.offset = before + passed - lane.time_of (lane.ticks);
      lane.report.reset (); // of the clock as it was
    } else if (track == Track::video) {
      straighten (time);
    }
    lane.arrival = arrival;
  }
  const bool reorders = track == Track::video && !jumped && !keyframe;
  const auto least = std::max<std::int64_t> (reorders ? before - most_reordered : before, 0);
  const auto due = lane.offset + lane.time_of (lane.ticks), pts = std::max (due, least);
  if (keyframe)
    lane.offset += pts - due; // another source's clock
  lane.last = std::max (before, pts);
  return {pts, jumped};
}

} // namespace stagedoor::media
