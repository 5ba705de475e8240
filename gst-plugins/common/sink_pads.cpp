// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/sink_pads.hpp"

#include <algorithm>

namespace stagedoor {
namespace {

struct Latency
{
  gboolean live = FALSE;
  GstClockTime least = 0, most = GST_CLOCK_TIME_NONE;
};

void
add (Latency &all, GstPad *pad)
{
  const auto query = adopt (gst_query_new_latency ());
  if (!gst_pad_peer_query (pad, query.get ()))
    return;
  Latency one;
  gst_query_parse_latency (query.get (), &one.live, &one.least, &one.most);
  if (!one.live)
    return;
  all.live = TRUE;
  all.least = std::max (all.least, one.least);
  all.most = std::min (all.most, one.most);
}

} // namespace

void
query_latency_of_pads (GstElement *element, GstQuery *query)
{
  Latency all;
  gst_element_foreach_sink_pad (
      element,
      [] (GstElement *, GstPad *pad, gpointer latency) -> gboolean {
        add (*static_cast<Latency *> (latency), pad);
        return TRUE;
      },
      &all);
  gst_query_set_latency (query, all.live, all.least, all.most);
}

bool
send_event_to_pads (GstElement *element, GstEvent *event)
{
  const auto owned = adopt (event);
  return gst_element_foreach_sink_pad (
      element,
      [] (GstElement *, GstPad *pad, gpointer e) -> gboolean {
        gst_pad_push_event (pad, gst_event_ref (static_cast<GstEvent *> (e)));
        return TRUE;
      },
      event);
}

void
StreamEnd::begin (GstPad *pad)
{
  const ObjectLock lock (element_);
  ended_[pad] = false;
  seqnum_ = 0;
}

bool
StreamEnd::end (GstPad *pad, GstEvent *eos)
{
  const ObjectLock lock (element_);
  if (const auto known = ended_.find (pad); known != ended_.end ())
    known->second = true;
  if (!std::ranges::all_of (ended_, [] (const auto &entry) { return entry.second; }))
    return false;
  seqnum_ = gst_event_get_seqnum (eos);
  return true;
}

void
StreamEnd::forget (GstPad *pad)
{
  const ObjectLock lock (element_);
  ended_.erase (pad);
}

void
StreamEnd::forget_all ()
{
  const ObjectLock lock (element_);
  ended_.clear ();
  seqnum_ = 0;
}

void
StreamEnd::set_playing (bool playing)
{
  {
    const ObjectLock lock (element_);
    playing_ = playing;
  }
  post ();
}

void
StreamEnd::post ()
{
  guint32 seqnum;
  {
    const ObjectLock lock (element_);
    seqnum = playing_ ? seqnum_ : 0;
  }
  if (seqnum == 0)
    return;
  auto *message = gst_message_new_eos (GST_OBJECT (element_));
  gst_message_set_seqnum (message, seqnum);
  gst_element_post_message (element_, message);
}

} // namespace stagedoor
