// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/hls/sink.hpp"

#include <algorithm>

#include "gst-plugins/common/key_settings.hpp"
#include "gst-plugins/common/shared_service.hpp"

GST_DEBUG_CATEGORY_EXTERN (gst_stage_hls_sink_debug);
#define GST_CAT_DEFAULT gst_stage_hls_sink_debug

namespace stagedoor::hlssink {

Sink::Sink (GstElement *element, std::function<void ()> problem_changed)
    : element_ (element), problem_changed_ (std::move (problem_changed)),
      presentation_ (std::make_shared<Presentation> ([this] { return running_time (); })),
      demand_ (element), end_ (element)
{
}

Sink::~Sink () = default;

std::optional<hls::Duration>
Sink::running_time () const
{
  const auto clock = adopt (gst_element_get_clock (element_));
  if (!clock)
    return std::nullopt;
  return hls::Duration (
      GST_CLOCK_DIFF (gst_element_get_base_time (element_), gst_clock_get_time (clock.get ())));
}

bool
Sink::fail (GstResourceError code, const std::string &text)
{
  gst_element_message_full (element_, GST_MESSAGE_ERROR, GST_RESOURCE_ERROR, code,
      g_strdup (text.c_str ()), nullptr, __FILE__, GST_FUNCTION, __LINE__);
  return false;
}

bool
Sink::open_route (const Settings &chosen)
{
  auto verifier = verifier_of ({.key_file = chosen.key_file, .keys = chosen.keys});
  if (!verifier)
    return fail (GST_RESOURCE_ERROR_SETTINGS, verifier.error ());
  auto access = Access::open (std::move (*verifier), chosen.path);
  if (!access)
    return fail (GST_RESOURCE_ERROR_SETTINGS,
        "keys are for a stream: with them the path has to end in /APP/STREAM");
  const auto opened = service_for (element_, http_server_context, chosen.http_address, [&] {
    return http::Server::open (chosen.http_address).map ([] (const auto &server) -> AnyService {
      return server;
    });
  });
  if (!opened)
    return fail (GST_RESOURCE_ERROR_OPEN_READ_WRITE, opened.error ());
  server_ = std::static_pointer_cast<http::Server> (*opened);
  auto endpoint = Endpoint::open (server_, {.path = chosen.path,
                                               .presentation = presentation_,
                                               .access = std::move (*access),
                                               .watched = [this] (bool w) {
                                                 demand_.set_watched (w);
                                               }});
  const ObjectLock lock (element_);
  endpoint_ = std::move (endpoint);
  return true;
}

bool
Sink::open ()
{
  Settings chosen;
  {
    const ObjectLock lock (element_);
    chosen = settings;
  }
  if (!chosen.path.empty () && (!chosen.path.starts_with ('/') || chosen.path.ends_with ('/')))
    return fail (
        GST_RESOURCE_ERROR_SETTINGS, "'" + chosen.path + "' is not a path such as /live/demo");
  if (chosen.path.empty () && chosen.location.empty ())
    return fail (GST_RESOURCE_ERROR_SETTINGS, "set path, location or both");
  presentation_->set_shape ({.part = std::chrono::milliseconds (chosen.part_duration_ms),
      .segment = std::chrono::seconds (chosen.target_duration_s),
      .window = chosen.playlist_length,
      .max_bytes = chosen.max_bytes});
  if (!chosen.path.empty () && !open_route (chosen)) {
    close ();
    return false;
  }
  if (!chosen.location.empty ())
    files_ = std::make_unique<Files> (element_, chosen.location, presentation_);
  presentation_->set_listeners ({.part =
                                     [to = endpoint ()] {
                                       if (to != nullptr)
                                         to->notify ();
                                     },
      .segment =
          [this] {
            on_segment ();
          }});
  return true;
}

void
Sink::close ()
{
  presentation_->set_listeners ({});
  files_.reset (); // writes the end
  if (const auto open = endpoint ())
    open->close ();
  {
    std::shared_ptr<Endpoint> gone; // after the lock
    const ObjectLock lock (element_);
    gone.swap (endpoint_);
  }
  demand_.set_watched (false);
  presentation_->clear ();
  server_.reset ();
}

std::shared_ptr<Endpoint>
Sink::endpoint () const
{
  const ObjectLock lock (element_);
  return endpoint_;
}

void
Sink::end_streams ()
{
  {
    std::lock_guard lock (pads_mutex_);
    for (const auto &[name, pad] : pads_) {
      pad->track.end ();
      demand_.forget (name);
    }
  }
  presentation_->end_all ();
  end_.forget_all ();
  set_problem ({}, {});
}

/** Null when there is no place for it. */
GstPad *
Sink::new_pad (GstPadTemplate *templ, const char *name)
{
  const bool video = g_str_has_prefix (templ->name_template, "video");
  std::lock_guard lock (pads_mutex_);
  std::string chosen = name != nullptr ? name : "";
  for (unsigned i = 0; chosen.empty (); ++i)
    if (auto next = (video ? "video_" : "audio_") + std::to_string (i); !pads_.contains (next))
      chosen = std::move (next);
  if (pads_.size () >= most_pads || pads_.contains (chosen))
    return nullptr;
  auto *pad = gst_pad_new_from_template (templ, chosen.c_str ());
  const auto kind = video ? Presentation::Kind::video : Presentation::Kind::audio;
  auto &entry = pads_[chosen];
  entry.reset (new Pad{this, pad, chosen, Track (*presentation_, chosen, kind)});
  gst_pad_set_element_private (pad, entry.get ());
  return pad;
}

GstPad *
Sink::add_pad (GstPadTemplate *templ, const char *name)
{
  auto *pad = new_pad (templ, name);
  if (pad == nullptr) {
    GST_WARNING_OBJECT (element_, "no place for another pad %s: there are %u, or there is this one",
        name != nullptr ? name : "", static_cast<unsigned> (most_pads));
    return nullptr;
  }
  gst_pad_set_chain_function (pad, chain);
  gst_pad_set_event_function (pad, event);
  gst_pad_set_active (pad, TRUE);
  gst_element_add_pad (element_, pad);
  return pad;
}

void
Sink::remove_pad (GstPad *pad)
{
  const auto *entry = static_cast<Pad *> (gst_pad_get_element_private (pad));
  const auto name = entry->name;
  gst_pad_set_active (pad, FALSE); // waits for its streaming thread
  demand_.forget (name);
  end_.forget (pad);
  {
    std::unique_lock lock (pads_mutex_);
    const auto gone = pads_.extract (name);
    lock.unlock (); // its end is told of
  }
  gst_element_remove_pad (element_, pad);
}

GstFlowReturn
Sink::chain (GstPad *pad, GstObject *, GstBuffer *buffer)
{
  const auto owned = adopt (buffer);
  auto &entry = *static_cast<Pad *> (gst_pad_get_element_private (pad));
  return entry.track.push (buffer) ? GST_FLOW_OK : GST_FLOW_NOT_NEGOTIATED;
}

bool
Sink::on_caps (Pad &pad, GstEvent *event)
{
  GstCaps *caps = nullptr;
  gst_event_parse_caps (event, &caps);
  if (const auto problem = pad.track.set_caps (caps); !problem.empty ()) {
    GST_WARNING_OBJECT (pad.pad, "%s", problem.c_str ());
    return false;
  }
  demand_.renew (pad.name);
  return true;
}

void
Sink::on_custom (Pad &pad, GstEvent *event)
{
  // That it is over, by "stagedoor-resumed", needs no more: what comes next doesn't go on anyway.
  if (gst_event_has_name (event, "stagedoor-interrupted"))
    pad.track.pause ();
}

void
Sink::on_tags (const Pad &pad, GstEvent *event)
{
  GstTagList *tags = nullptr;
  gst_event_parse_tag (event, &tags);
  gchar *title = nullptr;
  if (gst_tag_list_get_string (tags, GST_TAG_TITLE, &title))
    presentation_->title (title);
  g_free (title);
  // Not the highest one: parsers measure that, frame by frame.
  guint nominal = 0, average = 0;
  gst_tag_list_get_uint (tags, GST_TAG_NOMINAL_BITRATE, &nominal);
  gst_tag_list_get_uint (tags, GST_TAG_BITRATE, &average);
  if (const auto rate = std::max (nominal, average); rate > 0)
    presentation_->declare_rate (pad.name, rate);
}

bool
Sink::on_event (Pad &pad, GstEvent *event)
{
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_FLUSH_STOP:
      pad.track.flush ();
      [[fallthrough]];
    case GST_EVENT_STREAM_START:
      end_.begin (pad.pad);
      return true;
    case GST_EVENT_CAPS:
      return on_caps (pad, event);
    case GST_EVENT_SEGMENT: {
      const GstSegment *segment = nullptr;
      gst_event_parse_segment (event, &segment);
      pad.track.set_segment (*segment);
      return segment->format == GST_FORMAT_TIME;
    }
    case GST_EVENT_TAG:
      on_tags (pad, event);
      return true;
    case GST_EVENT_CUSTOM_DOWNSTREAM:
      on_custom (pad, event);
      return true;
    case GST_EVENT_EOS:
      pad.track.end ();
      if (end_.end (pad.pad, event)) {
        presentation_->end_all ();
        end_.post ();
      }
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

/** Streaming threads, and that which ends the streams. */
void
Sink::on_segment ()
{
  if (files_ != nullptr)
    files_->update ();
  const auto produced = presentation_->produced ();
  const auto distance = produced.key_distance_ms;
  const auto wanted = 1000 * static_cast<std::int64_t> (presentation_->shape ().segment.count ());
  std::string text;
  if (distance > wanted + wanted / 4)
    text = "key frames are " + std::to_string ((distance + 50) / 1000) + "."
           + std::to_string ((distance + 50) / 100 % 10)
           + " s apart, so players by HLS start late and are far behind: in OBS set the key frame "
             "interval to "
           + std::to_string (wanted / 1000) + " s";
  set_problem ("video_0", text);
}

void
Sink::set_problem (const std::string &pad, const std::string &text)
{
  {
    const ObjectLock lock (element_);
    if (problem_.empty () == text.empty ())
      return;
    problem_ = text;
  }
  if (!text.empty ())
    GST_ELEMENT_WARNING (element_, STREAM, FORMAT, ("%s", text.c_str ()), (nullptr));
  auto *fields = gst_structure_new ("stagedoor-problem", "pad", G_TYPE_STRING, pad.c_str (), "text",
      G_TYPE_STRING, text.c_str (), nullptr);
  gst_element_post_message (element_, gst_message_new_element (GST_OBJECT (element_), fields));
  problem_changed_ ();
}

std::string
Sink::problem () const
{
  const ObjectLock lock (element_);
  return problem_;
}

guint
Sink::viewers () const
{
  const auto open = endpoint ();
  return open != nullptr ? static_cast<guint> (open->served ().viewers) : 0;
}

GstStructure *
Sink::stats () const
{
  const auto open = endpoint ();
  const auto out = open != nullptr ? open->served () : Served ();
  const auto in = presentation_->produced ();
  return gst_structure_new ("stagehlssink-stats", "viewers", G_TYPE_UINT64, out.viewers, "joined",
      G_TYPE_UINT64, out.joined, "waiting", G_TYPE_UINT64, out.waiting, "playlists", G_TYPE_UINT64,
      out.playlists, "media", G_TYPE_UINT64, out.media, "bytes", G_TYPE_UINT64, out.bytes,
      "refused", G_TYPE_UINT64, out.refused, "overload", G_TYPE_UINT64, out.overload, "segments",
      G_TYPE_UINT64, in.segments, "parts", G_TYPE_UINT64, in.parts, "bytes-held", G_TYPE_UINT64,
      in.bytes_held, "uneven-parts", G_TYPE_UINT64, in.uneven_parts, "dropped-segments",
      G_TYPE_UINT64, in.dropped_segments, "key-distance", G_TYPE_UINT64,
      static_cast<guint64> (in.key_distance_ms), "target-duration", G_TYPE_UINT64,
      static_cast<guint64> (in.target_s), nullptr);
}

} // namespace stagedoor::hlssink
