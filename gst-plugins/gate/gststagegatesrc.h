// SPDX-License-Identifier: LGPL-2.1-or-later
// stagegatesrc: live source of what an admitted publisher sends.
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS
#define GST_TYPE_STAGE_GATE_SRC (gst_stage_gate_src_get_type ())
G_DECLARE_FINAL_TYPE (GstStageGateSrc, gst_stage_gate_src, GST, STAGE_GATE_SRC, GstElement)
GST_ELEMENT_REGISTER_DECLARE (stagegatesrc);
G_END_DECLS
