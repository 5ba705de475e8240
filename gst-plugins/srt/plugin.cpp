// SPDX-License-Identifier: LGPL-2.1-or-later
// Registers stagesrtsink and stagetsmux.
#include "gst-plugins/srt/gststagesrtsink.h"
#include "gst-plugins/srt/gststagetsmux.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  return GST_ELEMENT_REGISTER (stagesrtsink, plugin) && GST_ELEMENT_REGISTER (stagetsmux, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, stagesrt,
    "Serves live streams by SRT to players with a signed key", plugin_init, VERSION, "LGPL",
    PACKAGE, "https://stagedoor.invalid")
