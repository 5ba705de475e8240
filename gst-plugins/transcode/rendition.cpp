// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/transcode/rendition.hpp"

#include <atomic>
#include <optional>
#include <string_view>
#include <utility>

#include <gst/video/video.h>

#include "gst-plugins/transcode/encoder_threads.hpp"
#include "gst-plugins/transcode/encoder_trial.hpp"

namespace stagedoor::transcode {

namespace {

/** Frames. */
constexpr guint most_waiting = 4;

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
    g_object_set (queue.get (), "max-size-buffers", most_waiting, "max-size-bytes", 0,
        "max-size-time", G_GUINT64_CONSTANT (0), nullptr);
    gst_util_set_object_arg (G_OBJECT (queue.get ()), "leaky", patient ? "no" : "downstream");
  }
  return queue;
}

/** 0 when it is unknown. */
GstClockTime
frame_interval (const Rate &rate)
{
  return rate.num > 0 ? gst_util_uint64_scale (
             GST_SECOND, static_cast<guint64> (rate.den), static_cast<guint64> (rate.num))
                      : 0;
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
    : bin_ (bin), id_ (next_id ()), spec_ (spec), kind_ (std::move (kind)), patient_ (patient),
      hooks_ (std::move (hooks)),
      watch_ (spec, [queue = queue_name ()] { return is_at_work (queue); }), row_ (bin)
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
  const auto encoded = encoder_filter (kind_, spec_);
  if (!add_queue ())
    return false;
  if (kind_.format != std::string_view ("I420")) {
    const auto raw =
        adopt (gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, kind_.format, nullptr));
    if (!row_.add (make ("videoconvertscale")) || !row_.add (make_filter (raw.get ())))
      return false;
  }
  return row_.add (make_encoder (kind_, spec_)) && row_.add (make_filter (encoded.get ()));
}

std::string
Rendition::queue_name () const
{
  return encoder_queue + ("-" + std::to_string (id_));
}

bool
Rendition::add_queue ()
{
  queue_ = make_queue (patient_);
  if (queue_)
    gst_object_set_name (GST_OBJECT (queue_.get ()), queue_name ().c_str ());
  if (!row_.add (Ref<GstElement> (queue_)))
    return false;
  const auto pad = row_.src ();
  gst_pad_add_probe (pad.get (), GST_PAD_PROBE_TYPE_BUFFER, on_taken, this, nullptr);
  return true;
}

/** The encoder's thread. An event in the queue could get lost with what the encoder is late for. */
GstPadProbeReturn
Rendition::on_taken (GstPad *, GstPadProbeInfo *info, gpointer data)
{
  auto &self = *static_cast<Rendition *> (data);
  auto from = self.key_from_.load ();
  if (GST_CLOCK_TIME_IS_VALID (from) && GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info)) >= from
      && self.key_from_.compare_exchange_strong (from, GST_CLOCK_TIME_NONE))
    self.request_key ();
  ++self.taken_;
  self.taken_at_ = time_of (self.bin_);
  return GST_PAD_PROBE_OK;
}

Work
Rendition::take_work ()
{
  return {spec_, taken_.exchange (0), lost_.exchange (0), busy_.exchange (0)};
}

void
Rendition::open ()
{
  head_ = Ref<GstPad>::sink (gst_pad_new ("head", GST_PAD_SRC));
  // Other threads' queries may outlive this.
  gst_pad_set_query_function_full (head_.get (), on_head_query,
      new std::function (hooks_.query_upstream),
      [] (gpointer hook) { delete static_cast<decltype (Hooks::query_upstream) *> (hook); });
  gst_pad_set_event_function (head_.get (), drop_event);

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
  std::optional<TakingDown> failed;
  if (failure () != nullptr)
    failed.emplace (kind_.factory);
  if (head_) {
    gst_pad_set_active (head_.get (), FALSE);
    gst_pad_set_active (tail_.get (), FALSE);
  }
  row_.stop ();
}

/** Those that come a little early are as good, for clocks of milliseconds. */
bool
Rendition::takes (GstClockTime timestamp, bool key)
{
  if (key)
    key_from_ = timestamp;
  if (spec_.cut >= Cut::half_rate && std::exchange (odd_, !odd_) && !key)
    return false;
  if (spec_.rate.num <= 0 || !GST_CLOCK_TIME_IS_VALID (timestamp))
    return true;
  const auto interval = frame_interval (spec_.rate);
  if (GST_CLOCK_TIME_IS_VALID (due_) && !key && timestamp + interval / 4 < due_
      && timestamp + 2 * interval > due_)
    return false;
  const bool steady = GST_CLOCK_TIME_IS_VALID (due_) && timestamp + interval / 4 >= due_
                      && timestamp < due_ + interval;
  due_ = (steady ? due_ : timestamp) + interval;
  return true;
}

void
Rendition::feed (GstBuffer *frame)
{
  guint waiting = 0;
  if (!patient_)
    g_object_get (queue_.get (), "current-level-buffers", &waiting, nullptr);
  if (waiting >= most_waiting)
    ++lost_; // the oldest
  if (gst_pad_push (head_.get (), gst_buffer_ref (frame)) < GST_FLOW_EOS)
    watch_.fail ("gave up");
  else
    watch_.on_input (time_of (bin_));
}

void
Rendition::request_key ()
{
  watch_.expect_key (time_of (bin_));
  gst_pad_push_event (
      tail_.get (), gst_video_event_new_upstream_force_key_unit (GST_CLOCK_TIME_NONE, TRUE, 0));
}

GstFlowReturn
Rendition::on_encoded (GstPad *pad, GstObject *, GstBuffer *raw)
{
  auto buffer = adopt (raw);
  auto &self = rendition_of (pad);
  const auto now = time_of (self.bin_), since = self.taken_at_.exchange (GST_CLOCK_TIME_NONE);
  if (GST_CLOCK_TIME_IS_VALID (since) && now > since)
    self.busy_ += now - since;
  const auto done = self.watch_.on_output (raw, now);
  if (done == OutputWatch::Next::ask_for_key)
    self.request_key ();
  self.watch_.set_passing_on (true);
  if (done != OutputWatch::Next::drop)
    self.hooks_.output (self, std::move (buffer));
  self.watch_.set_passing_on (false);
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
  return (*static_cast<decltype (Hooks::query_upstream) *> (pad->querydata)) (query);
}

} // namespace stagedoor::transcode
