// SPDX-License-Identifier: LGPL-2.1-or-later
// stagetranscodebin: passes on what each peer takes and converts only what it does not.
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS
#define GST_TYPE_STAGE_TRANSCODE_BIN (gst_stage_transcode_bin_get_type ())
G_DECLARE_FINAL_TYPE (
    GstStageTranscodeBin, gst_stage_transcode_bin, GST, STAGE_TRANSCODE_BIN, GstBin)
GST_ELEMENT_REGISTER_DECLARE (stagetranscodebin);
G_END_DECLS
