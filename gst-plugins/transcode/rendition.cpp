// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/transcode/rendition.hpp"

#include <atomic>

#include <gst/video/video.h>

namespace stagedoor::transcode {

namespace {

guint64
next_id ()
{
  static std::atomic<guint64> last = 0;
  return ++last;
}

Rendition &
rendition_of (GstPad *pad)
{
  return *static_cast<Rendition *> (gst_pad_get_element_private (pad));
}

/** Frames wait here while the encoder is at work; when it can't keep up, the oldest go. */
Ref<GstElement>
make_queue (bool patient)
{
  auto queue = make ("queue");
  if (queue) {
    g_object_set (queue.get (), "max-size-buffers", 4, "max-size-bytes", 0, "max-size-time",
        G_GUINT64_CONSTANT (0), nullptr);
    gst_util_set_object_arg (G_OBJECT (queue.get ()), "leaky", patient ? "no" : "downstream");
  }
  return queue;
}

Ref<GstElement>
make_rate_limiter ()
{
  auto limiter = make ("videorate");
  if (limiter)
    g_object_set (limiter.get (), "drop-only", TRUE, "skip-to-first", TRUE, nullptr);
  return limiter;
}

/** Nothing inside has business with the publisher: key frames are our encoder's. */
gboolean
drop_event (GstPad *, GstObject *, GstEvent *event)
{
  gst_event_unref (event);
  return TRUE;
}

} // namespace

Rendition::Rendition (
    GstBin *bin, const RenditionSpec &spec, EncoderKind kind, bool patient, Hooks hooks)
    : id_ (next_id ()), spec_ (spec), kind_ (std::move (kind)), patient_ (patient),
      hooks_ (std::move (hooks)), watch_ (spec), row_ (bin)
{
}

std::shared_ptr<Rendition>
Rendition::build (
    GstBin *bin, const RenditionSpec &spec, EncoderKind kind, bool patient, Hooks hooks)
{
  std::shared_ptr<Rendition> out{
      new Rendition (bin, spec, std::move (kind), patient, std::move (hooks))};
  if (!out->assemble ())
    return nullptr;
  out->open ();
  return out;
}

bool
Rendition::assemble ()
{
  if (!row_.add (make_queue (patient_)))
    return false;
  if (spec_.rate.num > 0) {
    const auto rate = adopt (gst_caps_new_simple (
        "video/x-raw", "framerate", GST_TYPE_FRACTION, spec_.rate.num, spec_.rate.den, nullptr));
    if (!row_.add (make_rate_limiter ()) || !row_.add (make_filter (rate.get ())))
      return false;
  }
  const auto raw = adopt (gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, kind_.format,
      "width", G_TYPE_INT, spec_.width, "height", G_TYPE_INT, spec_.height, "pixel-aspect-ratio",
      GST_TYPE_FRACTION, 1, 1, nullptr));
  const auto encoded = encoder_filter (kind_, spec_);
  return row_.add (make ("videoconvertscale")) && row_.add (make_filter (raw.get ()))
         && row_.add (make_encoder (kind_, spec_)) && row_.add (make_filter (encoded.get ()));
}

void
Rendition::open ()
{
  head_ = Ref<GstPad>::sink (gst_pad_new ("head", GST_PAD_SRC));
  gst_pad_set_query_function (head_.get (), on_head_query);
  gst_pad_set_event_function (head_.get (), drop_event);
  gst_pad_set_element_private (head_.get (), this);

  tail_ = Ref<GstPad>::sink (gst_pad_new ("tail", GST_PAD_SINK));
  gst_pad_set_chain_function (tail_.get (), on_encoded);
  gst_pad_set_event_function (tail_.get (), on_encoded_event);
  gst_pad_set_element_private (tail_.get (), this);

  gst_pad_link (head_.get (), row_.sink ().get ());
  gst_pad_link (row_.src ().get (), tail_.get ());
  gst_pad_set_active (tail_.get (), TRUE);
  row_.start ();
  gst_pad_set_active (head_.get (), TRUE);
}

Rendition::~Rendition ()
{
  if (head_) {
    gst_pad_set_active (head_.get (), FALSE);
    gst_pad_set_active (tail_.get (), FALSE);
  }
  row_.stop ();
}

void
Rendition::feed (GstBuffer *frame)
{
  if (gst_pad_push (head_.get (), gst_buffer_ref (frame)) < GST_FLOW_EOS)
    watch_.fail ("gave up");
  else
    watch_.on_input ();
}

void
Rendition::begin_group (GstClockTime pts)
{
  watch_.expect_key ();
  gst_pad_push_event (head_.get (), gst_video_event_new_downstream_force_key_unit (
                                        pts, GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE, TRUE, 0));
}

void
Rendition::request_key ()
{
  watch_.expect_key ();
  gst_pad_push_event (
      tail_.get (), gst_video_event_new_upstream_force_key_unit (GST_CLOCK_TIME_NONE, TRUE, 0));
}

GstFlowReturn
Rendition::on_encoded (GstPad *pad, GstObject *, GstBuffer *raw)
{
  auto buffer = adopt (raw);
  auto &self = rendition_of (pad);
  const auto done = self.watch_.on_output (raw);
  if (done == OutputWatch::Next::ask_for_key)
    self.request_key ();
  if (done != OutputWatch::Next::drop)
    self.hooks_.output (self, std::move (buffer));
  return GST_FLOW_OK; // whatever an encoder returns is its own fault, not a peer's
}

gboolean
Rendition::on_encoded_event (GstPad *pad, GstObject *, GstEvent *raw)
{
  const auto event = adopt (raw);
  auto &self = rendition_of (pad);
  self.hooks_.event (self, raw);
  return TRUE;
}

gboolean
Rendition::on_head_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_CAPS || GST_QUERY_TYPE (query) == GST_QUERY_ACCEPT_CAPS)
    return gst_pad_query_default (pad, parent, query);
  return rendition_of (pad).hooks_.query_upstream (query);
}

} // namespace stagedoor::transcode
