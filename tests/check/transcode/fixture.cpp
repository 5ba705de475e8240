// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/check/transcode/fixture.hpp"

#include <algorithm>
#include <utility>

namespace stagedoor::test {

namespace {

GstClockTime
sum_of (const std::vector<Ref<GstBuffer>> &buffers)
{
  GstClockTime sum = 0;
  for (const auto &buffer : buffers)
    sum += GST_BUFFER_DURATION_IS_VALID (buffer.get ()) ? GST_BUFFER_DURATION (buffer.get ()) : 0;
  return sum;
}

void
keep (GstElement *, GstBuffer *buffer, GstPad *pad, Track *track)
{
  if (!track->caps)
    track->caps = adopt (gst_pad_get_current_caps (pad));
  track->buffers.push_back (share (buffer));
}

template <class T>
T *
owner_of (GstPad *pad)
{
  return static_cast<T *> (gst_pad_get_element_private (pad));
}

} // namespace

GstClockTime
Track::duration () const
{
  return sum_of (buffers);
}

Track
record (const std::string &launch)
{
  Track track;
  GError *raw = nullptr;
  const auto pipeline = Ref<GstElement>::sink (gst_parse_launch (
      (launch + " ! fakesink name=out signal-handoffs=true sync=false").c_str (), &raw));
  const Error error (raw);
  ck_assert_msg (pipeline && !error, "%s", error ? error->message : launch.c_str ());
  const auto out = adopt (gst_bin_get_by_name (GST_BIN (pipeline.get ()), "out"));
  g_signal_connect (out.get (), "handoff", G_CALLBACK (keep), &track);
  const auto bus = adopt (gst_element_get_bus (pipeline.get ()));
  gst_element_set_state (pipeline.get (), GST_STATE_PLAYING);
  const auto message = adopt (gst_bus_timed_pop_filtered (bus.get (), GST_CLOCK_TIME_NONE,
      static_cast<GstMessageType> (GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
  ck_assert_int_eq (GST_MESSAGE_TYPE (message.get ()), GST_MESSAGE_EOS);
  gst_element_set_state (pipeline.get (), GST_STATE_NULL);
  ck_assert (!track.buffers.empty ());
  return track;
}

Track
record_aac (int seconds, int rate, int channels)
{
  auto track = record (
      "audiotestsrc samplesperbuffer=1024 num-buffers=" + std::to_string (seconds * rate / 1024 + 1)
      + " ! audio/x-raw,rate=" + std::to_string (rate) + ",channels=" + std::to_string (channels)
      + " ! audioconvert ! avenc_aac");
  track.caps = adopt (gst_caps_make_writable (track.caps.release ()));
  gst_caps_set_simple (track.caps.get (), "framed", G_TYPE_BOOLEAN, TRUE, nullptr);
  return track;
}

Track
record_h264 (int frames)
{
  return record ("videotestsrc num-buffers=" + std::to_string (frames)
                 + " ! video/x-raw,width=64,height=64,framerate=30/1 ! x264enc tune=zerolatency ! "
                   "video/x-h264,stream-format=avc");
}

Peer::Peer (const std::string &caps)
    : pad_ (Ref<GstPad>::sink (gst_pad_new ("peer", GST_PAD_SINK))), caps_ (caps)
{
  gst_pad_set_element_private (pad_.get (), this);
  gst_pad_set_chain_function (pad_.get (), on_buffer);
  gst_pad_set_event_function (pad_.get (), on_event);
  gst_pad_set_query_function (pad_.get (), on_query);
  GST_PAD_SET_ACCEPT_INTERSECT (pad_.get ());
  gst_pad_set_active (pad_.get (), TRUE);
}

Peer::~Peer ()
{
  unlink ();
  gst_pad_set_active (pad_.get (), FALSE);
}

void
Peer::link (GstPad *source)
{
  ck_assert_int_eq (gst_pad_link (source, pad_.get ()), GST_PAD_LINK_OK);
}

void
Peer::unlink ()
{
  if (const auto source = adopt (gst_pad_get_peer (pad_.get ())))
    gst_pad_unlink (source.get (), pad_.get ());
}

void
Peer::set_caps (const std::string &caps)
{
  {
    std::lock_guard lock (mutex_);
    caps_ = caps;
  }
  gst_pad_push_event (pad_.get (), gst_event_new_reconfigure ());
}

void
Peer::demand (bool wanted)
{
  ck_assert (gst_pad_push_event (pad_.get (),
      gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
          gst_structure_new ("stagedoor-demand", "wanted", G_TYPE_BOOLEAN, wanted, nullptr))));
}

void
Peer::set_flow (GstFlowReturn flow)
{
  std::lock_guard lock (mutex_);
  flow_ = flow;
}

std::vector<Ref<GstBuffer>>
Peer::buffers () const
{
  std::lock_guard lock (mutex_);
  return buffers_;
}

void
Peer::wait_for (std::size_t count)
{
  std::unique_lock lock (mutex_);
  ck_assert (changed_.wait_for (
      lock, std::chrono::seconds (20), [&] { return buffers_.size () >= count; }));
}

void
Peer::wait_for_eos ()
{
  std::unique_lock lock (mutex_);
  ck_assert (changed_.wait_for (lock, std::chrono::seconds (20),
      [this] { return std::ranges::find (events_, GST_EVENT_EOS) != events_.end (); }));
}

GstClockTime
Peer::duration () const
{
  return sum_of (buffers ());
}

std::string
Peer::media_type () const
{
  const auto caps = adopt (gst_pad_get_current_caps (pad_.get ()));
  return caps ? gst_structure_get_name (gst_caps_get_structure (caps.get (), 0)) : "";
}

int
Peer::saw (GstEventType type) const
{
  std::lock_guard lock (mutex_);
  return static_cast<int> (std::count (events_.begin (), events_.end (), type));
}

void
Peer::clear ()
{
  std::lock_guard lock (mutex_);
  buffers_.clear ();
  events_.clear ();
}

GstFlowReturn
Peer::on_buffer (GstPad *pad, GstObject *, GstBuffer *buffer)
{
  auto &self = *owner_of<Peer> (pad);
  std::lock_guard lock (self.mutex_);
  self.buffers_.push_back (adopt (buffer));
  self.changed_.notify_all ();
  return self.flow_;
}

gboolean
Peer::on_event (GstPad *pad, GstObject *, GstEvent *event)
{
  auto &self = *owner_of<Peer> (pad);
  std::lock_guard lock (self.mutex_);
  self.events_.push_back (GST_EVENT_TYPE (event));
  self.changed_.notify_all ();
  gst_event_unref (event);
  return TRUE;
}

gboolean
Peer::on_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) != GST_QUERY_CAPS)
    return gst_pad_query_default (pad, parent, query);
  auto &self = *owner_of<Peer> (pad);
  std::lock_guard lock (self.mutex_);
  const auto caps = adopt (gst_caps_from_string (self.caps_.c_str ()));
  GstCaps *filter = nullptr;
  gst_query_parse_caps (query, &filter);
  const auto result = filter ? adopt (gst_caps_intersect (caps.get (), filter)) : caps;
  gst_query_set_caps_result (query, result.get ());
  return TRUE;
}

Feed::Feed (GstElement *element, const char *pad_name, bool live)
    : live_ (live), pad_ (Ref<GstPad>::sink (gst_pad_new (pad_name, GST_PAD_SRC))),
      sink_ (adopt (gst_element_request_pad_simple (element, pad_name)))
{
  gst_pad_set_element_private (pad_.get (), this);
  gst_pad_set_event_function (pad_.get (), on_event);
  gst_pad_set_query_function (pad_.get (), on_query);
  gst_pad_set_active (pad_.get (), TRUE);
  ck_assert (sink_);
  ck_assert_int_eq (gst_pad_link (pad_.get (), sink_.get ()), GST_PAD_LINK_OK);
}

Feed::~Feed ()
{
  gst_pad_unlink (pad_.get (), sink_.get ());
  gst_pad_set_active (pad_.get (), FALSE);
}

void
Feed::start (GstCaps *caps)
{
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  push (gst_event_new_stream_start (GST_PAD_NAME (pad_.get ())));
  push (gst_event_new_caps (caps));
  push (gst_event_new_segment (&segment));
}

GstFlowReturn
Feed::push (const Ref<GstBuffer> &buffer)
{
  return gst_pad_push (pad_.get (), Ref<GstBuffer> (buffer).release ());
}

GstFlowReturn
Feed::push (const Track &track)
{
  const auto current = adopt (gst_pad_get_current_caps (pad_.get ()));
  if (!current || !gst_caps_is_equal (current.get (), track.caps.get ()))
    start (track.caps.get ());
  GstFlowReturn flow = GST_FLOW_OK;
  for (const auto &buffer : track.buffers)
    if (flow == GST_FLOW_OK)
      flow = push (buffer);
  return flow;
}

int
Feed::saw (GstEventType type) const
{
  std::lock_guard lock (mutex_);
  return static_cast<int> (std::count (events_.begin (), events_.end (), type));
}

gboolean
Feed::on_event (GstPad *pad, GstObject *, GstEvent *event)
{
  auto &self = *owner_of<Feed> (pad);
  std::lock_guard lock (self.mutex_);
  self.events_.push_back (GST_EVENT_TYPE (event));
  gst_event_unref (event);
  return TRUE;
}

/** A source with 5 ms of latency. */
gboolean
Feed::on_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return gst_pad_query_default (pad, parent, query);
  gst_query_set_latency (query, owner_of<Feed> (pad)->live_, 5 * GST_MSECOND, GST_CLOCK_TIME_NONE);
  return TRUE;
}

Transcoder::Transcoder ()
    : element_ (Ref<GstElement>::sink (gst_element_factory_make ("stagetranscodebin", nullptr))),
      bus_ (adopt (gst_bus_new ()))
{
  ck_assert (element_);
  gst_element_set_bus (element (), bus_.get ());
  gst_element_set_state (element (), GST_STATE_PLAYING);
}

Transcoder::~Transcoder ()
{
  gst_element_set_state (element (), GST_STATE_NULL);
  gst_element_set_bus (element (), nullptr);
}

Ref<GstPad>
Transcoder::request (const char *name)
{
  auto pad = adopt (gst_element_request_pad_simple (element (), name));
  ck_assert (pad);
  return pad;
}

void
Transcoder::collect ()
{
  while (const auto message = adopt (gst_bus_pop (bus_.get ()))) {
    const auto *fields = gst_message_get_structure (message.get ());
    errors_ += GST_MESSAGE_TYPE (message.get ()) == GST_MESSAGE_ERROR;
    if (GST_MESSAGE_TYPE (message.get ()) != GST_MESSAGE_ELEMENT
        || !gst_structure_has_name (fields, "stagedoor-problem"))
      continue;
    const char *pad = gst_structure_get_string (fields, "pad");
    const char *text = gst_structure_get_string (fields, "text");
    ck_assert (pad && text);
    problems_.push_back (std::string (pad) + ": " + text);
  }
}

std::vector<std::string>
Transcoder::problems ()
{
  collect ();
  return std::exchange (problems_, {});
}

std::size_t
Transcoder::errors ()
{
  collect ();
  return std::exchange (errors_, 0);
}

std::size_t
Transcoder::children () const
{
  return static_cast<std::size_t> (GST_BIN_NUMCHILDREN (element ()));
}

std::string
decision_of (GstPad *pad)
{
  gchar *text = nullptr;
  g_object_get (pad, "decision", &text, nullptr);
  const String owned (text);
  return text ? text : "";
}

std::string
problem_of (GstPad *pad)
{
  gchar *text = nullptr;
  g_object_get (pad, "problem", &text, nullptr);
  const String owned (text);
  return text ? text : "";
}

GstClockTimeDiff
distance (GstClockTime a, GstClockTime b)
{
  return ABS (GST_CLOCK_DIFF (a, b));
}

void
Converting::expect_opus (GstClockTime duration, GstClockTimeDiff tolerance)
{
  assert_text (peer.media_type (), opus);
  ck_assert_int_le (distance (peer.duration (), duration), tolerance);
  ck_assert_uint_eq (transcoder.problems ().size (), 0);
  ck_assert_uint_eq (transcoder.errors (), 0);
}

} // namespace stagedoor::test
