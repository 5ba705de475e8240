// SPDX-License-Identifier: LGPL-2.1-or-later
// Registers stagewhepsink.
#include "gst-plugins/whep/gststagewhepsink.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  return GST_ELEMENT_REGISTER (stagewhepsink, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, stagewhep,
    "Shows live streams to browsers by WHEP", plugin_init, VERSION, "LGPL", PACKAGE,
    "https://stagedoor.invalid")
