// SPDX-License-Identifier: LGPL-2.1-or-later
// Time stamps that jump, and streams without key frames.
#include "tests/unit/hls/segmented.hpp"

using namespace stagedoor::hls;
using namespace stagedoor::hls::test;

namespace {

constexpr Duration frame_time = 33'333'333ns;

Segmenter::Frame
picture (Duration at, bool key)
{
  return {.dts = at, .pts = at, .duration = frame_time, .key = key};
}

} // namespace

START_TEST (a_jump_is_a_discontinuity_at_the_next_key_frame)
{
  for (const Duration jump : {-3s, 5s, 3600s}) {
    Segmenter segmenter ({});
    Track video (segmenter, Segmenter::Kind::video);
    for (int i = 0; i < 300; ++i)
      video.feed (picture (i * frame_time + (i < 100 ? 10s : 10s + jump), i % 60 == 0));
    ck_assert_int_eq (video.dropped, 20); // until frame 120
    ck_assert_uint_eq (video.segments.size (), 5);
    ck_assert_uint_eq (video.segments[2].discontinuities, 1);
    ck_assert (video.segments[2].start == 120 * frame_time + 10s + jump);
    ck_assert_uint_eq (video.segments[3].discontinuities, 0);
  }
}
END_TEST

START_TEST (a_short_gap_is_none)
{
  Segmenter segmenter ({});
  Track video (segmenter, Segmenter::Kind::video);
  for (int i = 0; i < 120; ++i)
    video.feed (picture (i * frame_time + (i < 70 ? 0s : 900ms), i % 60 == 0));
  ck_assert_uint_eq (video.segments.size (), 2);
  ck_assert_int_eq (video.dropped, 0);
}
END_TEST

START_TEST (a_source_may_say_so)
{
  Segmenter segmenter ({});
  Track video (segmenter, Segmenter::Kind::video);
  for (int i = 0; i < 90; ++i) {
    auto frame = picture (i * frame_time, i % 45 == 0);
    frame.discontinuity = i == 45;
    video.feed (frame);
  }
  ck_assert_uint_eq (video.segments.size (), 2);
  ck_assert_uint_eq (video.segments[1].discontinuities, 1);
}
END_TEST

START_TEST (tracks_that_jump_together_count_one)
{
  Segmenter segmenter ({});
  Track video (segmenter, Segmenter::Kind::video), other (segmenter, Segmenter::Kind::video);
  Track audio (segmenter, Segmenter::Kind::audio);
  for (int i = 0; i < 400; ++i) {
    const Duration jump = i < 100 ? 0s : i < 250 ? 100s : 50s;
    const auto at = i * frame_time + jump;
    video.feed (picture (at, i % 60 == 0));
    other.feed (picture (at, i % 60 == 0));
    audio.at = std::max (audio.at, at - 100ms);
    if (i == 100 || i == 250)
      audio.at = at - 20ms; // it jumps, too
    while (audio.at < at)
      audio.feed_sound (20ms);
  }
  for (const auto *track : {&video, &other, &audio}) {
    unsigned sum = 0;
    for (const auto &segment : track->segments) {
      ck_assert_uint_le (segment.discontinuities, 1);
      sum += segment.discontinuities;
    }
    ck_assert_uint_eq (sum, 2);
  }
}
END_TEST

START_TEST (who_does_not_jump_follows)
{
  Segmenter segmenter ({});
  Track video (segmenter, Segmenter::Kind::video), audio (segmenter, Segmenter::Kind::audio);
  for (int i = 0; i < 300; ++i) {
    const auto at = i * frame_time;
    video.feed (picture (at, i % 60 == 0));
    if (i == 100 || i == 110) { // sound alone, twice before the next key frame
      audio.at += 3s;
      audio.feed_sound (20ms);
    }
    while (audio.at < at)
      audio.feed_sound (20ms);
  }
  ck_assert_int_eq (video.dropped, 0);
  ck_assert_uint_eq (video.segments[2].discontinuities, 2);
  Segmenter away ({});
  Track one (away, Segmenter::Kind::audio), two (away, Segmenter::Kind::audio);
  two.feed_sound (20ms);
  for (int i = 0; i < 3; ++i) {
    one.at += 5s;
    one.feed_sound (20ms);
    one.feed_sound (20ms);
  }
  two.feed_sound (20ms);
  ck_assert_uint_eq (two.segments.back ().discontinuities, 2);
}
END_TEST

START_TEST (video_begins_with_a_key_frame)
{
  Segmenter segmenter ({});
  Track video (segmenter, Segmenter::Kind::video);
  for (int i = 0; i < 100; ++i)
    video.feed (picture (i * frame_time, i == 50));
  ck_assert_int_eq (video.dropped, 50);
  ck_assert_uint_eq (video.segments.size (), 1);
}
END_TEST

START_TEST (no_segment_is_endless)
{
  Segmenter segmenter ({});
  Track video (segmenter, Segmenter::Kind::video), audio (segmenter, Segmenter::Kind::audio);
  for (int i = 0; i < 30 * 60; ++i) {
    video.feed (picture (i * frame_time, i == 0));
    while (audio.at < i * frame_time)
      audio.feed_sound (20ms);
  }
  ck_assert_uint_eq (video.segments.size (), 5); // of 12 s
  ck_assert_uint_ge (segmenter.blind_segments (), 4);
  for (const auto *track : {&video, &audio})
    for (const auto &segment : track->segments)
      ck_assert (segment.duration () <= 12s);
}
END_TEST

START_TEST (key_distance_is_told)
{
  Segmenter segmenter ({});
  ck_assert (segmenter.key_distance () == 0ns);
  Track video (segmenter, Segmenter::Kind::video);
  for (int i = 0; i < 900; ++i) {
    video.feed (picture (i * frame_time, i % 300 == 0));
    ck_assert (segmenter.key_distance () == (i < 300 ? 0ns : 300 * frame_time));
  }
  for (int i = 900; i < 1500; ++i)
    video.feed (picture (i * frame_time, i % 30 == 0));
  ck_assert (segmenter.key_distance () == 30 * frame_time);
}
END_TEST

int
main ()
{
  return stagedoor::test::run ("jumps",
      {a_jump_is_a_discontinuity_at_the_next_key_frame, a_short_gap_is_none, a_source_may_say_so,
          tracks_that_jump_together_count_one, who_does_not_jump_follows,
          video_begins_with_a_key_frame, no_segment_is_endless, key_distance_is_told});
}
