// SPDX-License-Identifier: LGPL-2.1-or-later
// Times are monotonic microseconds: an encoder that is late for the stream's own clock may have
// been fed in a burst.
#include "gst-plugins/transcode/output_watch.hpp"

#include <utility>

namespace stagedoor::transcode {

namespace {

/** How many frames an encoder may keep, and for how long; the first one takes longer. */
constexpr int most_unanswered = 8;
constexpr GstClockTime patience = 600 * GST_MSECOND, first_patience = 2500 * GST_MSECOND;
/** While it is at work: on a machine that is overloaded it is late, which is another's to mend. */
constexpr GstClockTime patience_at_work = 5 * GST_SECOND;
/** A request may get lost with the frame it came with, so it is made twice. */
constexpr GstClockTime key_patience = GST_SECOND;
constexpr int most_without_key = 30;
/** From then on an encoder that fails is replaced without a pause. */
constexpr GstClockTime long_enough = GST_SECOND / 3;

} // namespace

OutputWatch::OutputWatch (const RenditionSpec &spec, std::function<bool ()> is_at_work)
    : frame_time_ (spec.rate.num > 0
                       ? gst_util_uint64_scale_int (GST_SECOND, spec.rate.den, spec.rate.num)
                       : 0),
      is_at_work_ (std::move (is_at_work)), check_ (spec)
{
}

void
OutputWatch::fail (const char *what)
{
  const char *none = nullptr;
  failure_.compare_exchange_strong (none, what);
}

void
OutputWatch::on_input (GstClockTime now)
{
  if (passes_on_)
    unanswered_ = 0;
  if (unanswered_++ == 0) {
    waiting_since_ = now;
    return;
  }
  const auto most = (has_put_out () ? patience : first_patience) + 2 * frame_time_;
  const auto waited = now - waiting_since_;
  if (unanswered_ > most_unanswered && now > waiting_since_ && waited > most
      && (waited > patience_at_work || !is_at_work_ ()))
    fail ("puts out nothing");
}

void
OutputWatch::expect_key (GstClockTime now)
{
  auto none = GST_CLOCK_TIME_NONE;
  key_asked_.compare_exchange_strong (none, now);
}

OutputWatch::Next
OutputWatch::on_output (GstBuffer *frame, GstClockTime now)
{
  if (const char *fault = check_.fault (frame))
    fail (fault);
  if (failure () != nullptr)
    return Next::drop; // what depends on it is of no use either
  unanswered_ = 0;
  auto none = GST_CLOCK_TIME_NONE;
  put_out_since_.compare_exchange_strong (none, now);
  put_out_until_ = now;
  if (!GST_BUFFER_FLAG_IS_SET (frame, GST_BUFFER_FLAG_DELTA_UNIT)) {
    key_asked_ = GST_CLOCK_TIME_NONE;
    asked_again_ = false;
  }
  const GstClockTime asked = key_asked_;
  if (!GST_CLOCK_TIME_IS_VALID (asked))
    without_key_ = 0;
  else if (++without_key_ > most_without_key && now > asked + key_patience)
    return missing_key (now);
  return Next::pass;
}

OutputWatch::Next
OutputWatch::missing_key (GstClockTime now)
{
  if (asked_again_)
    fail ("puts out no key frame when it is asked for one");
  asked_again_ = true;
  without_key_ = 0;
  key_asked_ = now;
  return Next::ask_for_key;
}

bool
OutputWatch::had_done_well () const
{
  return has_put_out () && put_out_until_ > put_out_since_ + long_enough;
}

} // namespace stagedoor::transcode
