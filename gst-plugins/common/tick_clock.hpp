// SPDX-License-Identifier: LGPL-2.1-or-later
// Running time as the timestamps of a medium, for RTP and for MP4.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace stagedoor {

/** One track. */
class TickClock
{
public:
  /** In units of @p rate, as @p duration is, which is 0 for video. Audio receivers place each
   * packet by its timestamp, to the sample, and timestamps that were rounded to milliseconds on the
   * way here would crackle: packets that are next to each other are put exactly so. */
  std::int64_t timestamp (std::int64_t running_ns, int rate, int duration)
  {
    const auto seconds = running_ns / 1'000'000'000, rest = running_ns % 1'000'000'000;
    auto at = seconds * rate + (rest * rate + 500'000'000) / 1'000'000'000;
    if (duration > 0) {
      if (std::abs (at - next_) <= rate / tolerance_divisor)
        at = next_;
      next_ = at + duration;
    }
    return at;
  }

private:
  static constexpr int tolerance_divisor = 50; ///< 20 ms

  std::int64_t next_ = 0;
};

} // namespace stagedoor
