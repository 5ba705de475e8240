// SPDX-License-Identifier: LGPL-2.1-or-later
// Notices frames that are shown in another order than they are sent: B-frames.
#pragma once

#include <cstdint>

namespace stagedoor::whep {

/** One thread; times in nanoseconds, in the order of decoding. */
class ReorderWatch
{
public:
  /** True while the stream has B-frames: from the first one on, until two groups of pictures in a
   * row had none. */
  bool on_frame (std::int64_t presentation, bool keyframe)
  {
    if (keyframe) {
      if (reordered_ && ++clean_groups_ > groups_until_clean)
        reordered_ = false;
      latest_ = presentation;
    } else if (presentation < latest_ - jitter) {
      reordered_ = true;
      clean_groups_ = 0;
    } else {
      latest_ = presentation;
    }
    return reordered_;
  }

private:
  static constexpr std::int64_t jitter = 2'000'000; ///< publishers round to milliseconds
  static constexpr int groups_until_clean = 2;

  bool reordered_ = false;
  int clean_groups_ = 0; ///< key frames since the last B-frame
  std::int64_t latest_ = 0;
};

} // namespace stagedoor::whep
