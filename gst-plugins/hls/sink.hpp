// SPDX-License-Identifier: LGPL-2.1-or-later
// What stagehlssink does, behind its GObject face: services, pads, events.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "gst-plugins/common/demand.hpp"
#include "gst-plugins/common/sink_pads.hpp"
#include "gst-plugins/hls/endpoint.hpp"
#include "gst-plugins/hls/files.hpp"
#include "gst-plugins/hls/track.hpp"

namespace stagedoor::hlssink {

struct Settings
{
  std::string path = "/live/demo";
  std::string http_address = ":8080";
  std::string location; ///< a folder
  std::string key_file, keys;
  guint part_duration_ms = 200;
  guint target_duration_s = 2;
  guint playlist_length = 15;
  guint64 max_bytes = 256 * 1024 * 1024;
};

class Sink
{
public:
  /** @p problem_changed is called on streaming threads, without locks. */
  Sink (GstElement *element, std::function<void ()> problem_changed);
  ~Sink ();

  Settings settings; ///< protected by the element's OBJECT_LOCK

  /** Opens the routes; an error message was posted when that fails. */
  bool open ();
  void close ();
  /** No data comes any more. */
  void end_streams ();
  void set_playing (bool playing) { end_.set_playing (playing); }

  GstPad *add_pad (GstPadTemplate *templ, const char *name);
  void remove_pad (GstPad *pad);

  std::string problem () const;
  guint viewers () const;
  GstStructure *stats () const; ///< transfer full

private:
  struct Pad
  {
    Sink *owner;
    GstPad *pad; ///< borrowed from the element
    std::string name;
    Track track; ///< the pad's stream lock
  };
  static constexpr std::size_t most_pads = 32;

  GstPad *new_pad (GstPadTemplate *templ, const char *name);
  static GstFlowReturn chain (GstPad *pad, GstObject *parent, GstBuffer *buffer);
  static gboolean event (GstPad *pad, GstObject *parent, GstEvent *event);
  bool on_event (Pad &pad, GstEvent *event);
  bool on_caps (Pad &pad, GstEvent *event);
  void on_custom (Pad &pad, GstEvent *event);
  void on_tags (const Pad &pad, GstEvent *event);
  bool open_route (const Settings &chosen);
  bool fail (GstResourceError code, const std::string &text);
  void on_segment ();
  void set_problem (const std::string &pad, const std::string &text);
  std::shared_ptr<Endpoint> endpoint () const;
  std::optional<hls::Duration> running_time () const;

  GstElement *const element_; ///< borrowed; owns this
  const std::function<void ()> problem_changed_;
  const std::shared_ptr<Presentation> presentation_;
  Demand demand_;
  StreamEnd end_;
  mutable std::mutex pads_mutex_;                    // outside of all others
  std::map<std::string, std::unique_ptr<Pad>> pads_; // protected by pads_mutex_
  // Protected by OBJECT_LOCK:
  std::string problem_;
  std::shared_ptr<Endpoint> endpoint_;
  // State changes only:
  std::shared_ptr<http::Server> server_;
  std::unique_ptr<Files> files_;
};

} // namespace stagedoor::hlssink
