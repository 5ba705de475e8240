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
 * A tag, a frame with one stamp, is taken to be on the clock known so far when, on our timeline, it
 * is at most most_backward_ms before the last one of its track and at most most_forward_ms after
 * the last one of either track (and the first one of the second track: at most most_forward_ms away
 * from the first track). So a track may lead the other, pause or begin late by any time, and a gap
 * that an outage tore stays a gap. Everything else is a jump: the track goes on one frame after its
 * last tag, and the other track goes on with the same offset once it has jumped, too.
 *
 * Map coded frames only: many encoders stamp their codec setup 0 whatever their clock says. */
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
  struct Offset
  {
    std::int64_t ticks = 0; ///< source + offset = ours
    std::int64_t jumps = 0; ///< how many jumps of the timeline came before it
  };
  struct Lane // in ticks
  {
    bool seen = false;
    std::uint64_t last_raw = 0;
    std::int64_t source = 0; ///< last_raw without its wraps
    Offset offset;
    std::int64_t last = 0; ///< on our timeline
    std::int64_t step = 0; ///< between the last two tags
    /** How far ahead of the other track's last tag this track's tags are, on average, while both
     * have the same offset. */
    std::int64_t lead = 0;
  };
  std::int64_t ticks (std::int64_t ms) const { return ms * clock_.rate / 1000; }
  std::int64_t head () const;
  bool plausible (const Lane &lane, std::int64_t at) const;
  Offset choose_offset (const Lane &lane, const Lane &other);

  const StampClock clock_;
  Lane lanes_[2];
  std::int64_t jumps_ = 0;
};

} // namespace stagedoor::media
