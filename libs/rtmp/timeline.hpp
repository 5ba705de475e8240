// SPDX-License-Identifier: LGPL-2.1-or-later
// Turns a publisher's 32-bit millisecond stamps into one monotonic timeline shared by audio and
// video.
#pragma once

#include <cstdint>

namespace stagedoor::rtmp {

/** Repairs wraps, backward steps and jumps. A jump moves audio and video by the same offset, so
 * they stay in sync; the first tag of the stream (of either kind) is at 0. Values are nanoseconds.
 */
class Timeline
{
public:
  enum class Track { audio, video };
  struct Stamp
  {
    std::int64_t dts_ns; ///< never decreases within a track
    bool discontinuity;  ///< the publisher's clock jumped here
  };
  Stamp map (Track track, std::uint32_t timestamp_ms);

private:
  struct Lane
  {
    bool seen = false;
    std::int64_t last_ms = 0;   ///< on our timeline
    std::int64_t offset_ms = 0; ///< unwrapped source + offset = ours
  };
  Lane lanes_[2];
  bool started_ = false;
  std::uint32_t last_raw_ = 0;
  std::int64_t unwrapped_ = 0;
};

} // namespace stagedoor::rtmp
