// SPDX-License-Identifier: LGPL-2.1-or-later
// Pads and time of stagegatesrc.
#include "gst-plugins/gate/outputs.hpp"

#include <algorithm>

GST_DEBUG_CATEGORY_EXTERN (gst_stage_gate_src_debug);
#define GST_CAT_DEFAULT gst_stage_gate_src_debug

namespace stagedoor::gate {
namespace {

/** A second track that hasn't come by then isn't waited for by no-more-pads. */
constexpr GstClockTimeDiff second_track_time = 2 * GST_SECOND;
/** More lateness than this is taken for a break, not for jitter. */
constexpr GstClockTimeDiff most_latency = 2 * GST_SECOND;
constexpr GstClockTimeDiff late_tolerance = 20 * GST_MSECOND;
constexpr GstClockTimeDiff early_tolerance = 50 * GST_MSECOND;
/** Whether all comes late after a silence has to be known sooner: what a network held back comes at
 * once, and in time again then; what an encoder that stood still sends is late for good. */
constexpr GstClockTimeDiff window_after_silence = 1 * GST_SECOND;
/** Nothing comes of a track that has been silent for so long while the other one wasn't. */
constexpr GstClockTimeDiff longest_pause = 1 * GST_SECOND;
/** Of what is said about that. */
constexpr GstClockTimeDiff shortest_gap = 500 * GST_MSECOND;
/** Small enough that frames stay in order when time is taken back. */
constexpr GstClockTimeDiff step_back = 5 * GST_MSECOND;

const char *
name_of (Track track)
{
  return track == Track::video ? "video" : "audio";
}

gboolean
on_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return gst_pad_query_default (pad, parent, query);
  const auto *outputs = static_cast<const Outputs *> (gst_pad_get_element_private (pad));
  gst_query_set_latency (query, TRUE, outputs->latency (), GST_CLOCK_TIME_NONE);
  return TRUE;
}

/** A publisher can be asked for a key frame by some protocols, and for nothing else. */
gboolean
on_event (GstPad *pad, GstObject *, GstEvent *event)
{
  if (gst_event_has_name (event, "GstForceKeyUnit"))
    static_cast<const Outputs *> (gst_pad_get_element_private (pad))->want_key_frame ();
  const bool taken = GST_EVENT_TYPE (event) != GST_EVENT_SEEK;
  gst_event_unref (event);
  return taken;
}

} // namespace

void
Outputs::add_pad (Track track)
{
  const auto *name = name_of (track);
  auto *templ = gst_element_class_get_pad_template (GST_ELEMENT_GET_CLASS (element_), name);
  auto &output = tracks_[track == Track::video ? 0 : 1];
  output.pad = Ref<GstPad>::sink (gst_pad_new_from_template (templ, name));
  output.lost = true;
  GstPad *pad = output.pad.get ();
  gst_pad_set_element_private (pad, this);
  gst_pad_set_query_function (pad, on_query);
  gst_pad_set_event_function (pad, on_event);
  gst_pad_use_fixed_caps (pad);
  gst_pad_set_active (pad, TRUE);
  if (combiner_ == nullptr) {
    combiner_ = gst_flow_combiner_new ();
    group_id_ = gst_util_group_id_next ();
  }
  const String id (gst_pad_create_stream_id (pad, element_, name));
  GstEvent *start = gst_event_new_stream_start (id.get ());
  gst_event_set_group_id (start, group_id_);
  gst_pad_push_event (pad, start);
  gst_flow_combiner_add_pad (combiner_, pad);
}

void
Outputs::push_event (GstEvent *event)
{
  for (const auto &output : tracks_)
    if (output.pad)
      gst_pad_push_event (output.pad.get (), gst_event_ref (event));
  gst_event_unref (event);
}

void
Outputs::interrupt (const std::string &why)
{
  push_event (gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
      gst_structure_new ("stagedoor-interrupted", "why", G_TYPE_STRING, why.c_str (), nullptr)));
}

void
Outputs::resume ()
{
  push_event (gst_event_new_custom (
      GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new_empty ("stagedoor-resumed")));
  window_ = {.length = window_after_silence};
  for (auto &output : tracks_) {
    output.lost = true;
    output.heard = GST_CLOCK_STIME_NONE;
  }
}

GstFlowReturn
Outputs::push (const TrackCaps &caps)
{
  auto &output = tracks_[caps.track == Track::video ? 0 : 1];
  const bool is_new = !output.pad;
  if (is_new)
    add_pad (caps.track);
  if (output.caps && gst_caps_is_equal (output.caps.get (), caps.caps.get ()))
    return GST_FLOW_OK;
  output.caps = caps.caps;
  gst_pad_push_event (output.pad.get (), gst_event_new_caps (caps.caps.get ()));
  if (!is_new)
    return GST_FLOW_OK;
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (output.pad.get (), gst_event_new_segment (&segment));
  gst_element_add_pad (element_, output.pad.get ());
  return GST_FLOW_OK;
}

GstFlowReturn
Outputs::push (Frame frame)
{
  auto &output = tracks_[frame.track == Track::video ? 0 : 1];
  restamp (output, frame);
  fill (tracks_[frame.track == Track::video ? 1 : 0], output);
  const auto at = output.last;
  const auto flow = gst_flow_combiner_update_pad_flow (
      combiner_, output.pad.get (), gst_pad_push (output.pad.get (), frame.buffer.release ()));
  say_no_more_pads (at);
  // A pad that comes later may be the one that is linked.
  return flow == GST_FLOW_NOT_LINKED && !no_more_pads_ ? GST_FLOW_OK : flow;
}

void
Outputs::say_no_more_pads (GstClockTimeDiff at)
{
  const bool both = tracks_[0].pad && tracks_[1].pad;
  if (no_more_pads_ || (!both && at - first_ < second_track_time))
    return;
  no_more_pads_ = true;
  gst_element_no_more_pads (element_);
}

GstClockTimeDiff
Outputs::running_time_of (std::chrono::steady_clock::time_point then) const
{
  const auto age = std::chrono::nanoseconds (std::chrono::steady_clock::now () - then).count ();
  const auto clock = adopt (gst_element_get_clock (element_));
  if (!clock)
    return GST_CLOCK_STIME_NONE;
  return GST_CLOCK_DIFF (gst_element_get_base_time (element_), gst_clock_get_time (clock.get ()))
         - age;
}

/** The first frame of a publication is at the running time of its arrival, the others follow by
 * the publisher's clock. */
void
Outputs::restamp (TrackOutput &output, const Frame &frame)
{
  GstBuffer *buffer = frame.buffer.get ();
  const auto theirs = static_cast<GstClockTimeDiff> (GST_BUFFER_DTS_OR_PTS (buffer));
  const auto arrived = running_time_of (frame.arrived);
  if (!has_offset_) {
    const auto before = std::max (tracks_[0].last, tracks_[1].last);
    const auto start = GST_CLOCK_STIME_IS_VALID (arrived) ? std::max (arrived, before) : before;
    if (!no_more_pads_)
      first_ = start;
    offset_ = start - theirs;
    has_offset_ = true;
    window_ = {};
  }
  output.heard = arrived;
  if (GST_CLOCK_STIME_IS_VALID (arrived))
    follow_clock (arrived, theirs + offset_);
  const auto stamp = [this, &output] (GstClockTime time) {
    return static_cast<GstClockTime> (
        std::max (static_cast<GstClockTimeDiff> (time) + offset_, output.last));
  };
  if (GST_BUFFER_DTS_IS_VALID (buffer)) {
    const auto reordering = GST_BUFFER_PTS (buffer) - GST_BUFFER_DTS (buffer);
    GST_BUFFER_DTS (buffer) = stamp (GST_BUFFER_DTS (buffer));
    GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) + reordering;
  } else {
    GST_BUFFER_PTS (buffer) = stamp (GST_BUFFER_PTS (buffer));
  }
  output.last = static_cast<GstClockTimeDiff> (GST_BUFFER_DTS_OR_PTS (buffer));
  if (std::exchange (output.lost, false))
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
}

/** A publisher may come back without a track that it had. Whoever waits for both must not wait. */
void
Outputs::fill (TrackOutput &silent, const TrackOutput &heard)
{
  if (!silent.pad || !GST_CLOCK_STIME_IS_VALID (heard.heard))
    return;
  if (!GST_CLOCK_STIME_IS_VALID (silent.heard))
    silent.heard = heard.heard;
  const auto from = std::max (silent.last, silent.told);
  if (heard.heard - silent.heard < longest_pause || heard.last - from < shortest_gap)
    return;
  silent.told = heard.last;
  gst_pad_push_event (silent.pad.get (), gst_event_new_gap (static_cast<GstClockTime> (from),
                                             static_cast<GstClockTime> (silent.told - from)));
}

/** Nothing may come later than the latency that sinks were told of; and the publisher's clock isn't
 * ours, nor does it stop when the publisher does. */
void
Outputs::follow_clock (GstClockTimeDiff arrived, GstClockTimeDiff stamped)
{
  const auto late = arrived - stamped;
  if (!GST_CLOCK_STIME_IS_VALID (window_.since))
    window_ = {arrived, late, late, window_.length};
  window_.least = std::min (window_.least, late);
  window_.most = std::max (window_.most, late);
  if (late > static_cast<GstClockTimeDiff> (latency_.load ()))
    raise_latency (late);
  if (arrived - window_.since < window_.length)
    return;
  correct_offset ();
  window_ = {};
}

void
Outputs::correct_offset ()
{
  if (window_.least > late_tolerance) {
    GST_INFO_OBJECT (
        element_, "all came late by %" GST_STIME_FORMAT, GST_STIME_ARGS (window_.least));
    offset_ += window_.least;
    for (auto &output : tracks_)
      output.lost = output.lost || window_.least > most_latency;
  } else if (window_.most < -early_tolerance) {
    offset_ -= step_back;
  }
}

void
Outputs::raise_latency (GstClockTimeDiff late)
{
  const auto wanted = static_cast<GstClockTime> (std::min (late + late / 4, most_latency));
  if (wanted <= latency_)
    return;
  latency_ = wanted;
  GST_INFO_OBJECT (element_, "latency is %" GST_TIME_FORMAT " now", GST_TIME_ARGS (wanted));
  gst_element_post_message (element_, gst_message_new_latency (GST_OBJECT (element_)));
}

void
Outputs::push_eos ()
{
  for (const auto &output : tracks_)
    if (output.pad)
      gst_pad_push_event (output.pad.get (), gst_event_new_eos ());
}

void
Outputs::reset ()
{
  for (auto &output : tracks_) {
    if (output.pad) {
      gst_pad_set_active (output.pad.get (), FALSE);
      gst_element_remove_pad (element_, output.pad.get ());
    }
    output = {};
  }
  g_clear_pointer (&combiner_, gst_flow_combiner_free);
  no_more_pads_ = has_offset_ = false;
  window_ = {};
  latency_ = least_latency;
}

} // namespace stagedoor::gate
