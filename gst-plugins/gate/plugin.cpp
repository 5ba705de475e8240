// SPDX-License-Identifier: LGPL-2.1-or-later
// Registers stagegatesrc.
#include "gst-plugins/gate/gststagegatesrc.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  return GST_ELEMENT_REGISTER (stagegatesrc, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, stagegate,
    "Admits publishers by signed key", plugin_init, VERSION, "LGPL", PACKAGE,
    "https://stagedoor.invalid")
