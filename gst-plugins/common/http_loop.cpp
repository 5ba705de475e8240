// SPDX-License-Identifier: LGPL-2.1-or-later
// Task queue on a GMainContext.
#include "gst-plugins/common/http_loop.hpp"

#include <utility>

#include <gio/gio.h>

namespace stagedoor::http {

static thread_local Loop *loop_here = nullptr;

/** GLib 2.74 deadlocks when one thread registers a type while another, in the class_init of some
 * class, wants the same one: libsoup's classes do that with GIO's types. So those
 * are there before there is a thread that needs them. */
static void
register_gio_types ()
{
  for (const GType type : {G_TYPE_SOCKET, G_TYPE_INET_SOCKET_ADDRESS, G_TYPE_SOCKET_CONNECTION,
           G_TYPE_TLS_CERTIFICATE, G_TYPE_TLS_DATABASE, G_TYPE_TLS_INTERACTION,
           G_TYPE_PROXY_RESOLVER, G_TYPE_INPUT_STREAM, G_TYPE_OUTPUT_STREAM})
    g_type_ensure (type);
}

static gboolean
dispatch (GSource *source, GSourceFunc call, gpointer data)
{
  g_source_set_ready_time (source, -1);
  return call (data);
}

static GSourceFuncs ready_time_funcs = {nullptr, nullptr, dispatch, nullptr, nullptr, nullptr};

Loop::Loop ()
    : context_ (g_main_context_new ()), loop_ (g_main_loop_new (context_.get (), FALSE)),
      wake_ (g_source_new (&ready_time_funcs, sizeof (GSource)))
{
  register_gio_types ();
  const GSourceFunc call = [] (gpointer self) -> gboolean {
    static_cast<Loop *> (self)->run_tasks ();
    return G_SOURCE_CONTINUE;
  };
  g_source_set_callback (wake_.get (), call, this, nullptr);
  g_source_attach (wake_.get (), context ());
}

Loop::~Loop ()
{
  g_source_destroy (wake_.get ());
}

std::shared_ptr<Loop>
Loop::current ()
{
  return loop_here != nullptr ? loop_here->shared_from_this () : nullptr;
}

bool
Loop::is_current () const
{
  return loop_here == this;
}

void
Loop::enter ()
{
  loop_here = this;
  g_main_context_push_thread_default (context ());
}

void
Loop::leave ()
{
  g_main_context_pop_thread_default (context ());
  std::deque<Task> dropped; // after the lock is gone
  std::lock_guard lock (mutex_);
  ended_ = true;
  dropped.swap (tasks_);
}

void
Loop::post (Task task)
{
  {
    std::lock_guard lock (mutex_);
    if (ended_)
      return;
    tasks_.push_back (std::move (task));
    if (tasks_.size () > 1)
      return; // it has been woken already
  }
  g_source_set_ready_time (wake_.get (), 0);
}

void
Loop::quit ()
{
  post ([this] { g_main_loop_quit (loop_.get ()); });
}

void
Loop::run_tasks ()
{
  std::deque<Task> tasks;
  {
    std::lock_guard lock (mutex_);
    tasks.swap (tasks_);
  }
  for (auto &task : tasks)
    task ();
}

} // namespace stagedoor::http
