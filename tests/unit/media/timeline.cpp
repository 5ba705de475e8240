// SPDX-License-Identifier: LGPL-2.1-or-later
// What rtmp's tests of the timeline don't have: the clock of MPEG-TS.
#include "libs/media/timeline.hpp"

#include "tests/unit/suite.hpp"

using namespace stagedoor;
using media::Timeline;

namespace {

constexpr std::uint64_t wrap = std::uint64_t{1} << 33;
constexpr std::int64_t second = 1'000'000'000;

} // namespace

START_TEST (ticks_become_nanoseconds)
{
  Timeline timeline (media::mpegts_clock);
  ck_assert_int_eq (timeline.map (Timeline::Track::video, 126'000).dts_ns, second);
  ck_assert_int_eq (timeline.map (Timeline::Track::video, 129'000).dts_ns, second + second / 30);
  ck_assert_int_eq (timeline.map (Timeline::Track::audio, 81'000).dts_ns, second / 2);
  ck_assert_int_eq (timeline.map (Timeline::Track::video, 216'000).dts_ns, 2 * second);
}
END_TEST

START_TEST (a_wrap_is_no_jump)
{
  for (const auto &clock : {media::mpegts_clock, media::rtmp_clock}) {
    const auto end = std::uint64_t{1} << clock.bits;
    const auto step = static_cast<std::uint64_t> (clock.rate / 10);
    Timeline timeline (clock);
    auto raw = end - 5 * step;
    for (int i = 0; i < 20; ++i, raw = (raw + step) % end) {
      const auto track = i % 3 != 0 ? Timeline::Track::video : Timeline::Track::audio;
      const auto stamp = timeline.map (track, raw);
      ck_assert_int_eq (stamp.dts_ns, clock.start_ms * second / 1000 + i * second / 10);
      ck_assert (!stamp.discontinuity);
    }
  }
}
END_TEST

START_TEST (a_jump_keeps_tracks_in_sync)
{
  Timeline timeline (media::mpegts_clock);
  timeline.map (Timeline::Track::video, 0);
  timeline.map (Timeline::Track::audio, 0);
  timeline.map (Timeline::Track::video, 3000);
  timeline.map (Timeline::Track::audio, 1920);
  const auto video = timeline.map (Timeline::Track::video, wrap / 2 + 3000);
  const auto audio = timeline.map (Timeline::Track::audio, wrap / 2 + 3000);
  ck_assert (video.discontinuity && audio.discontinuity);
  ck_assert_int_eq (video.dts_ns, audio.dts_ns);
  ck_assert_int_eq (video.dts_ns, second + 2 * second / 30);
}
END_TEST

START_TEST (nothing_overflows)
{
  Timeline timeline (media::mpegts_clock);
  std::uint64_t raw = 0;
  std::int64_t last = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    raw = (raw + wrap / 2 - 1) % wrap;
    const auto at = timeline.map (i % 2 ? Timeline::Track::video : Timeline::Track::audio, raw);
    last = at.dts_ns;
  }
  ck_assert_int_ge (last, 0);
}
END_TEST

int
main ()
{
  return test::run ("timeline", {ticks_become_nanoseconds, a_wrap_is_no_jump,
                                    a_jump_keeps_tracks_in_sync, nothing_overflows});
}
