// SPDX-License-Identifier: LGPL-2.1-or-later
// Times are monotonic microseconds: an encoder that is late for the stream's own clock may have
// been fed in a burst.
#include "gst-plugins/transcode/output_watch.hpp"

namespace stagedoor::transcode {

namespace {

/** How many frames an encoder may keep, and for how long; the first one takes longer. */
constexpr int most_unanswered = 8;
constexpr gint64 patience = 600'000, first_patience = 2'500'000;
/** A request may get lost with the frame it came with, so it is made twice. */
constexpr gint64 key_patience = G_USEC_PER_SEC;
constexpr int most_without_key = 30;
/** From then on an encoder that fails is replaced without a pause. */
constexpr gint64 long_enough = G_USEC_PER_SEC / 3;

} // namespace

OutputWatch::OutputWatch (const RenditionSpec &spec)
    : frame_time_ (spec.rate.num > 0 ? gint64{G_USEC_PER_SEC} * spec.rate.den / spec.rate.num : 0),
      check_ (spec)
{
}

void
OutputWatch::fail (const char *what)
{
  const char *none = nullptr;
  failure_.compare_exchange_strong (none, what);
}

void
OutputWatch::on_input ()
{
  const auto now = g_get_monotonic_time ();
  if (unanswered_++ == 0) {
    waiting_since_ = now;
    return;
  }
  const auto most = (has_put_out () ? patience : first_patience) + 2 * frame_time_;
  if (unanswered_ > most_unanswered && now - waiting_since_ > most)
    fail ("puts out nothing");
}

void
OutputWatch::expect_key ()
{
  gint64 none = 0;
  key_asked_.compare_exchange_strong (none, g_get_monotonic_time ());
}

OutputWatch::Next
OutputWatch::on_output (GstBuffer *frame)
{
  const auto now = g_get_monotonic_time ();
  if (const char *fault = check_.fault (frame))
    fail (fault);
  if (failure () != nullptr)
    return Next::drop; // what depends on it is of no use either
  unanswered_ = 0;
  gint64 none = 0;
  put_out_since_.compare_exchange_strong (none, now);
  put_out_until_ = now;
  if (!GST_BUFFER_FLAG_IS_SET (frame, GST_BUFFER_FLAG_DELTA_UNIT)) {
    key_asked_ = 0;
    asked_again_ = false;
  }
  if (key_asked_ == 0)
    without_key_ = 0;
  else if (++without_key_ > most_without_key && now - key_asked_ > key_patience)
    return missing_key ();
  return Next::pass;
}

OutputWatch::Next
OutputWatch::missing_key ()
{
  if (asked_again_)
    fail ("puts out no key frame when it is asked for one");
  asked_again_ = true;
  without_key_ = 0;
  key_asked_ = g_get_monotonic_time ();
  return Next::ask_for_key;
}

bool
OutputWatch::had_done_well () const
{
  return put_out_until_ - put_out_since_ > long_enough;
}

} // namespace stagedoor::transcode
