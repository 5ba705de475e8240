// SPDX-License-Identifier: LGPL-2.1-or-later
// The pad's facts: mode and demand (atomic), what is wanted, decided and wrong (object lock).
#include "gst-plugins/transcode/gststagetranscodepad.h"

#include <array>
#include <utility>

#include "gst-plugins/common/handover.hpp"
#include "gst-plugins/common/ref.hpp"
#include "gst-plugins/transcode/wants_properties.hpp"

using stagedoor::ObjectLock;
using stagedoor::transcode::get_want;
using stagedoor::transcode::last_want;
using stagedoor::transcode::Mode;
using stagedoor::transcode::set_want;
using stagedoor::transcode::Supply;
using stagedoor::transcode::Target;
using stagedoor::transcode::Wants;

struct _GstStageTranscodePad
{
  GstPad parent;
  gint mode;        // atomic
  gint unwanted;    // atomic
  gint form;        // atomic
  GRecMutex turn;   // see Turn
  Supply supply;    // under turn
  guint64 supplier; // supply.rendition; atomic
  Wants *wants;     // OBJECT_LOCK
  Target *target;   // OBJECT_LOCK
  gchar *decision;  // OBJECT_LOCK
  gchar *problem;   // OBJECT_LOCK
};

G_DEFINE_FINAL_TYPE (GstStageTranscodePad, gst_stage_transcode_pad, GST_TYPE_PAD)

namespace {

enum Prop : guint { PROP_DECISION = last_want + 1, PROP_PROBLEM, N_PROPS };
std::array<GParamSpec *, N_PROPS> props;

} // namespace

static void
gst_stage_transcode_pad_init (GstStageTranscodePad *self)
{
  g_rec_mutex_init (&self->turn);
  self->supply = {};
  self->wants = new Wants;
  self->target = new Target;
}

static void
gst_stage_transcode_pad_finalize (GObject *object)
{
  auto *self = GST_STAGE_TRANSCODE_PAD (object);
  stagedoor::taken_over (object); // from whoever held its lock, by the reference count
  delete self->wants;
  delete self->target;
  g_free (self->decision);
  g_free (self->problem);
  g_rec_mutex_clear (&self->turn);
  G_OBJECT_CLASS (gst_stage_transcode_pad_parent_class)->finalize (object);
}

static void
gst_stage_transcode_pad_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  auto *self = GST_STAGE_TRANSCODE_PAD (object);
  bool known = false;
  {
    ObjectLock lock{object};
    known = set_want (*self->wants, id, value, g_str_has_prefix (GST_PAD_NAME (object), "audio"));
  }
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  gst_pad_mark_reconfigure (GST_PAD (object)); // the streaming thread decides anew
}

static void
gst_stage_transcode_pad_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  auto *self = GST_STAGE_TRANSCODE_PAD (object);
  ObjectLock lock{object};
  if (id == PROP_PROBLEM)
    g_value_set_string (value, self->problem);
  else if (id == PROP_DECISION)
    g_value_set_string (value, self->decision);
  else if (!get_want (*self->wants, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_stage_transcode_pad_class_init (GstStageTranscodePadClass *klass)
{
  constexpr auto readable = static_cast<GParamFlags> (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  auto *object_class = G_OBJECT_CLASS (klass);
  object_class->finalize = gst_stage_transcode_pad_finalize;
  object_class->set_property = gst_stage_transcode_pad_set_property;
  object_class->get_property = gst_stage_transcode_pad_get_property;
  stagedoor::transcode::install_wants (object_class);
  /**
   * GstStageTranscodePad:decision:
   *
   * What this pad carries and why, for people: "passed through", or "transcoding, because …".
   *
   * Since: 0.1
   */
  props[PROP_DECISION] = g_param_spec_string (
      "decision", "Decision", "What this pad carries, and why", nullptr, readable);
  /**
   * GstStageTranscodePad:problem:
   *
   * Why this pad carries nothing, for people; NULL while all is well. notify::problem may come from
   * the streaming thread.
   *
   * Since: 0.1
   */
  props[PROP_PROBLEM] =
      g_param_spec_string ("problem", "Problem", "Why this pad carries nothing", nullptr, readable);
  for (const auto id : {PROP_DECISION, PROP_PROBLEM})
    g_object_class_install_property (object_class, id, props[id]);
}

namespace stagedoor::transcode {

Turn::Turn (GstPad *pad) : mutex_ (GST_STAGE_TRANSCODE_PAD (pad)->turn)
{
  g_rec_mutex_lock (&mutex_);
  taken_over (&mutex_);
}

Turn::~Turn ()
{
  handed_over (&mutex_);
  g_rec_mutex_unlock (&mutex_);
}

Mode
mode (GstPad *pad)
{
  return static_cast<Mode> (g_atomic_int_get (&GST_STAGE_TRANSCODE_PAD (pad)->mode));
}

void
set_mode (GstPad *pad, Mode mode)
{
  const Turn turn (pad);
  g_atomic_int_set (&GST_STAGE_TRANSCODE_PAD (pad)->mode, static_cast<gint> (mode));
  if (mode != Mode::convert)
    set_supply (pad, {});
}

Supply &
supply (GstPad *pad)
{
  return GST_STAGE_TRANSCODE_PAD (pad)->supply;
}

void
set_supply (GstPad *pad, const Supply &supply)
{
  auto *self = GST_STAGE_TRANSCODE_PAD (pad);
  self->supply = supply;
  __atomic_store_n (&self->supplier, supply.rendition, __ATOMIC_RELEASE);
}

guint64
supplied_by (GstPad *pad)
{
  return __atomic_load_n (&GST_STAGE_TRANSCODE_PAD (pad)->supplier, __ATOMIC_ACQUIRE);
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

Form
form (GstPad *pad)
{
  return static_cast<Form> (g_atomic_int_get (&GST_STAGE_TRANSCODE_PAD (pad)->form));
}

void
set_form (GstPad *pad, Form form)
{
  g_atomic_int_set (&GST_STAGE_TRANSCODE_PAD (pad)->form, static_cast<gint> (form));
}

Wants
wants (GstPad *pad)
{
  ObjectLock lock{pad};
  return *GST_STAGE_TRANSCODE_PAD (pad)->wants;
}

Target
target (GstPad *pad)
{
  ObjectLock lock{pad};
  return *GST_STAGE_TRANSCODE_PAD (pad)->target;
}

void
set_target (GstPad *pad, Target target)
{
  ObjectLock lock{pad};
  *GST_STAGE_TRANSCODE_PAD (pad)->target = std::move (target);
}

static bool
set_text (GstPad *pad, gchar *_GstStageTranscodePad::*field, Prop prop, const char *text)
{
  auto *self = GST_STAGE_TRANSCODE_PAD (pad);
  {
    ObjectLock lock{pad};
    if (g_strcmp0 (self->*field, text) == 0)
      return false;
    g_free (std::exchange (self->*field, g_strdup (text)));
  }
  g_object_notify_by_pspec (G_OBJECT (pad), props[prop]);
  return true;
}

bool
set_decision (GstPad *pad, const char *text)
{
  return set_text (pad, &_GstStageTranscodePad::decision, PROP_DECISION, text);
}

bool
set_problem (GstPad *pad, const char *text)
{
  return set_text (pad, &_GstStageTranscodePad::problem, PROP_PROBLEM, text);
}

} // namespace stagedoor::transcode
