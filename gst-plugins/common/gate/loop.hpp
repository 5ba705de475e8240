// SPDX-License-Identifier: LGPL-2.1-or-later
// The gate thread's main loop: calls from other threads, and timers.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include <glib.h>

#include "gst-plugins/common/gate/readiness.hpp"
#include "gst-plugins/common/ref.hpp"

namespace stagedoor::gate {

using Clock = std::chrono::steady_clock;

inline void
drop_source (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}
using Source = Owned<GSource, drop_source>;

class Loop
{
  using TimerKey = std::pair<Clock::time_point, std::uint64_t>;

public:
  using Task = std::function<void ()>;

  /** Cancels when dropped. Loop thread only; must not outlive the loop. */
  class Timer
  {
  public:
    Timer () = default;
    Timer (Loop &loop, TimerKey key) : loop_ (&loop), key_ (key) {}
    Timer (Timer &&other) noexcept : loop_ (std::exchange (other.loop_, nullptr)), key_ (other.key_)
    {
    }
    Timer &operator= (Timer &&other) noexcept
    {
      std::swap (loop_, other.loop_);
      std::swap (key_, other.key_);
      return *this;
    }
    ~Timer ();

  private:
    Loop *loop_ = nullptr;
    TimerKey key_;
  };

  Loop ();
  ~Loop ();
  Loop (const Loop &) = delete;
  Loop &operator= (const Loop &) = delete;

  /** Makes the calling thread the loop's until quit(); then no task is waited for any more. */
  void run ();
  void quit (); ///< any thread
  bool on_thread () const { return thread_ == std::this_thread::get_id (); }

  /** Runs @p task on the loop's thread, later; never once the loop has ended. Any thread. */
  void post (Task task);
  /** Runs @p task on the loop's thread and waits; in the caller's once the loop has ended. */
  void call (const Task &task);

  /** Runs @p task once, at @p when, unless the timer is dropped before. Loop thread only. */
  [[nodiscard]] Timer at (Clock::time_point when, Task task);
  /** What many are waited for by. Loop thread only. */
  Readiness &readiness () { return readiness_; }
  void attach (GSource *source) { g_source_attach (source, context_.get ()); }

private:
  bool enqueue (Task task);
  void run_tasks ();
  void run_timers ();
  void arm_timers ();

  const Owned<GMainContext, g_main_context_unref> context_;
  const Owned<GMainLoop, g_main_loop_unref> loop_;
  Readiness readiness_; // loop thread
  const Source wake_, clock_, ready_;
  std::atomic<std::thread::id> thread_;
  std::map<TimerKey, Task> timers_;                     // loop thread
  std::uint64_t timers_made_ = 0;                       // loop thread
  Clock::time_point armed_ = Clock::time_point::max (); // loop thread; when the clock fires
  std::mutex tasks_mutex_;                              // innermost
  std::deque<Task> tasks_;                              // protected by tasks_mutex_
  bool ended_ = false;                                  // protected by tasks_mutex_
  /** Serialises what runs after the end. A task may call() again: what it destroys may hold tokens.
   * Taken before tasks_mutex_. */
  std::recursive_mutex ended_mutex_;
};

} // namespace stagedoor::gate
