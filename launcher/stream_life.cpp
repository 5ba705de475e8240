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
  another_ = false;
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

StreamLife::Action
StreamLife::handle (Event event, Time now, bool publisher_here)
{
  switch (event) {
    case Event::published:
      return on_published (now);
    case Event::flowing:
      if (phase_ == Phase::starting) {
        phase_ = Phase::live;
        live_since_ = now;
        wake_at_.reset ();
      }
      return Action::none;
    case Event::ended:
      if (phase_ == Phase::starting || phase_ == Phase::live)
        return stop (Phase::stopping);
      return Action::none;
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
  if (phase_ != Phase::starting && phase_ != Phase::live)
    return Action::none;
  if (phase_ == Phase::live && now - live_since_ >= calm)
    failures_ = 0;
  const auto delay = std::min (first_delay * (1 << std::min (failures_, 6)), longest_delay);
  ++failures_;
  stop (Phase::interrupted);
  wake_at_ = now + delay;
  return Action::stop;
}

StreamLife::Action
StreamLife::on_stopped (Time now, bool publisher_here)
{
  pipeline_up_ = false;
  if (phase_ == Phase::interrupted) // the pipeline may have taken longer to go down than the delay
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
  if (phase_ == Phase::starting) {
    if (!publisher_here)
      return stop (Phase::stopping);
    wake_at_ = now + patience;
  } else if (phase_ == Phase::interrupted && !pipeline_up_) {
    if (publisher_here)
      return start (now);
    phase_ = Phase::offline;
    failures_ = 0;
  }
  return Action::none;
}

StreamLife::Action
StreamLife::on_shut_down ()
{
  shutting_down_ = true;
  another_ = false;
  wake_at_.reset ();
  if (phase_ == Phase::starting || phase_ == Phase::live)
    return stop (Phase::stopping);
  phase_ = pipeline_up_ ? Phase::stopping : Phase::offline;
  return Action::none;
}

} // namespace stagedoor
