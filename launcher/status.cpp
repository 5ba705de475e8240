// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/status.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "launcher/json.hpp"
#include "launcher/when.hpp"

namespace stagedoor {
namespace {

std::string
codec_name (const GstStructure *caps)
{
  const std::string_view type = gst_structure_get_name (caps);
  int version = 0;
  gst_structure_get_int (caps, "mpegversion", &version);
  if (type == "audio/mpeg")
    return version == 1 ? "MP3" : "AAC";
  static const std::map<std::string_view, const char *> names{{"video/x-h264", "H.264"},
      {"video/x-h265", "HEVC"}, {"video/x-av1", "AV1"}, {"video/x-vp8", "VP8"},
      {"video/x-vp9", "VP9"}, {"audio/x-opus", "Opus"}, {"audio/x-ac3", "AC-3"},
      {"audio/x-eac3", "E-AC-3"}, {"audio/x-flac", "FLAC"}};
  const auto found = names.find (type);
  return found != names.end () ? found->second : std::string (type.substr (type.find ('/') + 1));
}

const GstStructure *
first_of (const GstCaps *caps, const char *kind)
{
  if (caps == nullptr || gst_caps_get_size (caps) == 0)
    return nullptr;
  const auto *first = gst_caps_get_structure (caps, 0);
  return g_str_has_prefix (gst_structure_get_name (first), kind) ? first : nullptr;
}

void
add_count (JsonWriter &json, const char *name, int value)
{
  if (value > 0)
    json.add (name, static_cast<std::int64_t> (value));
  else
    json.null (name);
}

void
add_video (JsonWriter &json, const std::optional<VideoFacts> &video)
{
  if (!video) {
    json.null ("video");
    return;
  }
  json.object ("video").add ("codec", video->codec);
  add_count (json, "width", video->width);
  add_count (json, "height", video->height);
  if (video->framerate > 0)
    json.add ("framerate", video->framerate);
  else
    json.null ("framerate");
  json.end_object ();
}

void
add_audio (JsonWriter &json, const std::optional<AudioFacts> &audio)
{
  if (!audio) {
    json.null ("audio");
    return;
  }
  json.object ("audio").add ("codec", audio->codec);
  add_count (json, "rate", audio->rate);
  add_count (json, "channels", audio->channels);
  json.end_object ();
}

/** The document is public: what is here says how the stream arrives, never from where. */
void
add_ingest (JsonWriter &json, const StreamStatus &status)
{
  const auto publication = status.publication.lock ();
  if (status.protocol.empty () || publication == nullptr) {
    json.null ("ingest");
    return;
  }
  const Structure stats (publication->stats ());
  json.object ("ingest").add ("protocol", publication->protocol ());
  for (const char *name : {"bytes", "video-frames", "audio-frames", "dropped-frames",
           "broken-frames", "timeline-repairs", "packets", "lost-packets", "retransmitted-packets",
           "dropped-packets"})
    if (guint64 count = 0; gst_structure_get_uint64 (stats.get (), name, &count))
      json.add (name, static_cast<std::int64_t> (count));
  for (const char *name : {"buffer-ms", "latency-ms"})
    if (int ms = 0; gst_structure_get_int (stats.get (), name, &ms))
      json.add (name, std::int64_t{ms});
  if (double rtt = 0; gst_structure_get_double (stats.get (), "rtt-ms", &rtt))
    json.add ("rtt-ms", std::round (rtt * 10) / 10);
  json.end_object ();
}

/** How many watch, in all and by the element that serves them. */
void
add_viewers (JsonWriter &json, const StreamStatus &status)
{
  std::map<std::string, std::int64_t> audiences;
  std::int64_t all = 0;
  for (const auto &element : status.audiences) {
    guint viewers = 0;
    g_object_get (element.get (), "viewers", &viewers, nullptr);
    all += viewers;
    audiences[GST_OBJECT_NAME (element.get ())] = viewers;
  }
  json.add ("viewers", all).object ("audiences");
  for (const auto &[name, viewers] : audiences)
    json.add (name.c_str (), viewers);
  json.end_object ();
}

} // namespace

std::optional<VideoFacts>
video_facts (const GstCaps *caps)
{
  const auto *fields = first_of (caps, "video/");
  if (fields == nullptr)
    return std::nullopt;
  VideoFacts out{.codec = codec_name (fields)};
  gst_structure_get_int (fields, "width", &out.width);
  gst_structure_get_int (fields, "height", &out.height);
  int frames = 0, seconds = 0;
  if (gst_structure_get_fraction (fields, "framerate", &frames, &seconds) && seconds > 0)
    out.framerate = static_cast<double> (frames) / seconds;
  return out;
}

std::optional<AudioFacts>
audio_facts (const GstCaps *caps)
{
  const auto *fields = first_of (caps, "audio/");
  if (fields == nullptr)
    return std::nullopt;
  AudioFacts out{.codec = codec_name (fields)};
  gst_structure_get_int (fields, "rate", &out.rate);
  gst_structure_get_int (fields, "channels", &out.channels);
  return out;
}

std::string
status_document (const StreamStatus &status)
{
  JsonWriter json;
  json.object ().add ("stream", status.name).add ("state", name (status.phase));
  json.add ("since", format_time (status.since));
  add_viewers (json, status);
  add_video (json, status.video);
  add_audio (json, status.audio);
  if (status.protocol.empty ())
    json.null ("publisher");
  else
    json.object ("publisher").add ("protocol", status.protocol).end_object ();
  add_ingest (json, status);
  json.array ("problems");
  for (const auto &problem : status.problems)
    json.item (problem);
  json.end_array ().object ("decisions");
  for (const auto &[where, text] : status.decisions)
    json.add (where.c_str (), text);
  json.end_object ().add ("whep", "/" + status.name + "/whep");
  json.add ("hls", "/" + status.name + "/playlist.m3u8");
  json.add ("thumbnail", "/" + status.name + "/thumbnail.jpg").end_object ();
  return json.text ();
}

void
StatusBoard::put (StreamStatus status)
{
  const auto key = status.name;
  std::lock_guard lock (mutex_);
  std::swap (streams_[key], status); // elements of the old one are let go after the lock
  if (streams_.size () <= most)
    return;
  const auto rank = [] (const auto &entry) {
    return std::pair (entry.second.phase != Phase::offline, entry.second.since);
  };
  streams_.erase (std::ranges::min_element (streams_, {}, rank));
}

StreamStatus
StatusBoard::get (const std::string &name) const
{
  std::lock_guard lock (mutex_);
  const auto found = streams_.find (name);
  if (found != streams_.end ())
    return found->second;
  return StreamStatus{.name = name, .since = started_};
}

} // namespace stagedoor
