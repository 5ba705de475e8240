// SPDX-License-Identifier: LGPL-2.1-or-later
// Running time as RTP timestamps.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace stagedoor::whep {

/** One track. */
class RtpClock
{
public:
  /** @p duration in units of @p rate, 0 for video. Audio receivers place each packet by its
   * timestamp, to the sample, and timestamps that were rounded to milliseconds on the way here
   * would crackle: packets that are next to each other are put exactly so. */
  std::uint32_t timestamp (std::int64_t running_ns, int rate, int duration)
  {
    const auto seconds = running_ns / 1'000'000'000, rest = running_ns % 1'000'000'000;
    auto at = seconds * rate + (rest * rate + 500'000'000) / 1'000'000'000;
    if (duration > 0) {
      if (std::abs (at - next_) <= rate / tolerance_divisor)
        at = next_;
      next_ = at + duration;
    }
    return static_cast<std::uint32_t> (at);
  }

private:
  static constexpr int tolerance_divisor = 50; ///< 20 ms

  std::int64_t next_ = 0;
};

} // namespace stagedoor::whep
