// SPDX-License-Identifier: LGPL-2.1-or-later
// Source pad of stagetranscodebin: knows what it carries, and why it carries nothing.
#pragma once

#include <gst/gst.h>

#include "gst-plugins/transcode/rendition_spec.hpp"
#include "gst-plugins/transcode/repacker.hpp"

G_BEGIN_DECLS
#define GST_TYPE_STAGE_TRANSCODE_PAD (gst_stage_transcode_pad_get_type ())
G_DECLARE_FINAL_TYPE (
    GstStageTranscodePad, gst_stage_transcode_pad, GST, STAGE_TRANSCODE_PAD, GstPad)
G_END_DECLS

namespace stagedoor::transcode {

enum class Mode : gint {
  undecided, ///< asks its peer before the next buffer
  idle,      ///< no peer, or a peer that takes nothing we have: carries nothing
  pass,      ///< carries the input, untouched or in another form()
  convert    ///< carries what the lane's converter makes
};

/** Whose turn it is to push to a pad: a lane's streaming thread and that of an encoder follow one
 * another. Taken before any other lock, recursive, and held during the push, as a stream lock. */
class Turn
{
public:
  explicit Turn (GstPad *pad);
  ~Turn ();
  Turn (const Turn &) = delete;
  Turn &operator= (const Turn &) = delete;

private:
  GRecMutex &mutex_;
};

/** Where a pad in Mode::convert gets its pictures from. Under its Turn. */
struct Supply
{
  guint64 rendition = 0;                    ///< 0: from nowhere
  bool begun = false;                       ///< a key frame has come
  GstClockTime after = GST_CLOCK_TIME_NONE; ///< running time: nothing up to there is of use
};
Supply &supply (GstPad *pad);
void set_supply (GstPad *pad, const Supply &supply);
/** Its rendition, without a Turn, which may take a peer's time. Any thread. */
guint64 supplied_by (GstPad *pad);

/** Any thread. */
Mode mode (GstPad *pad);
/** Leaving Mode::convert waits for a push that goes on, and ends the supply. */
void set_mode (GstPad *pad, Mode mode);

/** Of what is passed. Any thread. */
Form form (GstPad *pad);
void set_form (GstPad *pad, Form form);

/** What the pad's properties ask for. Any thread. */
Wants wants (GstPad *pad);

/** What is encoded for the pad's peer. Any thread. */
Target target (GstPad *pad);
void set_target (GstPad *pad, Target target);

/** Sets the pad's "decision" property. True when it changed. Any thread. */
bool set_decision (GstPad *pad, const char *text);

/** Whether somebody downstream uses what the pad carries, as far as the peer says. Any thread. */
bool is_wanted (GstPad *pad);
void set_wanted (GstPad *pad, bool wanted);

/** Sets the pad's "problem" property; nullptr when there is none. True when it changed. Any thread.
 */
bool set_problem (GstPad *pad, const char *text);

} // namespace stagedoor::transcode
