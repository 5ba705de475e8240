// SPDX-License-Identifier: LGPL-2.1-or-later
// What stagewhepsink does, behind its GObject face: services, pads, end of stream.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "gst-plugins/common/demand.hpp"
#include "gst-plugins/common/sink_pads.hpp"
#include "gst-plugins/whep/endpoint.hpp"
#include "gst-plugins/whep/track.hpp"

namespace stagedoor::whep {

struct Settings
{
  std::string path = "/whep";
  std::string http_address = ":8080";
  std::string webrtc_address = ":8189";
  std::string public_address;
};

class Sink
{
public:
  /** @p problem_changed is called on streaming threads, without locks. */
  Sink (GstElement *element, std::function<void ()> problem_changed);

  Settings settings; ///< protected by the element's OBJECT_LOCK

  /** Opens port and route; an error message was posted when that fails. */
  bool open ();
  /** Says goodbye to the viewers. */
  void close ();
  /** No data comes any more. */
  void end_streams ();
  void set_playing (bool playing) { end_.set_playing (playing); }

  GstPad *add_pad (GstPadTemplate *templ, const char *name);
  void remove_pad (GstPad *pad);

  Reception &reception () { return *reception_; }

private:
  struct Pad
  {
    Sink *owner = nullptr;
    GstPad *pad = nullptr;        ///< borrowed from the element; protected by OBJECT_LOCK
    std::unique_ptr<Track> track; ///< the pad's stream lock
  };

  static gboolean query (GstPad *pad, GstObject *parent, GstQuery *query);
  static GstFlowReturn chain (GstPad *pad, GstObject *parent, GstBuffer *buffer);
  static gboolean event (GstPad *pad, GstObject *parent, GstEvent *event);
  bool on_event (Pad &pad, GstEvent *event);
  void on_eos (Pad &pad, GstEvent *event);
  TrackIndex index_of (const Pad &pad) const
  {
    return &pad == &pads_[video_track] ? video_track : audio_track;
  }
  bool check_path (const std::string &path);
  bool open_port (const Settings &settings);
  bool open_route (const Settings &settings);
  void report (TrackIndex track, const std::string &text);
  void request_keyframe ();

  GstElement *const element_; ///< borrowed; owns this
  const std::function<void ()> problem_changed_;
  const std::shared_ptr<Reception> reception_ = std::make_shared<Reception> ();
  std::array<Pad, track_count> pads_;
  Demand demand_;
  StreamEnd end_;
  std::mutex tracks_mutex_; // outside all others

  // State changes only.
  std::shared_ptr<webrtc::Port> port_;
  std::shared_ptr<http::Server> server_;
  std::shared_ptr<Endpoint> endpoint_;
};

} // namespace stagedoor::whep
