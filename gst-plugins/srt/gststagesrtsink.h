// SPDX-License-Identifier: LGPL-2.1-or-later
// stagesrtsink: serves a transport stream to SRT callers.
#pragma once

#include <gst/base/gstbasesink.h>

G_BEGIN_DECLS
#define GST_TYPE_STAGE_SRT_SINK (gst_stage_srt_sink_get_type ())
G_DECLARE_FINAL_TYPE (GstStageSrtSink, gst_stage_srt_sink, GST, STAGE_SRT_SINK, GstBaseSink)
GST_ELEMENT_REGISTER_DECLARE (stagesrtsink);
G_END_DECLS
