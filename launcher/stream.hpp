// SPDX-License-Identifier: LGPL-2.1-or-later
// One stream: drives its pipeline as StreamLife says, and keeps its status on the board.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "gst-plugins/common/gate.hpp"
#include "launcher/pipeline_run.hpp"
#include "launcher/status.hpp"
#include "launcher/stream_life.hpp"

namespace stagedoor {

/** What all streams share. Outlives them. */
struct StreamSettings
{
  PipelineFile file;
  std::string http_address, webrtc_address, public_address, gate_address, srt_address;
  std::chrono::milliseconds reconnect_grace;
};

/** Main thread only. */
class Stream : public std::enable_shared_from_this<Stream>
{
public:
  /** @p offline is called, later, whenever the stream has come to rest. */
  Stream (std::string name, const StreamSettings &settings, StatusBoard &board,
      std::function<void ()> offline);

  void published (const std::shared_ptr<gate::Publication> &publication);
  void shut_down () { handle (StreamLife::Event::shut_down); }
  bool at_rest () const { return life_.phase () == Phase::offline; }

private:
  void handle (StreamLife::Event event);
  void start ();
  void stop ();
  void rest ();
  PipelineRun::Listener listener ();
  void on_caps (const GstCaps *caps);
  void on_silent (const std::string &track);
  void on_interrupted (const std::string &why);
  void on_resumed (const std::string &protocol);
  void on_failed (const std::string &text);
  void on_problem (const std::string &where, const std::string &text);
  void on_decision (const std::string &where, const std::string &text);
  void show ();

  const std::string name_;
  const StreamSettings &settings_;
  StatusBoard &board_;
  const std::function<void ()> offline_;
  StreamLife life_;
  std::weak_ptr<gate::Publication> publication_; // the newest; the gate and the pipeline own it
  std::shared_ptr<PipelineRun> run_;             // from start() to stop()
  StreamStatus status_;
  std::map<std::string, std::string> problems_; // by where they are
  Timer alarm_;                                 // for life_.wake_at()
};

} // namespace stagedoor
