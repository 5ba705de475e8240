// SPDX-License-Identifier: LGPL-2.1-or-later
// A lane's pads: made, removed, and what they answer to queries and upstream events. Any thread.
#include "gst-plugins/transcode/lane.hpp"

#include <algorithm>

namespace stagedoor::transcode {

namespace {

Lane &
lane_of (GstPad *pad)
{
  return *static_cast<Lane *> (gst_pad_get_element_private (pad));
}

void
set_result (GstQuery *query, Ref<GstCaps> caps)
{
  GstCaps *filter = nullptr;
  gst_query_parse_caps (query, &filter);
  if (filter)
    caps = adopt (gst_caps_intersect_full (caps.get (), filter, GST_CAPS_INTERSECT_FIRST));
  gst_query_set_caps_result (query, caps.get ());
}

} // namespace

GstFlowReturn
Lane::on_buffer (GstPad *pad, GstObject *, GstBuffer *buffer)
{
  return lane_of (pad).take_buffer (adopt (buffer));
}

gboolean
Lane::on_event (GstPad *pad, GstObject *, GstEvent *event)
{
  return lane_of (pad).take_event (adopt (event));
}

GstPad *
Lane::add_sink (GstPadTemplate *templ)
{
  auto pad = Ref<GstPad>::sink (gst_pad_new_from_template (templ, templ->name_template));
  gst_pad_set_chain_function (pad.get (), on_buffer);
  gst_pad_set_event_function (pad.get (), on_event);
  gst_pad_set_query_function (pad.get (), on_query);
  gst_pad_set_element_private (pad.get (), this);
  {
    std::lock_guard lock{mutex_};
    if (sink_)
      return nullptr;
    sink_ = pad;
  }
  gst_pad_set_active (pad.get (), TRUE);
  gst_element_add_pad (GST_ELEMENT (bin_), pad.get ());
  return pad.get ();
}

/** Under mutex_. */
bool
Lane::has_output (const char *name) const
{
  return std::any_of (outputs_->begin (), outputs_->end (),
      [name] (const auto &out) { return g_str_equal (GST_PAD_NAME (out.get ()), name); });
}

/** Chosen and listed under one lock, so that no two threads get the same name. */
Ref<GstPad>
Lane::new_output (GstPadTemplate *templ, const char *name)
{
  std::lock_guard lock{mutex_};
  String chosen{g_strdup (name)};
  for (guint i = 0; !chosen || (!name && has_output (chosen.get ())); ++i)
    chosen.reset (g_strdup_printf (kind_ == Kind::video ? "video_%u" : "audio_%u", i));
  if (has_output (chosen.get ()))
    return nullptr;
  auto pad = Ref<GstPad>::sink (GST_PAD (g_object_new (GST_TYPE_STAGE_TRANSCODE_PAD, "name",
      chosen.get (), "direction", templ->direction, "template", templ, nullptr)));
  gst_pad_set_event_function (pad.get (), on_output_event);
  gst_pad_set_query_function (pad.get (), on_output_query);
  gst_pad_set_element_private (pad.get (), this);
  auto more = std::make_shared<Outputs> (*outputs_);
  more->push_back (pad);
  outputs_ = std::move (more);
  return pad;
}

GstPad *
Lane::add_output (GstPadTemplate *templ, const char *name)
{
  const auto pad = new_output (templ, name);
  if (!pad)
    return nullptr;
  gst_pad_set_active (pad.get (), TRUE);
  if (!gst_element_add_pad (GST_ELEMENT (bin_), pad.get ())) {
    drop_output (pad.get ());
    return nullptr;
  }
  return pad.get ();
}

void
Lane::drop_output (GstPad *pad)
{
  std::lock_guard lock{mutex_};
  auto fewer = std::make_shared<Outputs> (*outputs_);
  std::erase_if (*fewer, [pad] (const auto &out) { return out.get () == pad; });
  outputs_ = std::move (fewer);
}

void
Lane::remove (GstPad *pad)
{
  const auto kept = share (pad);
  gst_pad_set_active (pad, FALSE); // for the sink: waits until its streaming thread is out of here
  gst_element_remove_pad (GST_ELEMENT (bin_), pad);
  if (GST_PAD_IS_SINK (pad)) {
    {
      std::lock_guard lock{mutex_};
      sink_ = nullptr;
    }
    reset ();
  } else {
    drop_output (pad); // only now is its name free
    report (pad, nullptr);
    tell_decision (pad, "");
  }
}

gboolean
Lane::on_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  switch (GST_QUERY_TYPE (query)) {
    case GST_QUERY_CAPS:
      set_result (query, lane_of (pad).caps_wanted (pad));
      return TRUE;
    case GST_QUERY_ACCEPT_CAPS:
      return gst_pad_query_default (pad, parent, query);
    default:
      return FALSE; // allocation: the buffers may go several ways
  }
}

/** First what needs no conversion, so that upstream prefers it; then all that may come. */
Ref<GstCaps>
Lane::caps_wanted (GstPad *pad) const
{
  const auto all = adopt (gst_pad_get_pad_template_caps (pad));
  auto wanted = adopt (gst_caps_new_empty ());
  const auto outs = outputs ();
  for (const auto &out : *outs) {
    if (!gst_pad_is_linked (out.get ()))
      continue;
    const auto taken = adopt (gst_pad_peer_query_caps (out.get (), all.get ()));
    wanted = adopt (gst_caps_merge (wanted.release (), gst_caps_copy (taken.get ())));
  }
  return adopt (gst_caps_merge (wanted.release (), gst_caps_copy (all.get ())));
}

/** What a peer of @p pad may get: the input as it is, or the conversion. */
Ref<GstCaps>
Lane::caps_offered (GstPad *pad) const
{
  const auto all = adopt (gst_pad_get_pad_template_caps (pad));
  const auto from = sink ();
  auto offered = from ? adopt (gst_pad_peer_query_caps (from.get (), all.get ())) : all;
  return adopt (gst_caps_merge (offered.release (), converter_->makes (pad).release ()));
}

gboolean
Lane::on_output_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  auto &lane = lane_of (pad);
  if (GST_QUERY_TYPE (query) == GST_QUERY_CAPS) {
    set_result (query, lane.caps_offered (pad));
    return TRUE;
  }
  if (GST_QUERY_TYPE (query) == GST_QUERY_ACCEPT_CAPS)
    return gst_pad_query_default (pad, parent, query);
  auto source = mode (pad) == Mode::convert ? lane.converter_->tail (pad) : Ref<GstPad> ();
  if (!source)
    source = lane.sink ();
  if (source && gst_pad_peer_query (source.get (), query))
    return TRUE;
  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return FALSE;
  // A track that nobody publishes must not fail the latency of the whole pipeline.
  gst_query_set_latency (query, FALSE, 0, GST_CLOCK_TIME_NONE);
  return TRUE;
}

bool
Lane::is_live () const
{
  const auto from = sink ();
  const auto query = adopt (gst_query_new_latency ());
  gboolean live = FALSE;
  if (from && gst_pad_peer_query (from.get (), query.get ()))
    gst_query_parse_latency (query.get (), &live, nullptr, nullptr);
  return live;
}

gboolean
Lane::answer_feed_query (GstPad *pad, GstQuery *query) const
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_CAPS) {
    const auto caps = adopt (gst_pad_get_current_caps (pad));
    if (!caps)
      return FALSE;
    set_result (query, caps);
    return TRUE;
  }
  const auto from = sink ();
  return from && gst_pad_peer_query (from.get (), query);
}

gboolean
Lane::on_output_event (GstPad *pad, GstObject *, GstEvent *raw)
{
  auto event = adopt (raw);
  const auto type = GST_EVENT_TYPE (raw);
  // The core has flagged the pad already: the streaming thread asks the peer anew.
  if (type == GST_EVENT_RECONFIGURE) {
    set_wanted (pad, true); // the peer may be another now, which has not said anything
    return TRUE;
  }
  if (type == GST_EVENT_CUSTOM_UPSTREAM && gst_event_has_name (raw, "stagedoor-demand")) {
    gboolean wanted = TRUE;
    gst_structure_get_boolean (gst_event_get_structure (raw), "wanted", &wanted);
    set_wanted (pad, wanted);
    return TRUE; // for us only: there are others who want what upstream makes
  }
  // Lateness of one of our own encoders' viewers is no reason for the publisher to drop.
  if (type == GST_EVENT_QOS && mode (pad) != Mode::pass)
    return TRUE;
  auto to = lane_of (pad).sink ();
  if (mode (pad) == Mode::convert && gst_event_has_name (raw, "GstForceKeyUnit"))
    to = lane_of (pad).converter_->tail (pad); // our encoder can do that by itself
  return to && gst_pad_push_event (to.get (), event.release ());
}

std::shared_ptr<const Outputs>
Lane::outputs () const
{
  std::lock_guard lock{mutex_};
  return outputs_;
}

Ref<GstPad>
Lane::sink () const
{
  std::lock_guard lock{mutex_};
  return sink_;
}

} // namespace stagedoor::transcode
