// SPDX-License-Identifier: LGPL-2.1-or-later
// Turns the RTP time stamps of a publisher's audio and video, which have nothing in common, into
// one timeline.
#pragma once

#include <cstdint>
#include <optional>

namespace stagedoor::media {

/** Until both tracks have a sender report (RFC 3550 section 6.4.1) they are put against each other
 * by when they arrived, from then on by the publisher's clock; what that changes, video makes up
 * for little by little. Within a track the publisher's own steps are kept. Times are nanoseconds.
 */
class RtpTimeline
{
public:
  enum class Track { video, audio };
  struct Stamp
  {
    /** Never negative. Sound's never decreases, pictures' by no more than most_reordered. */
    std::int64_t pts;
    bool discontinuity;
  };

  /** Where the first stamp is put: the second track may have begun earlier. */
  static constexpr std::int64_t start = 500'000'000;
  /** A step outside of these is a clock that jumped: the track goes on as the time that passed. */
  static constexpr std::int64_t most_backward = 1'000'000'000, most_forward = 10'000'000'000;
  /** Frames come in the order of decoding: B-frames are shown earlier than what came before. */
  static constexpr std::int64_t most_reordered = 500'000'000;
  /** Reports that put the tracks further apart aren't believed. */
  static constexpr std::int64_t most_skew = 5'000'000'000;
  /** Video is moved by one part in so many of the time that passes. */
  static constexpr std::int64_t slew = 10;

  /** Ticks per second. */
  RtpTimeline (std::int64_t video_rate, std::int64_t audio_rate);

  /** @p ntp: 32.32 fixed point seconds. */
  void report (Track track, std::uint64_t ntp, std::uint32_t rtp);
  /** @p keyframe: of pictures, one that is shown after all that came before it. */
  Stamp map (Track track, std::uint32_t rtp, std::int64_t arrival, bool keyframe = false);

private:
  struct Report
  {
    std::int64_t ntp;
    std::uint32_t rtp;
  };
  struct Lane
  {
    std::int64_t rate;
    bool seen = false;
    std::int64_t ticks = 0; ///< of the last stamp, without its wraps
    std::uint32_t raw = 0;  ///< the last stamp
    std::int64_t offset = 0;
    std::int64_t last = 0;    ///< the latest on our timeline
    std::int64_t arrival = 0; ///< of the last one
    std::optional<Report> report;

    std::int64_t time_of (std::int64_t at_ticks) const;
    /** The publisher's clock when @ref ticks was 0. */
    std::optional<std::int64_t> epoch () const;
  };

  void begin (Lane &lane, std::uint32_t rtp, std::int64_t arrival);
  /** By how much video is too late against audio. */
  std::optional<std::int64_t> skew () const;
  void straighten (std::int64_t passed);

  Lane video_, audio_;
  std::optional<std::int64_t> first_arrival_;
};

} // namespace stagedoor::media
