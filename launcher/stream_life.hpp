// SPDX-License-Identifier: LGPL-2.1-or-later
// The life of one stream as a state machine: events go in, what to do with the pipeline comes out.
// Knows neither GStreamer nor a clock.
#pragma once

#include <chrono>
#include <optional>

namespace stagedoor {

enum class Phase {
  offline,
  starting, ///< the pipeline is started, maybe again after a failure, and has brought no frame yet
  live,     ///< frames flow
  interrupted, ///< the publisher is away; the pipeline and the viewers wait
  stopping,    ///< the publisher is gone for good, the pipeline is being taken down
};

const char *name (Phase phase);

class StreamLife
{
public:
  using Time = std::chrono::steady_clock::time_point;

  enum class Event {
    published,   ///< a publisher was admitted under the stream's name
    flowing,     ///< the pipeline got its first frame
    interrupted, ///< the pipeline's publisher is away
    resumed,     ///< frames flow again
    ended,       ///< the pipeline played out what the publisher sent
    failed,      ///< the pipeline can't go on
    stopped,     ///< the pipeline asked to stop is down
    woken,       ///< wake_at() came
    shut_down,   ///< the program ends; nothing starts any more
  };
  enum class Action { none, start, stop };

  /** A failing pipeline is started again after first_delay, then twice that, up to longest_delay;
   * from the beginning when it was live for calm. */
  static constexpr std::chrono::milliseconds first_delay{250}, longest_delay{8000}, calm{30000};
  /** A pipeline without frames is looked at so often: is its publisher still there? */
  static constexpr std::chrono::milliseconds patience{15000};

  /** @p publisher_here: whether a publication waits or runs under the name, as known now.
   * Each start is followed by one stop, each stop answered by one Event::stopped. */
  Action handle (Event event, Time now, bool publisher_here);

  /** When Event::woken is due; nullopt: never. */
  std::optional<Time> wake_at () const { return wake_at_; }
  Phase phase () const { return phase_; }

private:
  Action start (Time now);
  Action stop (Phase next);
  void begin (Phase next, Time now);
  bool is_running () const;
  Action on_published (Time now);
  Action on_failed (Time now);
  Action on_stopped (Time now, bool publisher_here);
  Action on_woken (Time now, bool publisher_here);
  Action on_shut_down ();

  Phase phase_ = Phase::offline;
  bool pipeline_up_ = false; // between start and Event::stopped
  bool failed_ = false;      // from a failure to the next start
  bool another_ = false;     // published again while the pipeline was up
  bool shutting_down_ = false;
  int failures_ = 0;  // in a row
  Time live_since_{}; // valid in live and interrupted
  std::optional<Time> wake_at_;
};

} // namespace stagedoor
