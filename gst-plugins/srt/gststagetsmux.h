// SPDX-License-Identifier: LGPL-2.1-or-later
// stagetsmux: one video and one audio track to a transport stream, without waiting for either.
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS
#define GST_TYPE_STAGE_TS_MUX (gst_stage_ts_mux_get_type ())
G_DECLARE_FINAL_TYPE (GstStageTsMux, gst_stage_ts_mux, GST, STAGE_TS_MUX, GstElement)
GST_ELEMENT_REGISTER_DECLARE (stagetsmux);
G_END_DECLS
