// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/whep/sink.hpp"

#include <gst/video/video.h>

#include "gst-plugins/common/shared_service.hpp"

GST_DEBUG_CATEGORY_EXTERN (gst_stage_whep_sink_debug);
#define GST_CAT_DEFAULT gst_stage_whep_sink_debug

namespace stagedoor::whep {
namespace {

const char *
name_of (TrackIndex track)
{
  return track == video_track ? "video_0" : "audio_0";
}

} // namespace

Sink::Sink (GstElement *element, std::function<void ()> problem_changed)
    : element_ (element), problem_changed_ (std::move (problem_changed)), demand_ (element),
      end_ (element)
{
  for (auto &pad : pads_)
    pad.owner = this;
}

void
Sink::request_keyframe ()
{
  // On a thread of its own: elements upstream may take their time, and the webrtc thread may not.
  gst_element_call_async (
      element_,
      [] (GstElement *element, gpointer) {
        const auto pad = adopt (gst_element_get_static_pad (element, "video_0"));
        if (pad)
          gst_pad_push_event (pad.get (),
              gst_video_event_new_upstream_force_key_unit (GST_CLOCK_TIME_NONE, TRUE, 0));
      },
      nullptr, nullptr);
}

bool
Sink::open_port (const Settings &settings)
{
  const auto opened = service_for (element_, webrtc_port_context, settings.webrtc_address, [&] {
    return webrtc::Port::open (settings.webrtc_address, settings.public_address)
        .map ([] (const auto &port) -> AnyService { return port; });
  });
  if (!opened) {
    GST_ELEMENT_ERROR (element_, RESOURCE, OPEN_READ_WRITE, ("%s", opened.error ().c_str ()),
        ("webrtc-address=%s", settings.webrtc_address.c_str ()));
    return false;
  }
  port_ = std::static_pointer_cast<webrtc::Port> (*opened);
  reception_->set_feed (port_->new_feed (
      track_count,
      [this] (std::size_t track) {
        if (track == video_track)
          request_keyframe ();
      },
      [this] (bool watched) { demand_.set_watched (watched); }));
  return true;
}

bool
Sink::open_route (const Settings &settings)
{
  const auto opened = service_for (element_, http_server_context, settings.http_address, [&] {
    return http::Server::open (settings.http_address).map ([] (const auto &server) -> AnyService {
      return server;
    });
  });
  if (!opened) {
    GST_ELEMENT_ERROR (element_, RESOURCE, OPEN_READ_WRITE, ("%s", opened.error ().c_str ()),
        ("http-address=%s", settings.http_address.c_str ()));
    return false;
  }
  server_ = std::static_pointer_cast<http::Server> (*opened);
  endpoint_ = Endpoint::open (server_, settings.path, reception_);
  GST_INFO_OBJECT (
      element_, "serving %s on port %u", settings.path.c_str (), unsigned{server_->port ()});
  return true;
}

bool
Sink::check_path (const std::string &path)
{
  if (path.empty () || (path.starts_with ('/') && !path.ends_with ('/')))
    return true;
  GST_ELEMENT_ERROR (
      element_, RESOURCE, SETTINGS, ("'%s' is not a path such as /whep", path.c_str ()), (nullptr));
  return false;
}

bool
Sink::open ()
{
  Settings chosen;
  {
    const ObjectLock lock (element_);
    chosen = settings;
  }
  if (!check_path (chosen.path) || !open_port (chosen)
      || (!chosen.path.empty () && !open_route (chosen))) {
    close ();
    return false;
  }
  return true;
}

void
Sink::close ()
{
  reception_->set_feed (nullptr);
  demand_.set_watched (false);
  if (endpoint_ != nullptr)
    endpoint_->close ();
  endpoint_.reset ();
  server_.reset ();
  port_.reset ();
}

void
Sink::end_streams ()
{
  std::lock_guard tracks_lock (tracks_mutex_);
  for (auto &pad : pads_) {
    if (pad.track != nullptr)
      pad.track->end ();
    demand_.forget (name_of (index_of (pad)));
  }
  reception_->end_all ();
  end_.forget_all ();
}

void
Sink::report (TrackIndex track, const std::string &text)
{
  if (text.empty ())
    GST_INFO_OBJECT (element_, "the problem is solved");
  else
    GST_ELEMENT_WARNING (element_, STREAM, FORMAT, ("%s", text.c_str ()), (nullptr));
  auto *fields = gst_structure_new ("stagedoor-problem", "pad", G_TYPE_STRING, name_of (track),
      "text", G_TYPE_STRING, text.c_str (), nullptr);
  gst_element_post_message (element_, gst_message_new_element (GST_OBJECT (element_), fields));
  problem_changed_ ();
}

GstPad *
Sink::add_pad (GstPadTemplate *templ, const char *name)
{
  const bool video = g_str_has_prefix (templ->name_template, "video");
  const auto index = video ? video_track : audio_track;
  const char *only = name_of (index);
  auto &entry = pads_[index];
  {
    const ObjectLock lock (element_);
    if (entry.pad != nullptr || (name != nullptr && g_strcmp0 (name, only) != 0)) {
      GST_WARNING_OBJECT (element_, "%s: there is one pad for %s, %s", name != nullptr ? name : "?",
          video ? "video" : "audio", only);
      return nullptr;
    }
    entry.pad = gst_pad_new_from_template (templ, only);
  }
  {
    std::lock_guard lock (tracks_mutex_);
    entry.track = std::make_unique<Track> (
        *reception_, index, [this, index] (const std::string &text) { report (index, text); });
  }
  gst_pad_set_element_private (entry.pad, &entry);
  gst_pad_set_chain_function (entry.pad, chain);
  gst_pad_set_event_function (entry.pad, event);
  if (video) {
    gst_pad_set_query_function (entry.pad, query);
    GST_PAD_SET_ACCEPT_TEMPLATE (entry.pad); // what query() adds is in nobody's caps
  }
  gst_pad_set_active (entry.pad, TRUE);
  gst_element_add_pad (element_, entry.pad);
  return entry.pad;
}

void
Sink::remove_pad (GstPad *pad)
{
  auto &entry = *static_cast<Pad *> (gst_pad_get_element_private (pad));
  gst_pad_set_active (pad, FALSE); // waits for its streaming thread
  {
    std::lock_guard lock (tracks_mutex_);
    entry.track.reset ();
  }
  demand_.forget (name_of (index_of (entry)));
  end_.forget (pad);
  {
    const ObjectLock lock (element_);
    entry.pad = nullptr;
  }
  gst_element_remove_pad (element_, pad);
}

/** WebRTC has no B-frames. No caps say whether a stream has some, so this is for those who ask. */
gboolean
Sink::query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) != GST_QUERY_CAPS)
    return gst_pad_query_default (pad, parent, query);
  auto caps = adopt (gst_caps_make_writable (gst_pad_get_pad_template_caps (pad)));
  for (guint i = 0; i < gst_caps_get_size (caps.get ()); ++i) {
    auto *format = gst_caps_get_structure (caps.get (), i);
    if (gst_structure_has_name (format, "video/x-h264")
        || gst_structure_has_name (format, "video/x-h265"))
      gst_structure_set (format, "b-frames", G_TYPE_BOOLEAN, FALSE, nullptr);
  }
  GstCaps *filter = nullptr;
  gst_query_parse_caps (query, &filter);
  if (filter != nullptr)
    caps = adopt (gst_caps_intersect_full (filter, caps.get (), GST_CAPS_INTERSECT_FIRST));
  gst_query_set_caps_result (query, caps.get ());
  return TRUE;
}

GstFlowReturn
Sink::chain (GstPad *pad, GstObject *, GstBuffer *buffer)
{
  const auto owned = adopt (buffer);
  auto &entry = *static_cast<Pad *> (gst_pad_get_element_private (pad));
  return entry.track->push (buffer) ? GST_FLOW_OK : GST_FLOW_NOT_NEGOTIATED;
}

void
Sink::on_eos (Pad &pad, GstEvent *event)
{
  pad.track->end ();
  if (!end_.end (pad.pad, event))
    return;
  reception_->end_all ();
  end_.post ();
}

bool
Sink::on_event (Pad &pad, GstEvent *event)
{
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
    case GST_EVENT_FLUSH_STOP:
      if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP)
        pad.track->flush ();
      end_.begin (pad.pad);
      return true;
    case GST_EVENT_CAPS: {
      GstCaps *caps = nullptr;
      gst_event_parse_caps (event, &caps);
      if (!pad.track->set_caps (caps))
        return false;
      demand_.renew (name_of (index_of (pad)));
      return true;
    }
    case GST_EVENT_SEGMENT: {
      const GstSegment *segment = nullptr;
      gst_event_parse_segment (event, &segment);
      pad.track->set_segment (*segment);
      return segment->format == GST_FORMAT_TIME;
    }
    case GST_EVENT_EOS:
      on_eos (pad, event);
      return true;
    default:
      return true;
  }
}

gboolean
Sink::event (GstPad *pad, GstObject *, GstEvent *event)
{
  const auto owned = adopt (event);
  auto &entry = *static_cast<Pad *> (gst_pad_get_element_private (pad));
  return entry.owner->on_event (entry, event);
}

} // namespace stagedoor::whep
