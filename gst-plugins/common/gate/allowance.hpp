// SPDX-License-Identifier: LGPL-2.1-or-later
// How often something may be told that strangers can cause as often as they like.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace stagedoor::gate {

/** A bucket that fills by one per @p interval. One thread. */
class Allowance
{
public:
  using Time = std::chrono::steady_clock::time_point;

  Allowance (int most, std::chrono::milliseconds interval) : most_ (most), interval_ (interval) {}

  /** How many were refused since the last one that was granted; nullopt: so is this one. */
  std::optional<std::uint64_t> take (Time now)
  {
    // The bucket as the time at which it will be full.
    full_at_ = std::max (full_at_, now);
    if (full_at_ + interval_ > now + most_ * interval_) {
      ++refused_;
      return std::nullopt;
    }
    full_at_ += interval_;
    return std::exchange (refused_, 0);
  }

private:
  const int most_;
  const std::chrono::milliseconds interval_;
  Time full_at_{};
  std::uint64_t refused_ = 0;
};

} // namespace stagedoor::gate
