// SPDX-License-Identifier: LGPL-2.1-or-later
// Registers stagehlssink.
#include "gst-plugins/hls/gststagehlssink.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  return GST_ELEMENT_REGISTER (stagehlssink, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, stagehls, "Serves live streams by LL-HLS",
    plugin_init, VERSION, "LGPL", PACKAGE, "https://stagedoor.invalid")
