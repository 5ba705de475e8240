// SPDX-License-Identifier: LGPL-2.1-or-later
// stagehlssink: serves a live stream by LL-HLS.
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS
#define GST_TYPE_STAGE_HLS_SINK (gst_stage_hls_sink_get_type ())
G_DECLARE_FINAL_TYPE (GstStageHlsSink, gst_stage_hls_sink, GST, STAGE_HLS_SINK, GstElement)
GST_ELEMENT_REGISTER_DECLARE (stagehlssink);
G_END_DECLS
