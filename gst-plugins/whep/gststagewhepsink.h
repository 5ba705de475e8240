// SPDX-License-Identifier: LGPL-2.1-or-later
// stagewhepsink: a WHEP server that shows a live stream to browsers.
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS
#define GST_TYPE_STAGE_WHEP_SINK (gst_stage_whep_sink_get_type ())
G_DECLARE_FINAL_TYPE (GstStageWhepSink, gst_stage_whep_sink, GST, STAGE_WHEP_SINK, GstElement)
GST_ELEMENT_REGISTER_DECLARE (stagewhepsink);
G_END_DECLS
