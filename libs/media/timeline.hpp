// SPDX-License-Identifier: LGPL-2.1-or-later
// Turns a publisher's wrapping time stamps into one monotonic timeline shared by audio and video.
#pragma once

#include <cstdint>

namespace stagedoor::media {

/** How a protocol counts time. */
struct StampClock
{
  int bits;          ///< of a stamp, up to 63; it wraps at 2^bits
  std::int64_t rate; ///< ticks per second
  /** Where the first stamp is put. Multiplexers send the tracks shifted against each other: the
   * second to come may begin earlier. */
  std::int64_t start_ms;
};
constexpr StampClock rtmp_clock{32, 1000, 0};
constexpr StampClock mpegts_clock{33, 90'000, 1000};

/** Repairs wraps, backward steps and jumps. A jump moves audio and video by the same offset, so
 * they stay in sync; the first tag of the stream (of either kind) is at start_ms.
 *
 * A tag is one time stamp of a frame. It is taken to be on the clock known so far when, on our
 * timeline, it is at most most_backward_ms before the last one of its track and at most
 * most_forward_ms after the last one of either track (and the first one of the second track: at
 * most most_forward_ms away from the first track). So a track may lead the other, pause or begin
 * late by any time, and a gap that an outage tore stays a gap. Everything else is a jump: the track
 * goes on one frame after its last tag, and the other track goes on with the same offset once it
 * has jumped, too. */
class Timeline
{
public:
  static constexpr std::int64_t most_backward_ms = 1000;
  static constexpr std::int64_t most_forward_ms = 10'000;

  enum class Track { audio, video };
  struct Stamp
  {
    std::int64_t dts_ns; ///< never decreases within a track, never negative
    bool discontinuity;  ///< the publisher's clock jumped here
  };

  explicit Timeline (const StampClock &clock) : clock_ (clock) {}
  /** @p raw has clock.bits bits. */
  Stamp map (Track track, std::uint64_t raw);

private:
  struct Lane // in ticks
  {
    bool seen = false;
    std::uint64_t last_raw = 0;
    std::int64_t source = 0; ///< last_raw without its wraps
    std::int64_t offset = 0; ///< source + offset = ours
    std::int64_t last = 0;   ///< on our timeline
    std::int64_t step = 0;   ///< between the last two tags
  };
  /** Where the lane's next tag would be if all went well. */
  static std::int64_t expected (const Lane &lane) { return lane.last + lane.step; }
  std::int64_t ticks (std::int64_t ms) const { return ms * clock_.rate / 1000; }
  std::int64_t head () const;
  void unwrap (Lane &lane, const Lane &other, std::uint64_t raw) const;
  bool plausible (const Lane &lane, std::int64_t at) const;
  std::int64_t distance (const Lane &lane, std::int64_t at) const;
  std::int64_t choose_offset (const Lane &lane, const Lane &other) const;

  const StampClock clock_;
  Lane lanes_[2];
};

} // namespace stagedoor::media
