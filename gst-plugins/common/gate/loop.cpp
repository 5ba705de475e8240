// SPDX-License-Identifier: LGPL-2.1-or-later
// Main loop of the gate thread on GMainContext.
#include "gst-plugins/common/gate/loop.hpp"

#include <condition_variable>

#include <glib-unix.h>

namespace stagedoor::gate {
namespace {

gboolean
dispatch (GSource *source, GSourceFunc call, gpointer data)
{
  g_source_set_ready_time (source, -1);
  return call (data);
}

GSourceFuncs ready_time_funcs = {nullptr, nullptr, dispatch, nullptr, nullptr, nullptr};

GSource *
new_ready_time_source (Loop *loop, GSourceFunc call)
{
  GSource *source = g_source_new (&ready_time_funcs, sizeof (GSource));
  g_source_set_callback (source, call, loop, nullptr);
  return source;
}

} // namespace

Loop::Timer::~Timer ()
{
  if (loop_ != nullptr)
    loop_->timers_.erase (key_);
}

Loop::Loop ()
    : context_ (g_main_context_new ()), loop_ (g_main_loop_new (context_.get (), FALSE)),
      wake_ (new_ready_time_source (this,
          [] (gpointer self) -> gboolean {
            static_cast<Loop *> (self)->run_tasks ();
            return G_SOURCE_CONTINUE;
          })),
      clock_ (new_ready_time_source (this,
          [] (gpointer self) -> gboolean {
            static_cast<Loop *> (self)->run_timers ();
            return G_SOURCE_CONTINUE;
          })),
      ready_ (g_unix_fd_source_new (readiness_.fd (), G_IO_IN))
{
  const GUnixFDSourceFunc call = [] (gint, GIOCondition, gpointer self) -> gboolean {
    static_cast<Loop *> (self)->readiness_.dispatch ();
    return G_SOURCE_CONTINUE;
  };
  g_source_set_callback (ready_.get (), G_SOURCE_FUNC (call), this, nullptr);
  // It never does, but else GLib takes the descriptor out of those it polls for as long as call()
  // runs, and wakes itself up each time: five more system calls for each packet.
  g_source_set_can_recurse (ready_.get (), TRUE);
  attach (wake_.get ());
  attach (clock_.get ());
  attach (ready_.get ());
}

Loop::~Loop () = default;

void
Loop::run ()
{
  thread_ = std::this_thread::get_id ();
  g_main_context_push_thread_default (context_.get ());
  g_main_loop_run (loop_.get ());
  g_main_context_pop_thread_default (context_.get ());
  const std::lock_guard last (ended_mutex_); // what is left before what call() runs from now on
  {
    const std::lock_guard lock (tasks_mutex_);
    ended_ = true;
  }
  run_tasks ();
  thread_ = std::thread::id (); // ids are used again
}

void
Loop::quit ()
{
  post ([this] { g_main_loop_quit (loop_.get ()); });
}

bool
Loop::enqueue (Task task)
{
  {
    const std::lock_guard lock (tasks_mutex_);
    if (ended_)
      return false;
    tasks_.push_back (std::move (task));
  }
  g_source_set_ready_time (wake_.get (), 0);
  return true;
}

void
Loop::post (Task task)
{
  enqueue (std::move (task));
}

void
Loop::call (const Task &task)
{
  if (on_thread ())
    return task ();
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  const bool queued = enqueue ([&] {
    task ();
    const std::lock_guard lock (mutex); // the waiter's stack may go once this is released
    done = true;
    changed.notify_one ();
  });
  if (!queued) {
    const std::lock_guard lock (ended_mutex_);
    return task ();
  }
  std::unique_lock lock (mutex);
  changed.wait (lock, [&] { return done; });
}

void
Loop::run_tasks ()
{
  std::deque<Task> tasks;
  {
    const std::lock_guard lock (tasks_mutex_);
    tasks.swap (tasks_);
  }
  for (auto &task : tasks)
    task ();
}

Loop::Timer
Loop::at (Clock::time_point when, Task task)
{
  const TimerKey key{when, ++timers_made_};
  timers_.emplace (key, std::move (task));
  if (when < armed_)
    arm_timers ();
  return {*this, key};
}

void
Loop::run_timers ()
{
  const auto now = Clock::now ();
  while (!timers_.empty () && timers_.begin ()->first.first <= now) {
    const auto due = timers_.extract (timers_.begin ()); // the task may drop or replace its timer
    due.mapped () ();
  }
  arm_timers ();
}

/** Each time that GLib is told costs four system calls, and every packet puts a deadline off. So it
 * isn't told of a timer that goes: there is then nothing to do when the clock fires. */
void
Loop::arm_timers ()
{
  armed_ = timers_.empty () ? Clock::time_point::max () : timers_.begin ()->first.first;
  if (timers_.empty ())
    return;
  const auto wait = std::chrono::ceil<std::chrono::microseconds> (armed_ - Clock::now ());
  g_source_set_ready_time (
      clock_.get (), g_get_monotonic_time () + std::max<gint64> (0, wait.count ()));
}

} // namespace stagedoor::gate
