// SPDX-License-Identifier: LGPL-2.1-or-later
// Registers stagethumbnailsink.
#include "gst-plugins/thumbnail/gststagethumbnailsink.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  return GST_ELEMENT_REGISTER (stagethumbnailsink, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, stagethumbnail,
    "Shows small pictures of live streams by HTTP", plugin_init, VERSION, "LGPL", PACKAGE,
    "https://stagedoor.invalid")
