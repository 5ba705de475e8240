// SPDX-License-Identifier: LGPL-2.1-or-later
// The pad's facts: mode and demand (atomic), and problem (object lock).
#include "gst-plugins/transcode/gststagetranscodepad.h"

#include <array>
#include <utility>

#include "gst-plugins/common/ref.hpp"

using stagedoor::ObjectLock;
using stagedoor::transcode::Mode;

struct _GstStageTranscodePad
{
  GstPad parent;
  gint mode;      // atomic
  gint unwanted;  // atomic
  gchar *problem; // OBJECT_LOCK
};

G_DEFINE_FINAL_TYPE (GstStageTranscodePad, gst_stage_transcode_pad, GST_TYPE_PAD)

namespace {
enum Prop : guint { PROP_PROBLEM = 1, N_PROPS };
std::array<GParamSpec *, N_PROPS> props;
} // namespace

static void
gst_stage_transcode_pad_init (GstStageTranscodePad *)
{
}

static void
gst_stage_transcode_pad_finalize (GObject *object)
{
  g_free (GST_STAGE_TRANSCODE_PAD (object)->problem);
  G_OBJECT_CLASS (gst_stage_transcode_pad_parent_class)->finalize (object);
}

static void
gst_stage_transcode_pad_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id != PROP_PROBLEM) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    return;
  }
  ObjectLock lock{object};
  g_value_set_string (value, GST_STAGE_TRANSCODE_PAD (object)->problem);
}

static void
gst_stage_transcode_pad_class_init (GstStageTranscodePadClass *klass)
{
  auto *object_class = G_OBJECT_CLASS (klass);
  object_class->finalize = gst_stage_transcode_pad_finalize;
  object_class->get_property = gst_stage_transcode_pad_get_property;

  /**
   * GstStageTranscodePad:problem:
   *
   * Why this pad carries nothing, for people; NULL while all is well. notify::problem may come from
   * the streaming thread.
   *
   * Since: 0.1
   */
  props[PROP_PROBLEM] = g_param_spec_string ("problem", "Problem", "Why this pad carries nothing",
      nullptr, static_cast<GParamFlags> (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_properties (object_class, props.size (), props.data ());
}

namespace stagedoor::transcode {

Mode
mode (GstPad *pad)
{
  return static_cast<Mode> (g_atomic_int_get (&GST_STAGE_TRANSCODE_PAD (pad)->mode));
}

void
set_mode (GstPad *pad, Mode mode)
{
  g_atomic_int_set (&GST_STAGE_TRANSCODE_PAD (pad)->mode, static_cast<gint> (mode));
}

bool
is_wanted (GstPad *pad)
{
  return g_atomic_int_get (&GST_STAGE_TRANSCODE_PAD (pad)->unwanted) == 0;
}

void
set_wanted (GstPad *pad, bool wanted)
{
  g_atomic_int_set (&GST_STAGE_TRANSCODE_PAD (pad)->unwanted, wanted ? 0 : 1);
}

bool
set_problem (GstPad *pad, const char *text)
{
  auto *self = GST_STAGE_TRANSCODE_PAD (pad);
  {
    ObjectLock lock{pad};
    if (g_strcmp0 (self->problem, text) == 0)
      return false;
    g_free (std::exchange (self->problem, g_strdup (text)));
  }
  g_object_notify_by_pspec (G_OBJECT (pad), props[PROP_PROBLEM]);
  return true;
}

} // namespace stagedoor::transcode
