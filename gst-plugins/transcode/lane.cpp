// SPDX-License-Identifier: LGPL-2.1-or-later
// A lane's data path: pass on, convert. Streaming thread of the sink pad unless said otherwise.
#include "gst-plugins/transcode/lane.hpp"

#include <utility>

GST_DEBUG_CATEGORY_EXTERN (gst_stage_transcode_bin_debug);
#define GST_CAT_DEFAULT gst_stage_transcode_bin_debug

namespace stagedoor::transcode {

namespace {

GstClockTime
running_time (GstPad *pad, GstClockTime timestamp)
{
  GstSegment segment;
  const auto event = adopt (gst_pad_get_sticky_event (pad, GST_EVENT_SEGMENT, 0));
  if (!event || !GST_CLOCK_TIME_IS_VALID (timestamp))
    return GST_CLOCK_TIME_NONE;
  gst_event_copy_segment (event.get (), &segment);
  return gst_segment_to_running_time (&segment, GST_FORMAT_TIME, timestamp);
}

bool
is_key (GstBuffer *buffer)
{
  return !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
}

} // namespace

Lane::Lane (GstBin *bin, Kind kind)
    : bin_ (bin), kind_ (kind),
      converter_ (kind == Kind::video ? make_video_converter (*this) : make_audio_converter (*this))
{
}

void
Tally::add (GstFlowReturn flow)
{
  ++sent_;
  eos_ += flow == GST_FLOW_EOS;
  if (flow < GST_FLOW_EOS)
    fatal_ = flow;
}

GstFlowReturn
Tally::result () const
{
  if (fatal_ != GST_FLOW_OK)
    return fatal_;
  return sent_ > 0 && eos_ == sent_ ? GST_FLOW_EOS : GST_FLOW_OK;
}

GstFlowReturn
Lane::take_buffer (Ref<GstBuffer> buffer)
{
  if (converter_->observe (buffer.get ())) {
    const auto outs = outputs ();
    for (const auto &out : *outs)
      gst_pad_mark_reconfigure (out.get ());
  }
  settle (is_key (buffer.get ()));
  tally_ = {};
  // Conversions last: the decoder's thread, once it has something to do, may take this one's place.
  const auto outs = outputs ();
  for (const auto &out : *outs)
    if (mode (out.get ()) == Mode::pass && form (out.get ()) == Form::as_it_comes)
      push_to (out.get (), Ref<GstBuffer> (buffer));
    else if (mode (out.get ()) == Mode::pass)
      push_repacked (out.get (), is_key (buffer.get ()));
  converter_->feed (buffer.get ());
  return tally_.result ();
}

void
Lane::push_repacked (GstPad *output, bool key)
{
  const auto as = form (output);
  const auto caps = key ? converter_->caps_in (as) : Ref<GstCaps> (); // its setup may be new
  const auto before = adopt (gst_pad_get_current_caps (output));
  if (caps && (!before || !gst_caps_is_equal (caps.get (), before.get ())))
    gst_pad_push_event (output, gst_event_new_caps (caps.get ()));
  if (auto buffer = converter_->buffer_in (as))
    push_to (output, std::move (buffer));
}

void
Lane::push_to (GstPad *output, Ref<GstBuffer> buffer)
{
  const auto flow = gst_pad_push (output, buffer.release ());
  if (flow == GST_FLOW_NOT_LINKED)
    set_mode (output, Mode::idle); // a new peer's RECONFIGURE wakes it
  else if (flow == GST_FLOW_NOT_NEGOTIATED)
    refuse (output, "the peer took the format first and then refused it");
  else
    tally_.add (flow);
}

bool
Lane::supply_from (GstPad *output, guint64 rendition, GstClockTime shown_until)
{
  if (supplied_by (output) == rendition)
    return false;
  const auto from = sink ();
  const auto after = from ? running_time (from.get (), shown_until) : GST_CLOCK_TIME_NONE;
  const Turn turn (output);
  set_supply (output, {rendition, false, after});
  return true;
}

bool
Lane::push_converted (GstPad *output, guint64 rendition, Ref<GstBuffer> buffer)
{
  const Turn turn (output);
  auto &from = supply (output);
  if (mode (output) != Mode::convert || from.rendition != rendition)
    return true;
  if (!from.begun) {
    const bool key = is_key (buffer.get ());
    const auto shown = running_time (output, GST_BUFFER_PTS (buffer.get ()));
    const bool late = GST_CLOCK_TIME_IS_VALID (from.after) && GST_CLOCK_TIME_IS_VALID (shown)
                      && shown <= from.after;
    if (!key || late)
      return !key;
    from.begun = true;
    buffer = adopt (gst_buffer_make_writable (buffer.release ()));
    GST_BUFFER_FLAG_SET (buffer.get (), GST_BUFFER_FLAG_DISCONT);
  }
  const auto flow = gst_pad_push (output, buffer.release ());
  if (flow == GST_FLOW_NOT_LINKED)
    set_mode (output, Mode::idle);
  else if (flow == GST_FLOW_NOT_NEGOTIATED)
    refuse (output, "the peer took the format first and then refused it");
  return true;
}

void
Lane::push_converted (GstPad *output, guint64 rendition, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_START) {
    if (mode (output) == Mode::convert)
      gst_pad_push_event (output, gst_event_ref (event)); // ends the push of whose turn it is
    return;
  }
  const Turn turn (output);
  if (mode (output) == Mode::convert && supply (output).rendition == rendition)
    gst_pad_push_event (output, gst_event_ref (event));
}

void
Lane::replay_converted (GstPad *from, GstPad *output)
{
  const Turn turn (output);
  replay (from, output);
}

void
Lane::push_passing (GstEvent *event)
{
  const auto outs = outputs ();
  for (const auto &out : *outs)
    if (mode (out.get ()) == Mode::pass)
      gst_pad_push_event (out.get (), gst_event_ref (event));
}

gboolean
Lane::take_event (Ref<GstEvent> event)
{
  const auto type = GST_EVENT_TYPE (event.get ());
  if (type == GST_EVENT_CAPS) {
    take_caps (event.get ());
    return TRUE;
  }
  if ((gst_event_type_get_flags (type) & GST_EVENT_TYPE_SERIALIZED)
      && type != GST_EVENT_STREAM_START && type != GST_EVENT_FLUSH_STOP)
    settle (false);
  push_passing (event.get ());
  if (type == GST_EVENT_EOS || type == GST_EVENT_FLUSH_START || type == GST_EVENT_FLUSH_STOP)
    tell_idle (event.get ());
  tell_silent (event.get ());
  converter_->feed (event.get ());
  return TRUE; // a peer that dislikes an event is no reason to stop the others
}

/** A peer that is given nothing still has to know when nothing will come, and when that is over. */
void
Lane::tell_idle (GstEvent *event)
{
  const auto outs = outputs ();
  const auto from = sink ();
  const auto start =
      adopt (from ? gst_pad_get_sticky_event (from.get (), GST_EVENT_STREAM_START, 0) : nullptr);
  for (const auto &out : *outs) {
    const auto how = mode (out.get ());
    if (how == Mode::pass || (how == Mode::convert && converter_->tail (out.get ())))
      continue;
    if (GST_EVENT_TYPE (event) == GST_EVENT_EOS && start)
      gst_pad_push_event (out.get (), gst_event_ref (start.get ())); // EOS must not come first
    gst_pad_push_event (out.get (), gst_event_ref (event));
  }
}

void
Lane::take_caps (GstEvent *event)
{
  GstCaps *caps = nullptr;
  gst_event_parse_caps (event, &caps);
  if (caps_ && gst_caps_is_equal (caps_.get (), caps))
    return;
  caps_ = share (caps);
  converter_->set_input (caps);
  const auto outs = outputs ();
  for (const auto &out : *outs)
    set_mode (out.get (), Mode::undecided);
}

/** Outputs whose conversion rests must be ready for it nevertheless. */
void
Lane::tell_silent (GstEvent *event)
{
  const auto outs = outputs ();
  for (const auto &out : *outs) {
    if (mode (out.get ()) != Mode::convert || converter_->tail (out.get ()))
      continue;
    if (GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START)
      set_mode (out.get (), Mode::undecided); // introduced once all of its start is there
    else if (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT && gst_pad_has_current_caps (out.get ()))
      gst_pad_push_event (out.get (), gst_event_ref (event));
  }
}

void
Lane::reset ()
{
  converter_->reset ();
  caps_ = nullptr;
  const auto outs = outputs ();
  for (const auto &out : *outs) {
    set_mode (out.get (), Mode::undecided);
    set_wanted (out.get (), true);
    report (out.get (), nullptr);
    tell_decision (out.get (), "");
  }
}

} // namespace stagedoor::transcode
