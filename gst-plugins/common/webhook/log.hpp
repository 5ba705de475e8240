// SPDX-License-Identifier: LGPL-2.1-or-later
// The debug category of webhooks: GST_DEBUG=stagewebhook:5.
#pragma once

#include <gst/gst.h>

namespace stagedoor::webhook {

inline GstDebugCategory *
log_category ()
{
  static GstDebugCategory *const category =
      _gst_debug_category_new ("stagewebhook", 0, "asks a control server who may publish");
  return category;
}

} // namespace stagedoor::webhook

#undef GST_CAT_DEFAULT
#define GST_CAT_DEFAULT stagedoor::webhook::log_category ()
