// SPDX-License-Identifier: LGPL-2.1-or-later
// A lane's data path: decide what each output carries, pass on, convert. Streaming thread of the
// sink pad unless said otherwise.
#include "gst-plugins/transcode/lane.hpp"

#include <utility>

GST_DEBUG_CATEGORY_EXTERN (gst_stage_transcode_bin_debug);
#define GST_CAT_DEFAULT gst_stage_transcode_bin_debug

namespace stagedoor::transcode {

namespace {

/** Also when it has them: what it says to caps may have been forgotten. */
void
send_caps (GstPad *to, GstCaps *caps)
{
  gst_pad_push_event (to, gst_event_new_caps (caps));
}

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
Lane::replay (GstPad *from, GstPad *to)
{
  auto send = +[] (GstPad *, GstEvent **event, gpointer to) -> gboolean {
    if (GST_EVENT_TYPE (*event) != GST_EVENT_EOS)
      gst_pad_push_event (static_cast<GstPad *> (to), gst_event_ref (*event));
    return TRUE;
  };
  gst_pad_sticky_events_foreach (from, send, to);
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
  converter_->feed (buffer.get ());
  const auto outs = outputs ();
  GstPad *last = nullptr; // gets our own reference, so that it may write to the buffer
  for (const auto &out : *outs) {
    if (mode (out.get ()) != Mode::pass)
      continue;
    if (last)
      push_to (last, Ref<GstBuffer> (buffer));
    last = out.get ();
  }
  if (last)
    push_to (last, std::move (buffer));
  return tally_.result ();
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
  const auto from = sink ();
  const auto after = from ? running_time (from.get (), shown_until) : GST_CLOCK_TIME_NONE;
  const Turn turn (output);
  auto &now = supply (output);
  if (now.rendition == rendition)
    return false;
  now = {rendition, false, after};
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

/** Gives an output of the conversion its sticky events. When the conversion is about to start, they
 * come from there. */
void
Lane::introduce (GstPad *output)
{
  if (const auto tail = converter_->tail (output)) {
    const Turn turn (output);
    const bool again = gst_pad_has_current_caps (output);
    replay (tail.get (), output);
    const auto caps = adopt (gst_pad_get_current_caps (tail.get ()));
    if (again && caps)
      send_caps (output, caps.get ());
    return;
  }
  const auto from = sink ();
  if (is_wanted (output) || !from)
    return;
  for (const auto type : {GST_EVENT_STREAM_START, GST_EVENT_CAPS, GST_EVENT_SEGMENT})
    if (type == GST_EVENT_CAPS)
      send_caps (output, converter_->makes (output).get ());
    else if (auto event = adopt (gst_pad_get_sticky_event (from.get (), type, 0)))
      gst_pad_push_event (output, event.release ());
}

/** @p key: what comes next is a key frame. */
void
Lane::settle (bool key)
{
  if (!caps_)
    return;
  const auto outs = outputs ();
  for (const auto &out : *outs)
    if (gst_pad_check_reconfigure (out.get ()) || mode (out.get ()) == Mode::undecided)
      enter (out.get (), key);
  converter_->update (*outs);
}

/** @p why becomes the reason, unless the input is passed on. */
Mode
Lane::decide (GstPad *output, std::string &why) const
{
  if (!gst_pad_is_linked (output))
    return Mode::idle;
  const auto taken = adopt (gst_pad_peer_query_caps (output, nullptr));
  if (gst_caps_can_intersect (caps_.get (), taken.get ())) {
    why = converter_->objection (output, taken.get ());
    if (why.empty ())
      return Mode::pass;
  } else {
    const auto *format = gst_caps_get_structure (caps_.get (), 0);
    const bool h26x = g_str_has_prefix (gst_structure_get_name (format), "video/x-h26");
    const char *profile = h26x ? gst_structure_get_string (format, "profile") : nullptr;
    why = std::string ("the peer does not take ") + gst_structure_get_name (format)
          + (profile != nullptr ? std::string (" (profile ") + profile + ")" : "");
  }
  return gst_caps_can_intersect (converter_->makes (output).get (), taken.get ()) ? Mode::convert
                                                                                  : Mode::idle;
}

void
Lane::enter (GstPad *output, bool key)
{
  std::string why, problem;
  const auto mode = decide (output, why);
  if (mode == Mode::pass && kind_ == Kind::video && !key
      && transcode::mode (output) == Mode::convert) {
    gst_pad_mark_reconfigure (output); // the conversion goes on until a key frame comes
    return;
  }
  GST_DEBUG_OBJECT (output, "mode %d for %" GST_PTR_FORMAT, static_cast<int> (mode), caps_.get ());
  set_mode (output, mode);
  if (mode == Mode::convert)
    problem = converter_->problem (output);
  else if (mode == Mode::idle && !why.empty ())
    problem = why + " and nothing here converts it";
  report (output, problem.empty () ? nullptr : problem.c_str ());
  tell_decision (output, mode == Mode::pass ? "passed through"
                         : mode == Mode::convert
                             ? "transcoding, because " + why + converter_->remark (output)
                             : "");
  const auto from = sink ();
  if (mode == Mode::pass && from)
    replay (from.get (), output);
  else if (mode == Mode::convert)
    introduce (output);
}

void
Lane::tell_decision (GstPad *output, const std::string &text)
{
  if (set_decision (output, text.c_str ()))
    gst_element_post_message (GST_ELEMENT (bin_),
        gst_message_new_element (GST_OBJECT (bin_),
            gst_structure_new ("stagedoor-decision", "pad", G_TYPE_STRING, GST_PAD_NAME (output),
                "text", G_TYPE_STRING, text.c_str (), nullptr)));
}

void
Lane::refuse (GstPad *output, const char *text)
{
  set_mode (output, Mode::idle);
  report (output, text);
  tell_decision (output, "");
}

void
Lane::report (GstPad *output, const char *text)
{
  if (!set_problem (output, text))
    return;
  gst_element_post_message (GST_ELEMENT (bin_),
      gst_message_new_element (GST_OBJECT (bin_),
          gst_structure_new ("stagedoor-problem", "pad", G_TYPE_STRING, GST_PAD_NAME (output),
              "text", G_TYPE_STRING, text ? text : "", nullptr)));
  if (text)
    GST_ELEMENT_WARNING (bin_, STREAM, WRONG_TYPE,
        ("%s carries nothing: %s", GST_PAD_NAME (output), text), (nullptr));
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
