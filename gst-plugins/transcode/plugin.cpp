// SPDX-License-Identifier: LGPL-2.1-or-later
// Registers stagetranscodebin.
#include "gst-plugins/transcode/gststagetranscodebin.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  return GST_ELEMENT_REGISTER (stagetranscodebin, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, stagetranscode,
    "Converts only what a peer cannot take", plugin_init, VERSION, "LGPL", PACKAGE,
    "https://stagedoor.invalid")
