// SPDX-License-Identifier: LGPL-2.1-or-later
// A lane's data path: decide what each output carries, pass on, convert. Streaming thread of the
// sink pad unless said otherwise.
#include "gst-plugins/transcode/lane.hpp"

#include <utility>

GST_DEBUG_CATEGORY_EXTERN (gst_stage_transcode_bin_debug);
#define GST_CAT_DEFAULT gst_stage_transcode_bin_debug

namespace stagedoor::transcode {

namespace {

/** How many frames go in without any Opus coming out before the conversion counts as broken. */
constexpr int patience = 100;
/** For how much of the stream the conversion goes on when nobody wants it any more: viewers reload,
 * and come one after the other. */
constexpr GstClockTime linger = 5 * GST_SECOND;
constexpr const char *undecodable = "the audio cannot be decoded";

/** Sends @p from's sticky events, in order, to @p to. Those it has already are not sent again. */
void
replay (GstPad *from, GstPad *to)
{
  auto send = +[] (GstPad *, GstEvent **event, gpointer to) -> gboolean {
    if (GST_EVENT_TYPE (*event) != GST_EVENT_EOS)
      gst_pad_push_event (static_cast<GstPad *> (to), gst_event_ref (*event));
    return TRUE;
  };
  gst_pad_sticky_events_foreach (from, send, to);
}

/** Also when it has them: what it says to caps may have been forgotten. */
void
send_caps (GstPad *to, GstCaps *caps)
{
  gst_pad_push_event (to, gst_event_new_caps (caps));
}

} // namespace

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
  if (GST_BUFFER_PTS_IS_VALID (buffer.get ()))
    now_ = GST_BUFFER_PTS (buffer.get ());
  settle ();
  tally_ = {};
  convert (buffer.get ());
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

GstFlowReturn
Lane::take_converted (Ref<GstBuffer> buffer)
{
  // Always OK: whatever the conversion returns is then its own fault, not a peer's.
  const auto outs = outputs ();
  const bool mended = std::exchange (broken_, false);
  starving_ = 0;
  for (const auto &out : *outs)
    if (mode (out.get ()) == Mode::opus) {
      if (mended)
        report (out.get (), nullptr);
      push_to (out.get (), Ref<GstBuffer> (buffer));
    }
  return GST_FLOW_OK;
}

void
Lane::push_event (Mode which, GstEvent *event)
{
  const auto outs = outputs ();
  for (const auto &out : *outs)
    if (mode (out.get ()) == which)
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
    settle ();
  const auto c = chain ();
  push_event (Mode::pass, event.get ());
  if (type == GST_EVENT_EOS || type == GST_EVENT_FLUSH_START || type == GST_EVENT_FLUSH_STOP)
    tell_idle (event.get (), c != nullptr);
  if (c)
    gst_pad_push_event (c->feed (), gst_event_ref (event.get ()));
  else
    tell_silent (event.get ());
  return TRUE; // a peer that dislikes an event is no reason to stop the others
}

/** A peer that is given nothing still has to know when nothing will come, and when that is over. */
void
Lane::tell_idle (GstEvent *event, bool converting)
{
  const auto outs = outputs ();
  const auto from = sink ();
  const auto start =
      adopt (from ? gst_pad_get_sticky_event (from.get (), GST_EVENT_STREAM_START, 0) : nullptr);
  for (const auto &out : *outs) {
    const auto how = mode (out.get ());
    if (how == Mode::pass || (how == Mode::opus && converting))
      continue;
    if (GST_EVENT_TYPE (event) == GST_EVENT_EOS && start)
      gst_pad_push_event (out.get (), gst_event_ref (start.get ())); // EOS must not come first
    gst_pad_push_event (out.get (), gst_event_ref (event));
  }
}

/** Outputs whose conversion rests must be ready for it nevertheless. */
void
Lane::tell_silent (GstEvent *event)
{
  const auto outs = outputs ();
  for (const auto &out : *outs) {
    if (mode (out.get ()) != Mode::opus)
      continue;
    if (GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START)
      set_mode (out.get (), Mode::undecided); // introduced once all of its start is there
    else if (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT && gst_pad_has_current_caps (out.get ()))
      gst_pad_push_event (out.get (), gst_event_ref (event));
  }
}

gboolean
Lane::take_converted_event (Ref<GstEvent> event)
{
  // A flush comes on another thread, which must not look at draining_.
  if (!(GST_EVENT_TYPE (event.get ()) == GST_EVENT_EOS && draining_))
    push_event (Mode::opus, event.get ());
  return TRUE;
}

void
Lane::take_caps (GstEvent *event)
{
  GstCaps *caps = nullptr;
  gst_event_parse_caps (event, &caps);
  if (caps_ && gst_caps_is_equal (caps_.get (), caps))
    return;
  drain ();
  set_chain (nullptr);
  retry_at_ = 0;
  broken_ = false;
  starving_ = 0;
  idle_since_ = GST_CLOCK_TIME_NONE;
  caps_ = share (caps);
  const auto outs = outputs ();
  for (const auto &out : *outs)
    set_mode (out.get (), Mode::undecided);
}

/** Lets the old conversion put out what it still holds, while its peers still listen. */
void
Lane::drain ()
{
  if (const auto c = chain ()) {
    draining_ = true;
    gst_pad_push_event (c->feed (), gst_event_new_eos ());
    draining_ = false;
  }
}

void
Lane::settle ()
{
  if (!caps_)
    return;
  const auto outs = outputs ();
  bool listened = false, wanted = false;
  for (const auto &out : *outs) {
    if (gst_pad_check_reconfigure (out.get ()) || mode (out.get ()) == Mode::undecided)
      enter (out.get ());
    const bool converted = mode (out.get ()) == Mode::opus;
    listened |= converted;
    // Whether a broken one is well again has to be found out for the problem's sake.
    wanted |= converted && (broken_ || is_wanted (out.get ()));
  }
  update_conversion (listened, wanted);
}

/** What the peer of @p output takes. @p problem becomes why it gets nothing. */
Mode
Lane::decide (GstPad *output, String &problem) const
{
  if (!gst_pad_is_linked (output))
    return Mode::idle;
  const auto taken = adopt (gst_pad_peer_query_caps (output, nullptr));
  if (gst_caps_can_intersect (caps_.get (), taken.get ()))
    return Mode::pass;
  if (kind_ == Kind::audio && gst_caps_can_intersect (opus_caps ().get (), taken.get ())) {
    if (broken_)
      problem.reset (g_strdup (undecodable));
    return Mode::opus;
  }
  const auto *format = gst_caps_get_structure (caps_.get (), 0);
  const char *profile = gst_structure_get_string (format, "profile");
  problem.reset (g_strdup_printf ("the peer does not take %s%s%s%s and nothing here converts it",
      gst_structure_get_name (format), profile != nullptr ? " (profile " : "",
      profile != nullptr ? profile : "", profile != nullptr ? ")" : ""));
  return Mode::idle;
}

void
Lane::enter (GstPad *output)
{
  String problem;
  const auto mode = decide (output, problem);
  GST_DEBUG_OBJECT (output, "mode %d for %" GST_PTR_FORMAT, static_cast<int> (mode), caps_.get ());
  set_mode (output, mode);
  report (output, problem.get ());
  const auto from = sink ();
  const auto c = chain ();
  if (mode == Mode::pass && from)
    replay (from.get (), output);
  else if (mode == Mode::opus)
    introduce (output);
}

/** Gives an output of the conversion its sticky events. When the conversion is about to start, they
 * come from there. */
void
Lane::introduce (GstPad *output)
{
  if (const auto c = chain ()) {
    const bool again = gst_pad_has_current_caps (output);
    replay (c->tail (), output);
    const auto caps = adopt (gst_pad_get_current_caps (c->tail ()));
    if (again && caps)
      send_caps (output, caps.get ());
    return;
  }
  const auto from = sink ();
  if (is_wanted (output) || !from)
    return;
  for (const auto type : {GST_EVENT_STREAM_START, GST_EVENT_CAPS, GST_EVENT_SEGMENT})
    if (type == GST_EVENT_CAPS)
      send_caps (output, opus_caps ().get ());
    else if (auto event = adopt (gst_pad_get_sticky_event (from.get (), type, 0)))
      gst_pad_push_event (output, event.release ());
}

void
Lane::refuse (GstPad *output, const char *text)
{
  set_mode (output, Mode::idle);
  report (output, text);
}

/** @p text is why @p output carries nothing; nullptr when all is well. */
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

/** Whether nobody has wanted the conversion for a short time only. */
bool
Lane::lingers ()
{
  if (!GST_CLOCK_TIME_IS_VALID (idle_since_) || now_ < idle_since_)
    idle_since_ = now_;
  return !GST_CLOCK_TIME_IS_VALID (now_) || now_ - idle_since_ < linger;
}

/** @p listened: there are outputs that carry the conversion, wanted or not. */
void
Lane::update_conversion (bool listened, bool wanted)
{
  const bool exists = chain () != nullptr;
  if (wanted)
    idle_since_ = GST_CLOCK_TIME_NONE;
  else if (exists && !(listened && lingers ())) {
    set_chain (nullptr);
    starving_ = 0;
  }
  if (!wanted || exists || g_get_monotonic_time () < retry_at_)
    return;
  auto fresh = OpusChain::build (
      bin_, caps_.get (), {this, on_feed_query, on_converted, on_converted_event});
  if (fresh) {
    set_chain (fresh);
    if (const auto from = sink ())
      replay (from.get (), fresh->feed ());
    return;
  }
  const auto outs = outputs ();
  for (const auto &out : *outs)
    if (mode (out.get ()) == Mode::opus)
      refuse (out.get (), "no decoder for this audio format is installed");
}

void
Lane::convert (GstBuffer *buffer)
{
  const auto c = chain ();
  if (!c)
    return;
  ++starving_;
  const auto flow = gst_pad_push (c->feed (), gst_buffer_ref (buffer));
  if (flow < GST_FLOW_EOS || starving_ > patience)
    conversion_failed ();
}

/** What a publisher sends must not end the pipeline: start anew a second later. */
void
Lane::conversion_failed ()
{
  set_chain (nullptr);
  retry_at_ = g_get_monotonic_time () + G_USEC_PER_SEC;
  broken_ = true;
  starving_ = 0;
  const auto outs = outputs ();
  for (const auto &out : *outs)
    if (mode (out.get ()) == Mode::opus)
      report (out.get (), undecodable);
}

void
Lane::reset ()
{
  set_chain (nullptr);
  caps_ = nullptr;
  retry_at_ = 0;
  broken_ = false;
  starving_ = 0;
  now_ = idle_since_ = GST_CLOCK_TIME_NONE;
  const auto outs = outputs ();
  for (const auto &out : *outs) {
    set_mode (out.get (), Mode::undecided);
    set_wanted (out.get (), true);
    report (out.get (), nullptr);
  }
}

} // namespace stagedoor::transcode
