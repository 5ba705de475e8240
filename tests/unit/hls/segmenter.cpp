// SPDX-License-Identifier: LGPL-2.1-or-later
// Where streams of all kinds are cut.
#include "libs/hls/segmenter.hpp"

#include <functional>
#include <random>

#include "tests/unit/hls/segmented.hpp"

using namespace stagedoor::hls;
using namespace stagedoor::hls::test;

namespace {

/** Runs one video track of constant rate and compares all that is said about parts. */
Track
run_video (unsigned numerator, unsigned denominator, unsigned key_every, Duration stamp_unit = 1ns)
{
  const Duration each (1'000'000'000LL * denominator / numerator);
  const auto target = choose_part_target (200ms, {&each, 1});
  Segmenter segmenter ({.part_target = target});
  Track track (segmenter, Segmenter::Kind::video);
  const auto at = [&] (unsigned frame) {
    const auto exact = Duration (1'000'000'000LL * frame * denominator / numerator);
    return exact / stamp_unit * stamp_unit;
  };
  for (unsigned i = 0; i < 20 * numerator / denominator; ++i)
    track.feed (
        {.dts = at (i), .pts = at (i), .duration = at (i + 1) - at (i), .key = i % key_every == 0});
  track.finish ();
  ck_assert_uint_eq (segmenter.uneven_parts (), 0);
  ck_assert_uint_eq (segmenter.blind_segments (), 0);
  for (const auto &segment : track.segments)
    for (std::size_t i = 0; i < segment.parts.size (); ++i) {
      ck_assert_msg (segment.parts[i] <= target, "%u/%u: %f", numerator, denominator,
          seconds (segment.parts[i]));
      ck_assert_msg (
          i == 0 || i + 1 == segment.parts.size () || segment.parts[i] * 100 >= target * 85,
          "%u/%u: part of %f, target %f", numerator, denominator, seconds (segment.parts[i]),
          seconds (target));
    }
  return track;
}

} // namespace

START_TEST (parts_suit_every_rate)
{
  struct
  {
    unsigned numerator, denominator;
    int target_ms;
  } const rates[] = {{7, 1, 292}, {10, 1, 205}, {12, 1, 256}, {15, 1, 205}, {24000, 1001, 213},
      {24, 1, 213}, {25, 1, 205}, {30000, 1001, 205}, {30, 1, 205}, {48, 1, 200}, {50, 1, 200},
      {60000, 1001, 200}, {60, 1, 200}, {120, 1, 200}};
  for (const auto &rate : rates) {
    const Duration each (1'000'000'000LL * rate.denominator / rate.numerator);
    const auto target = choose_part_target (200ms, {&each, 1});
    ck_assert_msg (target == std::chrono::milliseconds (rate.target_ms), "%u/%u: %f",
        rate.numerator, rate.denominator, seconds (target));
    // A key frame every two seconds, nearly; as exact and as RTMP has it, in milliseconds.
    const auto every = 2 * rate.numerator / rate.denominator;
    for (const Duration unit : {Duration (1), Duration (1ms)}) {
      const auto track = run_video (rate.numerator, rate.denominator, every, unit);
      ck_assert_uint_ge (track.segments.size (), 9);
      for (const auto &segment : track.segments)
        ck_assert_msg (
            segment.begins_with_key && (segment.last || near (segment.duration (), 2s, 150ms)),
            "%u: %f", rate.numerator, seconds (segment.duration ()));
    }
  }
}
END_TEST

START_TEST (part_targets_are_bounded)
{
  ck_assert (choose_part_target (200ms, {}) == 200ms);
  const Duration none = 0ns, slow = 10s, odd[] = {33ms, 41ms};
  ck_assert (choose_part_target (200ms, {&none, 1}) == 200ms);
  ck_assert (choose_part_target (200ms, {&slow, 1}) == 2s);
  ck_assert (choose_part_target (3s, {&slow, 1}) == 3s);
  const auto both = choose_part_target (200ms, odd);
  ck_assert (both > 200ms && both < 300ms);
}
END_TEST

START_TEST (groups_of_all_lengths_make_segments)
{
  struct
  {
    unsigned frames; ///< from key frame to key frame, at 30 per second
    Duration segment;
  } const groups[] = {{1, 1766ms}, {15, 2s}, {20, 2s}, {27, 1800ms}, {30, 2s}, {39, 1300ms},
      {45, 1500ms}, {58, 1933ms}, {60, 2s}, {72, 2400ms}, {90, 3s}, {120, 4s}, {300, 10s}};
  for (const auto &group : groups) {
    const auto track = run_video (30, 1, group.frames);
    for (std::size_t i = group.frames == 1 ? 1 : 0; i + 1 < track.segments.size (); ++i)
      ck_assert_msg (near (track.segments[i].duration (), group.segment, 40ms), "%u: %f",
          group.frames, seconds (track.segments[i].duration ()));
  }
}
END_TEST

START_TEST (frames_that_vary_keep_their_parts)
{
  Segmenter segmenter ({.part_target = 954ms}); // 143 ms are 15 % of it
  Track track (segmenter, Segmenter::Kind::video);
  std::minstd_rand random (7);
  Duration dts = 0ns, last_key = -2s;
  while (dts < 60s) {
    const Duration duration =
        std::chrono::milliseconds (std::uniform_int_distribution (16, 143) (random));
    const bool key = dts - last_key >= 2s;
    if (key)
      last_key = dts;
    track.feed ({.dts = dts, .pts = dts, .duration = duration, .key = key});
    dts += duration;
  }
  track.finish ();
  ck_assert_uint_eq (segmenter.uneven_parts (), 0);
  for (const auto &segment : track.segments)
    ck_assert (segment.last || near (segment.duration (), 2070ms, 80ms));
}
END_TEST

START_TEST (uneven_frames_are_counted_and_do_no_harm)
{
  Segmenter segmenter ({.part_target = 205ms});
  Track track (segmenter, Segmenter::Kind::video);
  Duration dts = 0ns;
  for (int i = 0; i < 300; ++i) {
    const Duration duration = i % 50 == 20 ? 150ms : 33ms;
    track.feed ({.dts = dts, .pts = dts, .duration = duration, .key = i % 60 == 0});
    dts += duration;
  }
  track.feed ({.dts = dts, .pts = dts, .duration = 700ms, .key = false});
  track.finish ();
  ck_assert_uint_gt (segmenter.uneven_parts (), 1);
  for (const auto &segment : track.segments)
    for (const auto part : segment.parts)
      ck_assert (part <= 205ms || part == 700ms);
}
END_TEST

START_TEST (sound_is_cut_like_video)
{
  struct
  {
    Duration frame;
    int part_frames;
  } const sounds[] = {{Duration (1'024'000'000'000LL / 48000), 9},
      {Duration (1'024'000'000'000LL / 44100), 8}, {Duration (1'024'000'000'000LL / 24000), 4},
      {20ms, 10}, {Duration (1'152'000'000'000LL / 44100), 7}};
  for (const auto &sound : sounds) {
    Segmenter segmenter ({.part_target = 205ms});
    Track video (segmenter, Segmenter::Kind::video), audio (segmenter, Segmenter::Kind::audio);
    for (int i = 0; i < 600; ++i) {
      const auto frame = [] (int n) {
        return n * 1'000'000'000LL / 30 * 1ns;
      };
      video.feed ({.dts = frame (i),
          .pts = frame (i) + 66ms,
          .duration = frame (i + 1) - frame (i),
          .key = i % 60 == 0});
      while (audio.at < frame (i)) // the sound is a little behind
        audio.feed_sound (sound.frame);
    }
    ck_assert_uint_eq (audio.segments.size (), video.segments.size ());
    for (std::size_t i = 1; i < audio.segments.size (); ++i)
      ck_assert_msg (near (audio.segments[i].start, video.segments[i].start, sound.frame),
          "%f: %f, %f", seconds (sound.frame), seconds (audio.segments[i].start),
          seconds (video.segments[i].start));
    for (std::size_t i = 1; i + 1 < audio.segments.size (); ++i)
      for (std::size_t part = 0; part + 1 < audio.segments[i].parts.size (); ++part)
        ck_assert_int_eq (audio.segments[i].parts[part] / sound.frame, sound.part_frames);
  }
}
END_TEST

START_TEST (sound_ahead_of_video_stays_within_the_target)
{
  for (const Duration ahead : {50ms, 300ms, 800ms}) {
    Segmenter segmenter ({.part_target = 205ms});
    Track video (segmenter, Segmenter::Kind::video), audio (segmenter, Segmenter::Kind::audio);
    for (int i = 0; i < 900; ++i) {
      const auto at = i * 33'333'333ns;
      video.feed ({.dts = at, .pts = at, .duration = 33'333'333ns, .key = i % 60 == 0});
      while (audio.at < at + ahead)
        audio.feed_sound (21'333'333ns);
    }
    for (const auto &segment : audio.segments)
      ck_assert (segment.duration () < 2500ms);
    ck_assert (near (Duration (audio.segments.size ()), Duration (video.segments.size ()), 1ns));
  }
}
END_TEST

START_TEST (sound_alone_is_cut_by_time)
{
  Segmenter segmenter ({.part_target = 200ms});
  Track audio (segmenter, Segmenter::Kind::audio), other (segmenter, Segmenter::Kind::audio);
  for (int i = 0; i < 1000; ++i) {
    audio.feed_sound (21'333'333ns);
    other.feed_sound (21'333'333ns);
  }
  ck_assert_uint_ge (audio.segments.size (), 10);
  for (const auto &segment : audio.segments)
    ck_assert (segment.last || near (segment.duration (), 2s, 22ms));
  ck_assert_uint_eq (audio.segments.size (), other.segments.size ());
}
END_TEST

START_TEST (sound_goes_on_when_video_stops)
{
  Segmenter segmenter ({.part_target = 205ms});
  Track video (segmenter, Segmenter::Kind::video), audio (segmenter, Segmenter::Kind::audio);
  for (int i = 0; i < 900; ++i) {
    const auto at = i * 33'333'333ns;
    if (i < 100)
      video.feed ({.dts = at, .pts = at, .duration = 33'333'333ns, .key = i % 60 == 0});
    if (i == 600)
      segmenter.remove (0);
    while (audio.at < at)
      audio.feed_sound (21'333'333ns);
  }
  ck_assert_uint_ge (audio.segments.size (), 14);
  for (const auto &segment : audio.segments)
    ck_assert (segment.duration () < 3500ms);
}
END_TEST

START_TEST (renditions_are_cut_at_the_same_key_frames)
{
  Segmenter segmenter ({.part_target = 205ms});
  Track source (segmenter, Segmenter::Kind::video), scaled (segmenter, Segmenter::Kind::video);
  Track late (segmenter, Segmenter::Kind::video);
  for (int i = 0; i < 900; ++i) {
    const auto at = i * 33'333'333ns;
    const bool key = i % 48 == 0; // 1.6 s
    const auto frame = [&] (bool is_key) {
      return Segmenter::Frame{.dts = at, .pts = at, .duration = 33'333'333ns, .key = is_key};
    };
    // Now this one is ahead, now the other; one begins later, with a key frame of its own.
    for (auto *track : i % 7 < 3 ? std::vector{&source, &scaled} : std::vector{&scaled, &source})
      track->feed (frame (key));
    if (i >= 170)
      late.feed (frame (key || i == 170));
  }
  ck_assert_uint_eq (source.segments.size (), scaled.segments.size ());
  for (std::size_t i = 0; i < source.segments.size (); ++i)
    ck_assert (source.segments[i].start == scaled.segments[i].start);
  const auto offset = source.segments.size () - late.segments.size ();
  for (std::size_t i = 1; i < late.segments.size (); ++i)
    ck_assert (late.segments[i].start == source.segments[i + offset].start);
}
END_TEST

START_TEST (another_leads_when_the_leader_goes)
{
  Segmenter segmenter ({.part_target = 205ms});
  Track first (segmenter, Segmenter::Kind::video), second (segmenter, Segmenter::Kind::video);
  Track audio (segmenter, Segmenter::Kind::audio);
  for (int i = 0; i < 600; ++i) {
    const auto at = i * 33'333'333ns;
    const Segmenter::Frame frame{
        .dts = at, .pts = at, .duration = 33'333'333ns, .key = i % 60 == 0};
    if (i < 200)
      first.feed (frame);
    if (i == 200)
      segmenter.remove (0);
    second.feed (frame);
    while (audio.at < at)
      audio.feed_sound (21'333'333ns);
  }
  ck_assert_uint_eq (second.segments.size (), 10);
  ck_assert_uint_eq (audio.segments.size (), 10);
}
END_TEST

int
main ()
{
  return stagedoor::test::run ("segmenter",
      {parts_suit_every_rate, part_targets_are_bounded, groups_of_all_lengths_make_segments,
          frames_that_vary_keep_their_parts, uneven_frames_are_counted_and_do_no_harm,
          sound_is_cut_like_video, sound_ahead_of_video_stays_within_the_target,
          sound_alone_is_cut_by_time, sound_goes_on_when_video_stops,
          renditions_are_cut_at_the_same_key_frames, another_leads_when_the_leader_goes});
}
