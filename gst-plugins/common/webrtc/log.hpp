// SPDX-License-Identifier: LGPL-2.1-or-later
// The debug category of the WebRTC port: GST_DEBUG=stagewebrtc:5.
#pragma once

#include <gst/gst.h>

namespace stagedoor::webrtc {

inline GstDebugCategory *
log_category ()
{
  static GstDebugCategory *const category =
      _gst_debug_category_new ("stagewebrtc", 0, "WebRTC port shared by all streams");
  return category;
}

} // namespace stagedoor::webrtc

#undef GST_CAT_DEFAULT
#define GST_CAT_DEFAULT stagedoor::webrtc::log_category ()
