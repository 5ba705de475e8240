// SPDX-License-Identifier: LGPL-2.1-or-later
// The publisher's clock, as it should be and as it comes.
#include "libs/media/timeline.hpp"

#include <random>

#include "tests/unit/rtmp/client.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using media::Timeline;
using namespace stagedoor::test;

namespace {

using Track = Timeline::Track;

constexpr int frame_ms[] = {21, 40}; // audio, video

/** Check notes each assertion that holds in a file: too slow for millions. */
void
require (bool holds)
{
  if (!holds)
    ck_abort ();
}

/** A publisher with a clock of its own that can be made to jump. */
class Publisher
{
public:
  explicit Publisher (std::uint32_t clock = 0) : clock_ (clock) {}

  void jump (std::int64_t ms) { clock_ += static_cast<std::uint32_t> (ms); }
  std::int64_t jumps (Track track) const { return jumps_[static_cast<int> (track)]; }

  /** Sends one tag that the publisher took @p at ms after its start; checks that the track never
   * goes back. */
  std::int64_t send (Track track, std::int64_t at)
  {
    const auto lane = static_cast<int> (track);
    const auto stamp = timeline_.map (track, clock_ + static_cast<std::uint32_t> (at));
    require (stamp.dts_ns % 1'000'000 == 0);
    const auto ms = stamp.dts_ns / 1'000'000;
    require (ms >= last_[lane]);
    last_[lane] = ms;
    jumps_[lane] += stamp.discontinuity;
    return ms;
  }

  /** Sends both tracks from @p from to @p to; audio runs @p lead ms ahead of video in the order of
   * sending. Checks that both are @p shift away from the time of taking, give or take
   * @p tolerance. */
  void run (std::int64_t from, std::int64_t to, int lead, std::int64_t shift, int tolerance)
  {
    std::int64_t next[] = {from, from};
    while (next[0] < to || next[1] < to) {
      const bool video = next[0] >= to || (next[1] < to && next[1] < next[0] - lead);
      const auto at = next[video];
      next[video] += frame_ms[video];
      const auto ms = send (video ? Track::video : Track::audio, at);
      require (std::abs (ms - at - shift) <= tolerance);
    }
  }

private:
  Timeline timeline_{media::rtmp_clock};
  std::uint32_t clock_;
  std::int64_t last_[2] = {};
  std::int64_t jumps_[2] = {};
};

} // namespace

START_TEST (test_begins_at_zero)
{
  for (const std::uint32_t clock : {0u, 1u, 123456u, 0x7fffffffu, 0x80000000u, 0xffffffffu})
    for (const auto track : {Track::audio, Track::video}) {
      Publisher publisher (clock);
      ck_assert_int_eq (publisher.send (track, 0), 0);
      ck_assert_int_eq (publisher.send (track, 40), 40);
      ck_assert_int_eq (publisher.jumps (track), 0);
    }
}
END_TEST

START_TEST (test_wraps)
{
  Publisher publisher (0xffffffff - 5000);
  publisher.run (0, 20'000, 0, 0, 0);
  ck_assert_int_eq (publisher.jumps (Track::audio) + publisher.jumps (Track::video), 0);
}
END_TEST

START_TEST (test_audio_first_by_two_seconds)
{
  Publisher publisher (7000);
  publisher.run (0, 30'000, 2000, 0, 0);
  ck_assert_int_eq (publisher.jumps (Track::audio) + publisher.jumps (Track::video), 0);
}
END_TEST

START_TEST (test_video_begins_before_the_first_tag)
{
  Publisher publisher (7000);
  ck_assert_int_eq (publisher.send (Track::audio, 0), 0);
  ck_assert_int_eq (publisher.send (Track::video, -500), 0);
  ck_assert_int_eq (publisher.send (Track::video, -460), 0);
  ck_assert_int_eq (publisher.send (Track::video, 20), 20);
}
END_TEST

START_TEST (test_track_that_begins_late)
{
  Publisher publisher;
  for (int at = 0; at < 100'000; at += 21)
    publisher.send (Track::audio, at);
  ck_assert_int_eq (publisher.send (Track::video, 99'000), 99'000);
  ck_assert_int_eq (publisher.jumps (Track::video), 0);
}
END_TEST

START_TEST (test_track_with_another_origin)
{
  Publisher publisher;
  for (int at = 0; at < 5000; at += 21)
    publisher.send (Track::audio, at);
  const auto ms = publisher.send (Track::video, 3'600'000);
  ck_assert_int_le (std::abs (ms - 5000), 50);
  ck_assert_int_eq (publisher.send (Track::video, 3'600'040), ms + 40);
  ck_assert_int_eq (publisher.send (Track::audio, 5019), 5019);
}
END_TEST

START_TEST (test_small_steps_back)
{
  Publisher publisher;
  publisher.send (Track::video, 0);
  publisher.send (Track::video, 1000);
  ck_assert_int_eq (publisher.send (Track::video, 990), 1000);
  ck_assert_int_eq (publisher.send (Track::video, 0), 1000);
  ck_assert_int_eq (publisher.send (Track::video, 1000), 1000);
  ck_assert_int_eq (publisher.send (Track::video, 1040), 1040);
  ck_assert_int_eq (publisher.jumps (Track::video), 0);
}
END_TEST

START_TEST (test_gap_stays_a_gap)
{
  Publisher publisher;
  publisher.run (0, 5000, 0, 0, 0);
  publisher.run (13'000, 20'000, 0, 0, 0);
  ck_assert_int_eq (publisher.jumps (Track::audio) + publisher.jumps (Track::video), 0);
}
END_TEST

START_TEST (test_jumps)
{
  for (const std::int64_t jump : {90'000, -90'000, 10'500, -1500, 3'600'000, -3'600'000})
    for (const int lead : {0, 300, 2000}) {
      Publisher publisher (500'000);
      publisher.run (0, 10'000, lead, 0, 0);
      publisher.jump (jump);
      publisher.run (10'000, 30'000, lead, 0, 45);
      ck_assert_int_eq (publisher.jumps (Track::audio), 1);
      ck_assert_int_eq (publisher.jumps (Track::video), 1);
      // Both moved by the same offset.
      const auto audio = publisher.send (Track::audio, 40'000);
      const auto video = publisher.send (Track::video, 40'000);
      ck_assert_int_eq (audio, video);
    }
}
END_TEST

START_TEST (test_glitch_of_one_tag)
{
  Publisher publisher;
  publisher.run (0, 5000, 0, 0, 0);
  publisher.send (Track::video, 95'000);
  publisher.run (5040, 10'000, 0, 0, 0);
  ck_assert_int_eq (publisher.jumps (Track::video), 2);
  ck_assert_int_eq (publisher.jumps (Track::audio), 0);
}
END_TEST

START_TEST (test_slow_video_follows_audio)
{
  // One picture a second: its own step hides the jump, so it must follow the audio's offset.
  Publisher publisher;
  int at = 0;
  const auto second = [&publisher, &at] {
    publisher.send (Track::video, at);
    for (const int end = at + 1000; at < end; at += 20)
      publisher.send (Track::audio, at);
  };
  for (int i = 0; i < 5; ++i)
    second ();
  publisher.jump (-1500);
  for (int i = 0; i < 5; ++i)
    second ();
  ck_assert_int_eq (publisher.jumps (Track::audio), 1);
  const auto audio = publisher.send (Track::audio, at);
  const auto video = publisher.send (Track::video, at);
  ck_assert_int_eq (audio, video);
}
END_TEST

START_TEST (test_paused_track_comes_back)
{
  for (const std::int64_t jump : {0, 90'000, -90'000}) {
    Publisher publisher (200'000);
    publisher.run (0, 5000, 0, 0, 0);
    for (int at = 5040; at < 30'000; at += 40)
      publisher.send (Track::video, at);
    publisher.jump (jump);
    for (int at = 30'000; at < 65'000; at += 40)
      publisher.send (Track::video, at);
    publisher.run (65'000, 70'000, 0, 0, 45);
    ck_assert_int_eq (publisher.send (Track::audio, 70'100), publisher.send (Track::video, 70'100));
  }
}
END_TEST

/** Any sequence of jumps, leads and pauses: neither track goes back (send() checks), the timeline
 * keeps pace, and both tracks end up with the same offset. */
START_TEST (test_random_publishers)
{
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random (seed);
    const auto pick = [&random] (std::int64_t low, std::int64_t high) {
      return std::uniform_int_distribution<std::int64_t> (low, high) (random);
    };
    Publisher publisher (static_cast<std::uint32_t> (random ()));
    const int lead = static_cast<int> (pick (0, 2000));
    std::int64_t at = 0;
    const auto jumps = pick (1, 6);
    for (int i = 0; i < jumps; ++i) {
      const auto until = at + pick (4000, 20'000);
      publisher.run (at, until, lead, 0, 50 * (i + 1));
      at = until;
      const auto size = pick (15'000, 100'000'000);
      publisher.jump (pick (0, 1) ? size : -size);
    }
    publisher.run (at, at + 5000, lead, 0, 50 * static_cast<int> (jumps + 1));
    const auto audio = publisher.send (Track::audio, at + 6000);
    const auto video = publisher.send (Track::video, at + 6000);
    ck_assert_msg (audio == video, "seed %u", seed);
  }
}
END_TEST

/** Nonsense stays monotonic, and never runs away faster than one gap a tag. */
START_TEST (test_random_stamps)
{
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random (seed);
    Timeline timeline (media::rtmp_clock);
    std::int64_t last[2] = {}, head = 0;
    for (int i = 0; i < 2000; ++i) {
      const int lane = static_cast<int> (random () & 1);
      const std::uint32_t shift = random () % 32;
      const auto stamp = timeline.map (static_cast<Track> (lane), random () >> shift);
      require (stamp.dts_ns >= last[lane]);
      require (stamp.dts_ns <= head + Timeline::most_forward_ms * 1'000'000);
      last[lane] = stamp.dts_ns;
      head = std::max (head, stamp.dts_ns);
    }
  }
}
END_TEST

int
main ()
{
  return test::run ("rtmp-timeline",
      {test_begins_at_zero, test_wraps, test_audio_first_by_two_seconds,
          test_video_begins_before_the_first_tag, test_track_that_begins_late,
          test_track_with_another_origin, test_small_steps_back, test_gap_stays_a_gap, test_jumps,
          test_glitch_of_one_tag, test_slow_video_follows_audio, test_paused_track_comes_back,
          test_random_publishers, test_random_stamps});
}
