// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/main_thread.hpp"

#include <glib.h>

#include "gst-plugins/common/handover.hpp"

namespace stagedoor {
namespace {

using Call = std::function<void ()>;

gboolean
run_once (gpointer call)
{
  taken_over (call);
  (*static_cast<Call *> (call)) ();
  return G_SOURCE_REMOVE;
}

void
attach (GSource *source, Call call)
{
  auto *data = new Call (std::move (call));
  handed_over (data);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (
      source, run_once, data, [] (gpointer gone) { delete static_cast<Call *> (gone); });
  g_source_attach (source, nullptr);
}

} // namespace

void
post_to_main (std::function<void ()> call)
{
  GSource *source = g_idle_source_new ();
  attach (source, std::move (call));
  g_source_unref (source);
}

Timer
after (std::chrono::milliseconds delay, std::function<void ()> call)
{
  GSource *source =
      g_timeout_source_new (static_cast<guint> (std::max<std::int64_t> (delay.count (), 0)));
  attach (source, std::move (call));
  return {source, [] (GSource *s) {
            g_source_destroy (s);
            g_source_unref (s);
          }};
}

} // namespace stagedoor
