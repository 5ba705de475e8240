// SPDX-License-Identifier: LGPL-2.1-or-later
// stagehlssink with its pads, a player that asks it for everything, and what encoders make.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gst-plugins/common/http_server.hpp"
#include "gst-plugins/common/ref.hpp"
#include "libs/base/bytes.hpp"
#include "tests/check/common/http_client.hpp"

namespace stagedoor::test {

/** Fails when it takes longer than 15 s. */
void wait_for (const std::function<bool ()> &condition);

/** What a pipeline that ends in "appsink name=out" gives. */
struct Recording
{
  Ref<GstCaps> caps;
  std::vector<Ref<GstBuffer>> buffers;
};
Recording record (const std::string &pipeline);
/** H.264 of 30 frames per second with a key frame each second, and AAC. */
const Recording &picture ();
const Recording &sound ();

class HlsSink
{
public:
  /** On its own free port, but for @p properties. */
  explicit HlsSink (const std::string &properties = "", bool playing = true);
  ~HlsSink ();

  GstElement *element () const { return element_.get (); }
  std::uint16_t port () const { return http_->port (); }
  void set_state (GstState state);
  std::uint64_t stat (const char *name) const;
  guint viewers () const;
  std::string problem () const;
  Ref<GstMessage> message (GstMessageType type);
  bool has_message (GstMessageType type);

  /** Below /live/demo/. */
  Response get (const std::string &place, const std::string &headers = "") const;
  /** The body; it has to be there. */
  std::string text (const std::string &place) const;
  bool is_live () const { return get ("playlist.m3u8").status == 200; }

private:
  const std::shared_ptr<http::Server> http_;
  const Ref<GstElement> element_;
  const Ref<GstBus> bus_;
};

/** What is upstream of a pad. */
class Source
{
public:
  Source (HlsSink &sink, const char *pad);
  ~Source ();
  Source (const Source &) = delete;
  Source &operator= (const Source &) = delete;

  bool event (GstEvent *event) { return gst_pad_push_event (pad_.get (), event); }
  /** Stream start, caps, segment. */
  bool start (const Ref<GstCaps> &caps);
  bool start (const Recording &recording) { return start (recording.caps); }
  GstFlowReturn push (const Ref<GstBuffer> &buffer)
  {
    return gst_pad_push (pad_.get (), gst_buffer_copy (buffer.get ()));
  }
  /** Later than it was recorded. */
  GstFlowReturn push (const Ref<GstBuffer> &buffer, GstClockTimeDiff later);
  /** All of it, but for the first @p from. */
  void play (const Recording &recording, GstClockTimeDiff later = 0, std::size_t from = 0,
      std::size_t count = SIZE_MAX);
  std::vector<bool> demands () const;

private:
  struct Upstream;
  static gboolean on_event (GstPad *pad, GstObject *, GstEvent *event);

  HlsSink &sink_;
  Ref<GstPad> pad_;
  Ref<GstPad> peer_;
  std::shared_ptr<Upstream> upstream_;
};

/** Both tracks, started. */
struct Stream
{
  explicit Stream (HlsSink &sink) : video (sink, "video_0"), audio (sink, "audio_0")
  {
    video.start (picture ());
    audio.start (sound ());
  }
  /** The first @p frames of the picture, and the sound to it. */
  void play (std::size_t frames, GstClockTimeDiff later = 0);
  Source video, audio;
};

// Playlists.

std::vector<std::string> lines_with (const std::string &text, const std::string &beginning);
/** Lines that are URIs. */
std::vector<std::string> uris (const std::string &text);
/** URI="…" of a line. */
std::string uri_in (const std::string &line);
std::size_t count (const std::string &text, const std::string &what);

/** A frame as GStreamer's own demuxer finds it. */
struct Demuxed
{
  GstClockTime pts, dts;
  std::size_t size;
  bool key;
};
/** All finished segments of a playlist, behind their init segments. */
std::vector<Demuxed> demux (const HlsSink &sink, const std::string &playlist);

} // namespace stagedoor::test
