// SPDX-License-Identifier: LGPL-2.1-or-later
// The pad's facts: mode and demand (atomic), what is wanted, decided and wrong (object lock).
#include "gst-plugins/transcode/gststagetranscodepad.h"

#include <array>
#include <utility>

#include "gst-plugins/common/handover.hpp"
#include "gst-plugins/common/ref.hpp"

using stagedoor::ObjectLock;
using stagedoor::transcode::Mode;
using stagedoor::transcode::Supply;
using stagedoor::transcode::Target;
using stagedoor::transcode::Wants;

struct _GstStageTranscodePad
{
  GstPad parent;
  gint mode;       // atomic
  gint unwanted;   // atomic
  gint form;       // atomic
  GRecMutex turn;  // see Turn
  Supply supply;   // under turn
  Wants *wants;    // OBJECT_LOCK
  Target *target;  // OBJECT_LOCK
  gchar *decision; // OBJECT_LOCK
  gchar *problem;  // OBJECT_LOCK
};

G_DEFINE_FINAL_TYPE (GstStageTranscodePad, gst_stage_transcode_pad, GST_TYPE_PAD)

namespace {

enum Prop : guint {
  PROP_RENDITION = 1,
  PROP_CODEC,
  PROP_WIDTH,
  PROP_HEIGHT,
  PROP_FRAMERATE,
  PROP_BITRATE,
  PROP_KEY_DISTANCE,
  PROP_CHANNELS,
  PROP_PACKET_LOSS,
  PROP_DECISION,
  PROP_PROBLEM,
  N_PROPS
};
std::array<GParamSpec *, N_PROPS> props;

/** Null: it is no whole number. */
int Wants::*
number (guint id)
{
  switch (id) {
    case PROP_WIDTH:
      return &Wants::width;
    case PROP_HEIGHT:
      return &Wants::height;
    case PROP_KEY_DISTANCE:
      return &Wants::key_distance;
    case PROP_CHANNELS:
      return &Wants::channels;
    case PROP_PACKET_LOSS:
      return &Wants::loss;
    default:
      return nullptr;
  }
}

bool
set_want (Wants &wants, guint id, const GValue *value)
{
  const char *text = G_VALUE_HOLDS_STRING (value) ? g_value_get_string (value) : nullptr;
  if (const auto field = number (id))
    wants.*field = g_value_get_int (value);
  else if (id == PROP_CODEC)
    wants.codec = text != nullptr ? text : "";
  else if (id == PROP_FRAMERATE)
    wants.rate = {
        gst_value_get_fraction_numerator (value), gst_value_get_fraction_denominator (value)};
  else if (id == PROP_BITRATE)
    wants.bitrate = g_value_get_uint (value);
  else
    return false;
  return true;
}

bool
get_want (const Wants &wants, guint id, GValue *value)
{
  if (const auto field = number (id))
    g_value_set_int (value, wants.*field);
  else if (id == PROP_CODEC)
    g_value_set_string (value, wants.codec.c_str ());
  else if (id == PROP_FRAMERATE)
    gst_value_set_fraction (value, wants.rate.num, wants.rate.den);
  else if (id == PROP_BITRATE)
    g_value_set_uint (value, static_cast<guint> (wants.bitrate));
  else
    return false;
  return true;
}

std::optional<Wants>
parse (GstPad *pad, const char *text, std::string &why)
{
  const auto read = g_str_has_prefix (GST_PAD_NAME (pad), "audio")
                        ? stagedoor::transcode::parse_audio_rendition
                        : stagedoor::transcode::parse_rendition;
  return read (text != nullptr ? text : "source", why);
}

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
  bool known = true;
  if (id == PROP_RENDITION) {
    std::string why;
    const auto parsed = parse (GST_PAD (object), g_value_get_string (value), why);
    if (!parsed)
      return g_warning ("rendition: %s", why.c_str ());
    ObjectLock lock{object};
    *self->wants = *parsed;
  } else {
    ObjectLock lock{object};
    known = set_want (*self->wants, id, value);
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

constexpr auto wants_flags = static_cast<GParamFlags> (
    G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);

static void
install_formats ()
{
  /**
   * GstStageTranscodePad:rendition:
   *
   * All that is wanted of a pad in one text, which sets the other properties: "source" (as it
   * comes), "720p", "720p30", "720p30@2500k", or fields
   * "h=480,w=854,fps=25,b=900k,codec=vp8,key=2000".
   *
   * Since: 0.1
   */
  props[PROP_RENDITION] =
      g_param_spec_string ("rendition", "Rendition", "What is wanted, e.g. 720p30@2500k", nullptr,
          static_cast<GParamFlags> (
              G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING));
  /**
   * GstStageTranscodePad:codec:
   *
   * "h264", "vp8", "vp9", "h265" or "av1"; empty for the source's, or the first of these that the
   * peer takes and something here encodes. Of sound "opus" or "aac".
   *
   * Since: 0.1
   */
  props[PROP_CODEC] = g_param_spec_string (
      "codec", "Codec", "h264, vp8, vp9, h265, av1; empty for any", "", wants_flags);
}

static void
install_bounds ()
{
  /**
   * GstStageTranscodePad:width:
   *
   * The picture is made to fit into width and height, keeps its shape, and is never enlarged. 0:
   * any.
   *
   * Since: 0.1
   */
  props[PROP_WIDTH] = g_param_spec_int (
      "width", "Width", "Most pixels in a row; 0 for any", 0, 8192, 0, wants_flags);
  /**
   * GstStageTranscodePad:height:
   *
   * See #GstStageTranscodePad:width.
   *
   * Since: 0.1
   */
  props[PROP_HEIGHT] =
      g_param_spec_int ("height", "Height", "Most rows; 0 for any", 0, 8192, 0, wants_flags);
  /**
   * GstStageTranscodePad:framerate:
   *
   * The most frames per second; 0/1: any.
   *
   * Since: 0.1
   */
  props[PROP_FRAMERATE] = gst_param_spec_fraction ("framerate", "Frame rate",
      "Most frames per second; 0/1 for any", 0, 1, 240, 1, 0, 1, wants_flags);
  /**
   * GstStageTranscodePad:bitrate:
   *
   * Bits per second of the encoder; 0: what suits the size of the picture.
   *
   * Since: 0.1
   */
  props[PROP_BITRATE] = g_param_spec_uint (
      "bitrate", "Bit rate", "Bits per second; 0 for what suits", 0, 200'000'000, 0, wants_flags);
  /**
   * GstStageTranscodePad:max-key-frame-distance:
   *
   * Milliseconds from one key frame to the next that are too many for the peer, which may say so
   * itself by an int field of the same name in its caps; 0: any. A source that exceeds it by a
   * tenth is transcoded, until it has kept to it for half a minute. What is made here has a key
   * frame every two seconds, so that less can't be had.
   *
   * Since: 0.1
   */
  props[PROP_KEY_DISTANCE] = g_param_spec_int ("max-key-frame-distance", "Key-frame distance",
      "Most milliseconds between key frames; 0 for any", 0, 60'000, 0, wants_flags);
}

static void
install_sound ()
{
  /**
   * GstStageTranscodePad:channels:
   *
   * Of the sound: 1 or 2; 0: as the peer wants it, or 2.
   *
   * Since: 0.1
   */
  props[PROP_CHANNELS] =
      g_param_spec_int ("channels", "Channels", "Of sound; 0 for any", 0, 2, 0, wants_flags);
  /**
   * GstStageTranscodePad:packet-loss:
   *
   * How many packets in a hundred are expected to get lost: Opus then carries speech twice, and a
   * player that lost one packet gets it from the next. Music sounds worse for it. 0: none.
   *
   * Since: 0.1
   */
  props[PROP_PACKET_LOSS] = g_param_spec_int ("packet-loss", "Packet loss",
      "Percent of packets that Opus is to make up for", 0, 100, 0, wants_flags);
}

static void
gst_stage_transcode_pad_class_init (GstStageTranscodePadClass *klass)
{
  constexpr auto readable = static_cast<GParamFlags> (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  auto *object_class = G_OBJECT_CLASS (klass);
  object_class->finalize = gst_stage_transcode_pad_finalize;
  object_class->set_property = gst_stage_transcode_pad_set_property;
  object_class->get_property = gst_stage_transcode_pad_get_property;
  install_formats ();
  install_bounds ();
  install_sound ();
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
  g_object_class_install_properties (object_class, props.size (), props.data ());
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
    supply (pad) = {};
}

Supply &
supply (GstPad *pad)
{
  return GST_STAGE_TRANSCODE_PAD (pad)->supply;
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
