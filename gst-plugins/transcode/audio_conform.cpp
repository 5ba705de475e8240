// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/transcode/audio_conform.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <gst/audio/audio.h>

#include "libs/media/audio_clock.hpp"
#include "libs/media/stretcher.hpp"

namespace stagedoor::transcode {

namespace {

/** Silence on demand comes in pieces of a bounded size. */
constexpr GstClockTime most_silence = 10 * GST_SECOND;

/** Streaming thread. */
struct Conform
{
  GstPad *sink = nullptr, *src = nullptr; // the element's
  GstClockTime lead = 0, floor = GST_CLOCK_TIME_NONE;
  int rate = 48000;
  std::size_t channels = 2;
  media::AudioClock clock{48000};
  std::optional<media::Stretcher> stretcher;
  std::vector<float> in, out;
  double begin = 0;       ///< of the timeline, in samples
  std::int64_t count = 0; ///< samples that came out since
  bool discont = true;
  bool resumed = false; ///< time has jumped

  bool set_caps (const GstCaps *caps);
  void reset ();
  GstFlowReturn take (GstBuffer *buffer);
  GstFlowReturn pass (std::span<const float> samples, std::int64_t silence, double speed);
  GstFlowReturn put ();
  std::int64_t before_floor (double at) const;
  void fill (GstEvent *gap);
  double samples (GstClockTime time) const
  {
    return static_cast<double> (time) / GST_SECOND * rate;
  }
  GstClockTime time (std::int64_t at) const
  {
    const auto whole = begin / rate * GST_SECOND
                       + static_cast<double> (
                           gst_util_uint64_scale_int (static_cast<guint64> (at), GST_SECOND, rate));
    return static_cast<GstClockTime> (std::max (whole - static_cast<double> (lead), 0.0));
  }
};

bool
Conform::set_caps (const GstCaps *caps)
{
  int r = 0, c = 0;
  const auto *fields = gst_caps_get_structure (caps, 0);
  if (!gst_structure_get_int (fields, "rate", &r) || !gst_structure_get_int (fields, "channels", &c)
      || r <= 0 || c <= 0)
    return false;
  if (stretcher && r == rate && static_cast<std::size_t> (c) == channels)
    return true;
  rate = r;
  channels = static_cast<std::size_t> (c);
  reset ();
  return true;
}

void
Conform::reset ()
{
  clock = media::AudioClock (rate);
  stretcher.emplace (channels);
  discont = true;
}

/** How much of what begins at @p at is out already. */
std::int64_t
Conform::before_floor (double at) const
{
  if (!GST_CLOCK_TIME_IS_VALID (floor))
    return 0;
  const auto old = samples (floor + lead) - at;
  return old < rate ? std::max<std::int64_t> (std::llround (old), 0) : 0; // or time has jumped
}

GstFlowReturn
Conform::put ()
{
  const auto frames = static_cast<std::int64_t> (out.size () / channels);
  if (frames == 0)
    return GST_FLOW_OK;
  auto buffer = adopt (gst_buffer_new_memdup (out.data (), out.size () * sizeof (float)));
  out.clear ();
  GST_BUFFER_PTS (buffer.get ()) = time (count);
  count += frames;
  GST_BUFFER_DURATION (buffer.get ()) = time (count) - GST_BUFFER_PTS (buffer.get ());
  if (std::exchange (discont, false))
    GST_BUFFER_FLAG_SET (buffer.get (), GST_BUFFER_FLAG_DISCONT);
  return gst_pad_push (src, buffer.release ());
}

GstFlowReturn
Conform::pass (std::span<const float> samples, std::int64_t silence, double speed)
{
  stretcher->set_speed (speed);
  if (silence > 0) {
    in.assign (static_cast<std::size_t> (silence) * channels, 0);
    stretcher->push (in, out);
  }
  stretcher->push (samples, out);
  const auto made = static_cast<double> (out.size () / channels);
  clock.placed (begin + static_cast<double> (count) + made + stretcher->pending ());
  return put ();
}

GstFlowReturn
Conform::take (GstBuffer *buffer)
{
  GstMapInfo map;
  if (!stretcher || !gst_buffer_map (buffer, &map, GST_MAP_READ))
    return GST_FLOW_NOT_NEGOTIATED;
  std::span<const float> block (
      reinterpret_cast<const float *> (map.data), map.size / sizeof (float) / channels * channels);
  if (std::exchange (resumed, false))
    clock.reset ();
  auto frames = static_cast<std::int64_t> (block.size () / channels);
  auto at = GST_BUFFER_PTS_IS_VALID (buffer) ? samples (GST_BUFFER_PTS (buffer))
                                             : begin + static_cast<double> (count);
  if (const auto old = std::min (before_floor (at), frames); old > 0) {
    block = block.subspan (static_cast<std::size_t> (old) * channels);
    at += static_cast<double> (old);
    frames -= old;
  }
  auto flow = GST_FLOW_OK;
  if (frames > 0) {
    const auto step = clock.on_block (at, frames);
    if (step.restart) {
      stretcher->reset ();
      begin = at;
      count = 0;
      discont = true;
    }
    block = block.subspan (static_cast<std::size_t> (std::min (step.cut, frames)) * channels);
    flow = pass (block, step.silence, step.speed);
  }
  gst_buffer_unmap (buffer, &map);
  return flow;
}

/** Nothing comes, and somebody knows: the encoder gets silence in time. */
void
Conform::fill (GstEvent *gap)
{
  GstClockTime from = 0, duration = 0;
  gst_event_parse_gap (gap, &from, &duration);
  if (!stretcher || resumed || !GST_CLOCK_TIME_IS_VALID (from)
      || !GST_CLOCK_TIME_IS_VALID (duration))
    return;
  const auto silence = clock.fill (samples (from + duration));
  if (silence > 0 && static_cast<double> (silence) <= samples (most_silence))
    pass ({}, silence, 0);
  else if (silence > 0)
    clock.reset ();
}

} // namespace

} // namespace stagedoor::transcode

using stagedoor::adopt;
using stagedoor::transcode::Conform;

G_BEGIN_DECLS
#define STAGE_TYPE_AUDIO_CONFORM (stage_audio_conform_get_type ())
G_DECLARE_FINAL_TYPE (StageAudioConform, stage_audio_conform, STAGE, AUDIO_CONFORM, GstElement)
G_END_DECLS

struct _StageAudioConform
{
  GstElement parent;
  Conform *impl;
};

G_DEFINE_FINAL_TYPE (StageAudioConform, stage_audio_conform, GST_TYPE_ELEMENT)

#define STAGE_CONFORM_CAPS                                                                         \
  "audio/x-raw,format=" GST_AUDIO_NE (F32) ",layout=interleaved,rate=[1,max],channels=[1,max]"
static GstStaticPadTemplate stage_audio_conform_sink = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (STAGE_CONFORM_CAPS));
static GstStaticPadTemplate stage_audio_conform_src = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (STAGE_CONFORM_CAPS));

static GstFlowReturn
stage_audio_conform_chain (GstPad *, GstObject *parent, GstBuffer *buffer)
{
  const auto owned = adopt (buffer);
  return STAGE_AUDIO_CONFORM (parent)->impl->take (buffer);
}

static gboolean
stage_audio_conform_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  auto &impl = *STAGE_AUDIO_CONFORM (parent)->impl;
  GstCaps *caps = nullptr;
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      gst_event_parse_caps (event, &caps);
      if (!impl.set_caps (caps)) {
        gst_event_unref (event);
        return FALSE;
      }
      break;
    case GST_EVENT_GAP:
      impl.fill (event);
      break;
    case GST_EVENT_FLUSH_STOP:
      if (impl.stretcher)
        impl.reset ();
      break;
    case GST_EVENT_CUSTOM_DOWNSTREAM:
      impl.resumed = impl.resumed || gst_event_has_name (event, "stagedoor-resumed");
      break;
    default:
      break;
  }
  return gst_pad_event_default (pad, parent, event);
}

static void
stage_audio_conform_init (StageAudioConform *self)
{
  self->impl = new Conform;
  const auto add = [self] (GstStaticPadTemplate &templ) {
    GstPad *pad = gst_pad_new_from_static_template (&templ, templ.name_template);
    GST_PAD_SET_PROXY_CAPS (pad);
    gst_element_add_pad (GST_ELEMENT (self), pad);
    return pad;
  };
  self->impl->sink = add (stage_audio_conform_sink);
  self->impl->src = add (stage_audio_conform_src);
  gst_pad_set_chain_function (self->impl->sink, stage_audio_conform_chain);
  gst_pad_set_event_function (self->impl->sink, stage_audio_conform_event);
}

static void
stage_audio_conform_finalize (GObject *object)
{
  delete STAGE_AUDIO_CONFORM (object)->impl;
  G_OBJECT_CLASS (stage_audio_conform_parent_class)->finalize (object);
}

static void
stage_audio_conform_class_init (StageAudioConformClass *klass)
{
  auto *element_class = GST_ELEMENT_CLASS (klass);
  G_OBJECT_CLASS (klass)->finalize = stage_audio_conform_finalize;
  gst_element_class_add_static_pad_template (element_class, &stage_audio_conform_sink);
  gst_element_class_add_static_pad_template (element_class, &stage_audio_conform_src);
  gst_element_class_set_static_metadata (element_class, "Sound without gaps",
      "Filter/Converter/Audio", "Gives sound a timeline that counts samples",
      "The Stagedoor authors");
}

namespace stagedoor::transcode {

Ref<GstElement>
make_audio_conform (GstClockTime lead, GstClockTime floor)
{
  auto out = Ref<GstElement>::sink (GST_ELEMENT (g_object_new (STAGE_TYPE_AUDIO_CONFORM, nullptr)));
  auto &impl = *STAGE_AUDIO_CONFORM (out.get ())->impl;
  impl.lead = lead;
  impl.floor = floor;
  return out;
}

} // namespace stagedoor::transcode
