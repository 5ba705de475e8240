// SPDX-License-Identifier: LGPL-2.1-or-later
// What each output of a lane carries, and how it is told. Streaming thread of the sink pad unless
// said otherwise.
#include "gst-plugins/transcode/lane.hpp"

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

std::string
text_of (Mode mode, const Decision &decision)
{
  if (mode == Mode::convert)
    return "transcoding, because " + decision.why;
  if (mode != Mode::pass)
    return {};
  return decision.form == Form::as_it_comes ? "passed through"
                                            : "repacked, because " + decision.why;
}

} // namespace

void
Lane::replay (GstPad *from, GstPad *to, GstCaps *caps)
{
  struct Target
  {
    GstPad *pad;
    GstCaps *caps;
  } target{to, caps};
  auto send = +[] (GstPad *, GstEvent **event, gpointer data) -> gboolean {
    const auto &to = *static_cast<Target *> (data);
    if (GST_EVENT_TYPE (*event) == GST_EVENT_CAPS && to.caps != nullptr)
      send_caps (to.pad, to.caps);
    else if (GST_EVENT_TYPE (*event) != GST_EVENT_EOS)
      gst_pad_push_event (to.pad, gst_event_ref (*event));
    return TRUE;
  };
  gst_pad_sticky_events_foreach (from, send, &target);
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

/** @p why becomes the reason for what is done to the input, if anything is. */
Mode
Lane::decide (GstPad *output, Decision &out)
{
  if (!gst_pad_is_linked (output))
    return Mode::idle;
  const auto taken = adopt (gst_pad_peer_query_caps (output, nullptr));
  converter_->meet (output, taken.get ());
  if (const auto form = converter_->form_for (taken.get (), out.why)) {
    const auto objection = converter_->objection (output, taken.get ());
    out.form = *form;
    if (objection.empty ())
      return converter_->caps_in (*form) || *form == Form::as_it_comes ? Mode::pass
                                                                       : Mode::undecided;
    out.why = objection;
  }
  return gst_caps_can_intersect (converter_->makes (output).get (), taken.get ()) ? Mode::convert
                                                                                  : Mode::idle;
}

void
Lane::enter (GstPad *output, bool key)
{
  Decision decision;
  std::string problem;
  const auto mode = decide (output, decision);
  const auto &why = decision.why;
  if (mode == Mode::pass && kind_ == Kind::video && !key
      && transcode::mode (output) == Mode::convert) {
    gst_pad_mark_reconfigure (output); // the conversion goes on until a key frame comes
    return;
  }
  GST_DEBUG_OBJECT (output, "mode %d for %" GST_PTR_FORMAT, static_cast<int> (mode), caps_.get ());
  set_form (output, mode == Mode::pass ? decision.form : Form::as_it_comes);
  set_mode (output, mode);
  if (mode == Mode::undecided)
    return; // the next buffer may tell more
  if (mode == Mode::convert)
    problem = converter_->problem (output);
  else if (mode == Mode::idle && !why.empty ())
    problem = why + " and nothing here converts it";
  report (output, problem.empty () ? nullptr : problem.c_str ());
  tell_decision (output,
      text_of (mode, decision) + (mode == Mode::convert ? converter_->remark (output) : ""));
  const auto from = sink ();
  const auto caps =
      decision.form != Form::as_it_comes ? converter_->caps_in (decision.form) : Ref<GstCaps> ();
  if (mode == Mode::pass && from)
    replay (from.get (), output, caps.get ());
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

} // namespace stagedoor::transcode
