// SPDX-License-Identifier: LGPL-2.1-or-later
// The http thread's main loop, and calls to it from other threads.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include <glib.h>

#include "gst-plugins/common/ref.hpp"

namespace stagedoor::http {

class Loop : public std::enable_shared_from_this<Loop>
{
public:
  using Task = std::function<void ()>;

  Loop ();
  ~Loop ();
  Loop (const Loop &) = delete;
  Loop &operator= (const Loop &) = delete;

  /** The one whose thread this is; nullptr elsewhere. */
  static std::shared_ptr<Loop> current ();
  bool is_current () const;

  /** The calling thread becomes the loop's from enter() to leave(); run() returns after quit(). */
  void enter ();
  void run () { g_main_loop_run (loop_.get ()); }
  void leave ();

  /** Any thread. Runs @p task on the loop's thread, later; after leave() it is only dropped. */
  void post (Task task);
  void quit ();

  GMainContext *context () const { return context_.get (); }

private:
  void run_tasks ();

  const Owned<GMainContext, g_main_context_unref> context_;
  const Owned<GMainLoop, g_main_loop_unref> loop_;
  const Owned<GSource, g_source_unref> wake_; // ready when there are tasks
  std::mutex mutex_;                          // innermost; guards both below
  std::deque<Task> tasks_; // here and not in GSources, so that TSan sees the hand-over
  bool ended_ = false;
};

} // namespace stagedoor::http
