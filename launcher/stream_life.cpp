// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/stream_life.hpp"

#include <algorithm>
#include <utility>

namespace stagedoor {

const char *
name (Phase phase)
{
  switch (phase) {
    case Phase::offline:
      return "offline";
    case Phase::starting:
      return "starting";
    case Phase::live:
      return "live";
    case Phase::interrupted:
      return "interrupted";
    case Phase::stopping:
      return "stopping";
  }
  return "offline";
}

StreamLife::Action
StreamLife::start (Time now)
{
  phase_ = Phase::starting;
  pipeline_up_ = true;
  another_ = failed_ = false;
  wake_at_ = now + patience;
  return Action::start;
}

StreamLife::Action
StreamLife::stop (Phase next)
{
  phase_ = next;
  wake_at_.reset ();
  return Action::stop;
}

/** The pipeline, which hasn't been told to stop. */
bool
StreamLife::is_running () const
{
  return phase_ == Phase::live || phase_ == Phase::interrupted
         || (phase_ == Phase::starting && !failed_);
}

StreamLife::Action
StreamLife::handle (Event event, Time now, bool publisher_here)
{
  switch (event) {
    case Event::published:
      return on_published (now);
    case Event::flowing:
      if (phase_ == Phase::starting)
        begin (Phase::live, now);
      return Action::none;
    case Event::interrupted: // implies that frames came, the news of which may be still under way
      if (phase_ == Phase::starting)
        begin (Phase::interrupted, now);
      else if (phase_ == Phase::live)
        phase_ = Phase::interrupted;
      return Action::none;
    case Event::resumed:
      if (phase_ == Phase::interrupted)
        phase_ = Phase::live;
      return Action::none;
    case Event::ended:
      return is_running () ? stop (Phase::stopping) : Action::none;
    case Event::failed:
      return on_failed (now);
    case Event::stopped:
      return on_stopped (now, publisher_here);
    case Event::woken:
      return on_woken (now, publisher_here);
    case Event::shut_down:
      return on_shut_down ();
  }
  return Action::none;
}

/** The first frame of a start. */
void
StreamLife::begin (Phase next, Time now)
{
  if (failed_)
    return;
  phase_ = next;
  live_since_ = now;
  wake_at_.reset ();
}

StreamLife::Action
StreamLife::on_published (Time now)
{
  if (shutting_down_)
    return Action::none;
  if (phase_ == Phase::offline)
    return start (now);
  another_ = true;
  return Action::none;
}

StreamLife::Action
StreamLife::on_failed (Time now)
{
  if (!is_running ())
    return Action::none;
  if (phase_ != Phase::starting && now - live_since_ >= calm)
    failures_ = 0;
  const auto delay = std::min (first_delay * (1 << std::min (failures_, 6)), longest_delay);
  ++failures_;
  stop (Phase::starting);
  failed_ = true;
  wake_at_ = now + delay;
  return Action::stop;
}

StreamLife::Action
StreamLife::on_stopped (Time now, bool publisher_here)
{
  pipeline_up_ = false;
  if (failed_) // the pipeline may have taken longer to go down than the delay
    return wake_at_ ? Action::none : on_woken (now, publisher_here);
  if (std::exchange (another_, false) && publisher_here && !shutting_down_)
    return start (now);
  phase_ = Phase::offline;
  failures_ = 0;
  wake_at_.reset ();
  return Action::none;
}

StreamLife::Action
StreamLife::on_woken (Time now, bool publisher_here)
{
  if (wake_at_ && now < *wake_at_)
    return Action::none;
  wake_at_.reset ();
  if (failed_ && !pipeline_up_) {
    if (publisher_here)
      return start (now);
    phase_ = Phase::offline;
    failed_ = false;
    failures_ = 0;
  } else if (phase_ == Phase::starting && !failed_) {
    if (!publisher_here)
      return stop (Phase::stopping);
    wake_at_ = now + patience;
  }
  return Action::none;
}

StreamLife::Action
StreamLife::on_shut_down ()
{
  shutting_down_ = true;
  another_ = false;
  wake_at_.reset ();
  if (is_running ())
    return stop (Phase::stopping);
  failed_ = false;
  phase_ = pipeline_up_ ? Phase::stopping : Phase::offline;
  return Action::none;
}

} // namespace stagedoor
