// SPDX-License-Identifier: LGPL-2.1-or-later
// Source pad of stagetranscodebin: knows what it carries, and why it carries nothing.
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS
#define GST_TYPE_STAGE_TRANSCODE_PAD (gst_stage_transcode_pad_get_type ())
G_DECLARE_FINAL_TYPE (
    GstStageTranscodePad, gst_stage_transcode_pad, GST, STAGE_TRANSCODE_PAD, GstPad)
G_END_DECLS

namespace stagedoor::transcode {

enum class Mode : gint {
  undecided, ///< asks its peer before the next buffer
  idle,      ///< no peer, or a peer that takes nothing we have: carries nothing
  pass,      ///< carries the input untouched
  convert    ///< carries what the lane's converter makes
};

/** Any thread. */
Mode mode (GstPad *pad);
void set_mode (GstPad *pad, Mode mode);

/** Whether somebody downstream uses what the pad carries, as far as the peer says. Any thread. */
bool is_wanted (GstPad *pad);
void set_wanted (GstPad *pad, bool wanted);

/** Sets the pad's "problem" property; nullptr when there is none. True when it changed. Any thread.
 */
bool set_problem (GstPad *pad, const char *text);

} // namespace stagedoor::transcode
