// SPDX-License-Identifier: LGPL-2.1-or-later
// Two RTP clocks become one: before and after sender reports, over wraps and jumps.
#include "libs/media/rtp_timeline.hpp"

#include <algorithm>
#include <cstdlib>

#include "tests/unit/suite.hpp"

using stagedoor::media::RtpTimeline;
using Track = RtpTimeline::Track;

namespace {

constexpr std::int64_t ms = 1'000'000;

/** A publisher whose video is captured @c video_late later than it is stamped by arrival. */
struct Publisher
{
  RtpTimeline timeline{90'000, 48'000};
  std::uint32_t video = 0xffff'f000, audio = 12345; // video wraps soon

  RtpTimeline::Stamp video_at (std::int64_t t_ms, std::int64_t arrival_ms)
  {
    return timeline.map (
        Track::video, video + static_cast<std::uint32_t> (t_ms * 90), arrival_ms * ms);
  }
  RtpTimeline::Stamp audio_at (std::int64_t t_ms, std::int64_t arrival_ms)
  {
    return timeline.map (
        Track::audio, audio + static_cast<std::uint32_t> (t_ms * 48), arrival_ms * ms);
  }
  void report (Track track, std::int64_t t_ms)
  {
    const auto ntp = (std::uint64_t (3'900'000'000 + t_ms / 1000) << 32)
                     + (std::uint64_t (t_ms % 1000) << 32) / 1000;
    const auto rtp = track == Track::video ? video + static_cast<std::uint32_t> (t_ms * 90)
                                           : audio + static_cast<std::uint32_t> (t_ms * 48);
    timeline.report (track, ntp, rtp);
  }
};

bool
near (std::int64_t a, std::int64_t b)
{
  return std::abs (a - b) < 10'000;
}

} // namespace

START_TEST (starts_within_a_second_and_keeps_the_publishers_steps)
{
  Publisher p;
  for (int i = 0; i < 1000; ++i) {
    const auto at = p.video_at (i * 40, 7000 + i * 40 + (i % 7) * 9);
    ck_assert (near (at.pts, RtpTimeline::start + i * 40 * ms));
    ck_assert (!at.discontinuity);
  }
}
END_TEST

START_TEST (is_by_arrival_before_reports)
{
  Publisher p;
  p.video_at (0, 1000);
  ck_assert (near (p.audio_at (0, 1080).pts, RtpTimeline::start + 80 * ms));
}
END_TEST

START_TEST (reports_bring_video_to_audio_without_a_jump)
{
  Publisher p;
  // Both were captured at 0; video took 150 ms to be encoded.
  p.audio_at (0, 1000);
  auto last = p.video_at (0, 1150).pts;
  p.report (Track::audio, 0);
  p.report (Track::video, 0);
  for (int t = 20; t < 3000; t += 20) {
    const auto audio = p.audio_at (t, 1000 + t).pts;
    const auto video = p.video_at (t, 1150 + t).pts;
    ck_assert (near (audio, RtpTimeline::start + t * ms));
    ck_assert_int_gt (video, last);
    ck_assert_int_le (video - last, 22 * ms);
    last = video;
    if (t >= 1600)
      ck_assert (near (video, audio));
  }
}
END_TEST

START_TEST (b_frames_are_shown_before_what_came)
{
  Publisher p;
  p.audio_at (0, 1000);
  for (int i = 0; i < 300; i += 3)
    for (const int place : {0, 3, 1, 2}) {
      const auto t = (i + place) * 33 + 100;
      ck_assert (near (p.video_at (t, 1000 + t).pts, RtpTimeline::start + t * ms));
    }
  // But only so far.
  ck_assert_int_ge (p.video_at (9400, 11'000).pts,
      p.video_at (10'010, 11'000).pts - RtpTimeline::most_reordered - 700 * ms);
  ck_assert_int_ge (p.audio_at (9000, 11'000).pts, RtpTimeline::start);
}
END_TEST

START_TEST (late_video_is_never_put_before_what_came)
{
  Publisher p;
  // The other way round: audio was held back.
  p.video_at (0, 1000);
  p.audio_at (0, 1200);
  p.report (Track::video, 0);
  p.report (Track::audio, 0);
  std::int64_t audio = 0, video = 0;
  for (int t = 20; t < 3000; t += 20) {
    audio = p.audio_at (t, 1200 + t).pts;
    video = p.video_at (t, 1000 + t).pts;
  }
  ck_assert (near (video, audio));
}
END_TEST

START_TEST (reports_that_came_first_put_the_second_track_right_at_once)
{
  Publisher p;
  p.report (Track::audio, 0);
  p.report (Track::video, 0);
  p.audio_at (0, 1000);
  ck_assert (near (p.video_at (100, 1400).pts, RtpTimeline::start + 100 * ms));
}
END_TEST

START_TEST (clocks_that_lie_are_not_believed)
{
  Publisher p;
  p.audio_at (0, 1000);
  p.video_at (0, 1000);
  p.report (Track::audio, 0);
  p.timeline.report (Track::video, 0, p.video);
  for (int t = 40; t < 2000; t += 40)
    ck_assert (near (p.video_at (t, 1000 + t).pts, RtpTimeline::start + t * ms));
  p.timeline.report (Track::video, UINT64_MAX, p.video - 1);
  for (int t = 2000; t < 4000; t += 40)
    ck_assert (near (p.video_at (t, 1000 + t).pts, RtpTimeline::start + t * ms));
}
END_TEST

START_TEST (a_clock_that_jumps_goes_on_as_time_went_on)
{
  Publisher p;
  p.video_at (0, 1000);
  p.video_at (40, 1040);
  p.video += 0x4000'0000;
  const auto after = p.video_at (80, 1080);
  ck_assert (after.discontinuity);
  ck_assert (near (after.pts, RtpTimeline::start + 80 * ms));
  const auto next = p.video_at (120, 1120);
  ck_assert (!next.discontinuity);
  ck_assert (near (next.pts, RtpTimeline::start + 120 * ms));
}
END_TEST

START_TEST (a_clock_that_jumps_for_ever)
{
  Publisher p;
  std::uint32_t stamp = 0;
  bool good = true;
  for (int i = 0; i < 250'000; ++i, stamp += 0x7fff'ffff)
    good &= near (p.timeline.map (Track::audio, stamp, i * ms).pts, RtpTimeline::start + i * ms);
  ck_assert (good);
}
END_TEST

START_TEST (a_gap_stays_a_gap)
{
  Publisher p;
  p.video_at (0, 1000);
  const auto after = p.video_at (8000, 9000);
  ck_assert (!after.discontinuity);
  ck_assert (near (after.pts, RtpTimeline::start + 8000 * ms));
}
END_TEST

START_TEST (any_stamps_stay_monotonic)
{
  Publisher p;
  std::uint32_t state = 1;
  const auto random = [&state] {
    return state = state * 1664525u + 1013904223u;
  };
  std::int64_t last[2] = {0, 0};
  for (int i = 0; i < 200'000; ++i) {
    const auto track = random () >> 31 ? Track::video : Track::audio;
    if (random () >> 24 == 0)
      p.timeline.report (track, std::uint64_t (random ()) << 32 | random (), random ());
    const auto at = p.timeline.map (track, random (), i * ms);
    auto &before = last[track == Track::video];
    ck_assert_int_ge (at.pts, before - (track == Track::video ? RtpTimeline::most_reordered : 0));
    ck_assert_int_le (at.pts - before, RtpTimeline::most_forward * 2);
    before = std::max (before, at.pts);
  }
}
END_TEST

int
main ()
{
  return stagedoor::test::run ("rtp-timeline",
      {starts_within_a_second_and_keeps_the_publishers_steps, is_by_arrival_before_reports,
          reports_bring_video_to_audio_without_a_jump, b_frames_are_shown_before_what_came,
          late_video_is_never_put_before_what_came,
          reports_that_came_first_put_the_second_track_right_at_once,
          clocks_that_lie_are_not_believed, a_clock_that_jumps_goes_on_as_time_went_on,
          a_clock_that_jumps_for_ever, a_gap_stays_a_gap, any_stamps_stay_monotonic});
}
