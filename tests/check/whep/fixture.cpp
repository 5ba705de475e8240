// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/check/whep/fixture.hpp"

#include <gst/video/video.h>

#include <chrono>
#include <thread>

namespace stagedoor::test {

void
wait_for (const std::function<bool ()> &condition)
{
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now () + std::chrono::seconds (15);
  while (!condition ()) {
    ck_assert_msg (Clock::now () < deadline, "what was waited for hasn't happened");
    std::this_thread::sleep_for (std::chrono::milliseconds (2));
  }
}

Bytes
nal (std::uint8_t header, std::size_t size, unsigned seed)
{
  Bytes out{header};
  for (std::size_t i = 0; i < size; ++i) {
    seed = seed * 1664525 + 1013904223;
    out.push_back (static_cast<std::uint8_t> (seed >> 24 | 1)); // no start codes within
  }
  return out;
}

const std::vector<Bytes> &
parameter_sets ()
{
  static const std::vector<Bytes> sets{
      {0x67, 0x42, 0xc0, 0x1f, 0x8c, 0x8d, 0x40}, {0x68, 0xce, 0x3c, 0x80 | 1}};
  return sets;
}

Bytes
access_unit (const std::vector<Bytes> &nals)
{
  Bytes out;
  for (const auto &unit : nals) {
    out.insert (out.end (), {0, 0, 0, 1});
    out.insert (out.end (), unit.begin (), unit.end ());
  }
  return out;
}

Bytes
length_prefixed (const std::vector<Bytes> &nals)
{
  Bytes out;
  Writer writer (out);
  for (const auto &unit : nals) {
    writer.u32 (static_cast<std::uint32_t> (unit.size ()));
    writer.bytes (unit);
  }
  return out;
}

Ref<GstBuffer>
avc_codec_data ()
{
  const auto &sets = parameter_sets ();
  Bytes out{1, sets[0][1], sets[0][2], sets[0][3], 0xff, 0xe1};
  Writer writer (out);
  writer.u16 (static_cast<std::uint16_t> (sets[0].size ()));
  writer.bytes (sets[0]);
  writer.u8 (1);
  writer.u16 (static_cast<std::uint16_t> (sets[1].size ()));
  writer.bytes (sets[1]);
  return adopt (gst_buffer_new_memdup (out.data (), out.size ()));
}

Sink::Sink (const std::string &properties, bool playing)
    : http_ (*http::Server::open ("127.0.0.1:0")), port_ (*webrtc::Port::open ("127.0.0.1:0")),
      element_ (Ref<GstElement>::sink (
          gst_parse_launch (("stagewhepsink " + properties).c_str (), nullptr))),
      bus_ (adopt (gst_bus_new ()))
{
  ck_assert (element_);
  gst_element_set_bus (element (), bus_.get ());
  const auto http_address = "127.0.0.1:" + std::to_string (http_port ());
  g_object_set (element (), "http-address", http_address.c_str (), "webrtc-address",
      port_->address ().c_str (), nullptr);
  if (playing)
    set_state (GST_STATE_PLAYING);
}

Sink::~Sink ()
{
  set_state (GST_STATE_NULL);
  gst_element_set_bus (element (), nullptr);
}

void
Sink::set_state (GstState state)
{
  ck_assert_int_eq (gst_element_set_state (element (), state), GST_STATE_CHANGE_SUCCESS);
}

std::uint64_t
Sink::stat (const char *name) const
{
  GstStructure *raw = nullptr;
  g_object_get (element (), "stats", &raw, nullptr);
  const Structure stats (raw);
  guint64 out = 0;
  ck_assert (gst_structure_get_uint64 (stats.get (), name, &out));
  return out;
}

guint
Sink::viewers () const
{
  guint out = 0;
  g_object_get (element (), "viewers", &out, nullptr);
  return out;
}

std::string
Sink::problem () const
{
  gchar *raw = nullptr;
  g_object_get (element (), "problem", &raw, nullptr);
  const String text (raw);
  return text ? text.get () : "";
}

Ref<GstMessage>
Sink::message (GstMessageType type)
{
  auto out = adopt (gst_bus_timed_pop_filtered (bus_.get (), 15 * GST_SECOND, type));
  ck_assert (out);
  return out;
}

bool
Sink::has_message (GstMessageType type)
{
  return bool (adopt (gst_bus_pop_filtered (bus_.get (), type)));
}

struct Source::Upstream
{
  std::mutex mutex;
  int keyframe_requests = 0; // protected by mutex
  std::vector<bool> demands; // protected by mutex

  Upstream () { std::lock_guard lock (mutex); } // for TSan, which doesn't see GLib's locks
};

Source::Source (Sink &sink, const char *pad_name)
    : sink_ (sink), pad_ (Ref<GstPad>::sink (gst_pad_new ("src", GST_PAD_SRC))),
      peer_ (adopt (gst_element_request_pad_simple (sink.element (), pad_name)))
{
  ck_assert (peer_);
  gst_pad_set_event_function_full (pad_.get (), on_event, new Upstream, [] (gpointer data) {
    auto *upstream = static_cast<Upstream *> (data);
    upstream->mutex.lock (); // whoever was in on_event() is done
    upstream->mutex.unlock ();
    delete upstream;
  });
  gst_pad_set_query_function (pad_.get (), on_query);
  gst_pad_set_active (pad_.get (), TRUE);
  ck_assert_int_eq (gst_pad_link (pad_.get (), peer_.get ()), GST_PAD_LINK_OK);
}

Source::~Source ()
{
  gst_pad_unlink (pad_.get (), peer_.get ());
  gst_pad_set_active (pad_.get (), FALSE);
  gst_element_release_request_pad (sink_.element (), peer_.get ());
}

Source::Upstream &
Source::upstream () const
{
  return *static_cast<Upstream *> (GST_PAD_CAST (pad_.get ())->eventdata);
}

gboolean
Source::on_event (GstPad *pad, GstObject *, GstEvent *event)
{
  const auto owned = adopt (event);
  auto &upstream = *static_cast<Upstream *> (pad->eventdata);
  std::lock_guard lock (upstream.mutex);
  upstream.keyframe_requests += gst_video_event_is_force_key_unit (event);
  gboolean wanted = FALSE;
  if (GST_EVENT_TYPE (event) == GST_EVENT_CUSTOM_UPSTREAM
      && gst_event_has_name (event, "stagedoor-demand")
      && gst_structure_get_boolean (gst_event_get_structure (event), "wanted", &wanted))
    upstream.demands.push_back (wanted);
  return TRUE;
}

int
Source::keyframe_requests () const
{
  std::lock_guard lock (upstream ().mutex);
  return upstream ().keyframe_requests;
}

std::vector<bool>
Source::demands () const
{
  std::lock_guard lock (upstream ().mutex);
  return upstream ().demands;
}

gboolean
Source::on_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return gst_pad_query_default (pad, parent, query);
  gst_query_set_latency (query, TRUE, 20 * GST_MSECOND, 500 * GST_MSECOND);
  return TRUE;
}

bool
Source::start (const std::string &text, const Ref<GstBuffer> &codec_data)
{
  const auto caps = adopt (gst_caps_from_string (text.c_str ()));
  if (codec_data)
    gst_caps_set_simple (caps.get (), "codec_data", GST_TYPE_BUFFER, codec_data.get (), nullptr);
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  return event (gst_event_new_stream_start ("test")) && event (gst_event_new_caps (caps.get ()))
         && event (gst_event_new_segment (&segment));
}

GstFlowReturn
Source::push (const Bytes &bytes, GstClockTime pts, bool keyframe)
{
  GstBuffer *buffer = gst_buffer_new_allocate (nullptr, bytes.size (), nullptr);
  gst_buffer_fill (buffer, 0, bytes.data (), bytes.size ());
  GST_BUFFER_PTS (buffer) = pts;
  if (!keyframe)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  return gst_pad_push (pad_.get (), buffer);
}

const std::vector<Bytes> &
Video::push_nals (std::vector<Bytes> nals, bool keyframe)
{
  nals_ = std::move (nals);
  ck_assert_int_eq (push (access_unit (nals_), time, keyframe), GST_FLOW_OK);
  time += GST_SECOND / 30;
  return nals_;
}

const std::vector<Bytes> &
Video::keyframe (std::size_t size)
{
  auto nals = parameter_sets ();
  nals.push_back (nal (0x65, size, ++count_));
  return push_nals (std::move (nals), true);
}

const std::vector<Bytes> &
Video::frame (std::size_t size)
{
  return push_nals ({nal (0x41, size, ++count_)}, false);
}

Bytes
Audio::packet ()
{
  auto bytes = nal (0xfc, 100, ++count_); // CELT, 20 ms, one frame
  ck_assert_int_eq (push (bytes, time, true), GST_FLOW_OK);
  time += 20 * GST_MSECOND;
  return bytes;
}

} // namespace stagedoor::test
