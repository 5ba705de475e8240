// SPDX-License-Identifier: LGPL-2.1-or-later
// Tells when an encoder is of no use any more: it gave up, swallows frames, or puts out garbage.
#pragma once

#include <atomic>
#include <functional>

#include "gst-plugins/transcode/output_check.hpp"

namespace stagedoor::transcode {

/** Any thread unless said otherwise. Times are the pipeline's clock's: an encoder may be fed in a
 * burst, which the stream's own time knows nothing of. */
class OutputWatch
{
public:
  /** @p is_at_work: whether the encoder does something, or has no time to. */
  OutputWatch (const RenditionSpec &spec, std::function<bool ()> is_at_work);

  /** @p what: a text that lives for ever. The first one counts. */
  void fail (const char *what);
  /** A frame went in. The decoder's thread. */
  void on_input (GstClockTime now);
  /** A key frame was asked for. */
  void expect_key (GstClockTime now);
  enum class Next { pass, ask_for_key, drop };
  /** A frame came out, which may be passed on or not. The encoder's thread. */
  Next on_output (GstBuffer *frame, GstClockTime now);
  /** Whoever gets the frame takes the encoder's time. The encoder's thread. */
  void set_passing_on (bool does) { passes_on_ = does; }

  const char *failure () const { return failure_; }
  bool has_put_out () const { return put_out_since_ != GST_CLOCK_TIME_NONE; }
  bool had_done_well () const;

private:
  Next missing_key (GstClockTime now);

  const GstClockTime frame_time_; ///< at least; 0: not known
  const std::function<bool ()> is_at_work_;
  std::atomic<const char *> failure_ = nullptr;
  std::atomic<bool> passes_on_ = false;
  std::atomic<int> unanswered_ = 0; ///< frames that went in since something came out
  std::atomic<GstClockTime> waiting_since_ = GST_CLOCK_TIME_NONE; ///< for an answer to the first
  std::atomic<GstClockTime> put_out_since_ = GST_CLOCK_TIME_NONE, put_out_until_ = 0;
  std::atomic<GstClockTime> key_asked_ = GST_CLOCK_TIME_NONE; ///< NONE: it was answered

  // encoder's thread
  OutputCheck check_;
  int without_key_ = 0; ///< frames since key_asked_
  bool asked_again_ = false;
};

} // namespace stagedoor::transcode
