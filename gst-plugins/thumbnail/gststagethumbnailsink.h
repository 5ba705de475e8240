// SPDX-License-Identifier: LGPL-2.1-or-later
// stagethumbnailsink: small pictures of a live stream by HTTP.
#pragma once

#include <gst/base/gstbasesink.h>

G_BEGIN_DECLS
#define GST_TYPE_STAGE_THUMBNAIL_SINK (gst_stage_thumbnail_sink_get_type ())
G_DECLARE_FINAL_TYPE (
    GstStageThumbnailSink, gst_stage_thumbnail_sink, GST, STAGE_THUMBNAIL_SINK, GstBaseSink)
GST_ELEMENT_REGISTER_DECLARE (stagethumbnailsink);
G_END_DECLS
