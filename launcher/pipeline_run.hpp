// SPDX-License-Identifier: LGPL-2.1-or-later
// One pipeline at work: watches its bus and its gate, and tells what happens on the main thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "launcher/main_thread.hpp"
#include "launcher/pipeline.hpp"

namespace stagedoor {

/** All methods and callbacks on the main thread. */
class PipelineRun : public std::enable_shared_from_this<PipelineRun>
{
public:
  struct Listener
  {
    std::function<void ()> flowing;             ///< the publisher's first frame
    std::function<void (const GstCaps *)> caps; ///< of one of the publisher's tracks, which flows
    std::function<void (const std::string &track)> silent; ///< "video" or "audio", until its caps
    std::function<void (const std::string &why)> interrupted;  ///< the publisher is away
    std::function<void (const std::string &protocol)> resumed; ///< it is back, and frames flow
    std::function<void (const std::string &why)> unpublished;  ///< it is gone for good
    std::function<void ()> ended;                  ///< all the publisher sent was played
    std::function<void (std::string text)> failed; ///< can't go on
    /** Something that viewers should know; "" when it is over. */
    std::function<void (const std::string &where, const std::string &text)> problem;
    /** What a pad carries, and why; "" when it carries nothing any more. */
    std::function<void (const std::string &where, const std::string &text)> decision;
  };

  /** Never calls the listener before it returns. */
  static std::shared_ptr<PipelineRun> start (
      const PipelineFile &file, const Variables &variables, Listener listener);

  /** Nothing is told any more. Takes the pipeline down on another thread, then calls @p stopped. */
  void stop (std::function<void ()> stopped);

  /** Elements that count viewers. */
  std::vector<Ref<GstElement>> audiences () const;

private:
  struct PadWatch;

  explicit PipelineRun (Listener listener) : listener_ (std::move (listener)) {}
  void play (Ref<GstElement> pipeline);
  void watch_gate ();
  void watch_pad (GstPad *pad);
  static void tell_caps (const std::weak_ptr<PipelineRun> &run, GstCaps *caps);
  void fail_later (std::string text);
  void on_message (GstMessage *message);
  void on_element_message (GstMessage *message);
  void draw (const char *what) const;
  void on_publisher_end (const std::string &why);
  /** Any thread: @p call runs on the main thread unless the run was stopped by then. */
  static void tell (
      const std::weak_ptr<PipelineRun> &run, std::function<void (PipelineRun &)> call);

  Listener listener_;
  Ref<GstElement> pipeline_;
  Ref<GstElement> gate_; // the pipeline's stagegatesrc
  bool stopped_ = false;
  bool flowing_ = false;
  Timer drain_; // how long the sinks may take after the publisher's end
};

} // namespace stagedoor
