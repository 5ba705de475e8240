// SPDX-License-Identifier: LGPL-2.1-or-later
// Everything that leaves a stagegatesrc, pad by pad, in order.
#pragma once

#include "tests/check/gate/pipeline.hpp"

namespace stagedoor::test {

struct Step
{
  std::string pad;          ///< "video" or "audio"
  std::string kind;         ///< "buffer", or an event's name
  GstClockTime at = 0;      ///< of a buffer: DTS or PTS; of a gap: where it begins
  GstClockTime arrived = 0; ///< running time when it came by
  bool discont = false, key = false;
  Ref<GstCaps> caps = nullptr;
};

class Trace
{
public:
  /** Before @p pipeline plays. Must outlive it. */
  explicit Trace (Pipeline &pipeline);

  std::vector<Step> of (const std::string &pad) const;
  std::size_t count (const std::string &pad, const std::string &kind = "buffer") const;
  int pads () const { return pads_; } ///< ever added
  /** In a stream that was interrupted @p times and has both tracks, each pad has: events in turn,
   * growing times, DISCONT after each break, and video a key frame. */
  void assert_whole (std::size_t times) const;

private:
  static GstPadProbeReturn on_pass (GstPad *pad, GstPadProbeInfo *info, gpointer self);
  void assert_pad (const std::string &pad, std::size_t times) const;

  mutable std::mutex mutex_;
  std::vector<Step> steps_; // protected by mutex_
  std::atomic<int> pads_ = 0;
};

} // namespace stagedoor::test
