// SPDX-License-Identifier: LGPL-2.1-or-later
// Whatever video comes -> renditions: decoded once, each encoded once for all outputs that want it,
// while any does.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gst-plugins/transcode/encoder_choice.hpp"
#include "gst-plugins/transcode/headroom.hpp"
#include "gst-plugins/transcode/lane.hpp"
#include "gst-plugins/transcode/video_chain.hpp"
#include "gst-plugins/transcode/video_source.hpp"

namespace stagedoor::transcode {

using Renditions = std::vector<std::shared_ptr<Rendition>>;

class VideoConverter final : public Converter
{
public:
  explicit VideoConverter (Lane &lane) : lane_ (lane) {}

  void meet (GstPad *output, const GstCaps *taken) override;
  std::optional<Form> form_for (const GstCaps *taken, std::string &why) const override;
  Ref<GstCaps> caps_in (Form form) override { return source_.repacker ().caps (form); }
  Ref<GstBuffer> buffer_in (Form form) override { return source_.repacker ().packed (form); }
  Ref<GstCaps> makes (GstPad *output) const override;
  std::string objection (GstPad *output, const GstCaps *taken) override;
  std::string problem (GstPad *output) const override;
  std::string remark (GstPad *output) const override;
  Ref<GstPad> tail (GstPad *output) const override;
  void set_input (GstCaps *caps) override;
  bool observe (GstBuffer *buffer) override;
  void update (const Outputs &outputs) override;
  void feed (GstBuffer *buffer) override;
  void feed (GstEvent *event) override;
  void reset () override;

private:
  /** What runs no longer. */
  struct Gone
  {
    std::shared_ptr<VideoChain> chain; ///< null: there was none
    Renditions renditions;
    bool chain_goes_on;
    void end (); ///< waits for its threads
  };
  struct Assignment
  {
    GstPad *output; // borrowed, to compare
    std::shared_ptr<Rendition> rendition;
  };

  static gboolean on_feed_query (GstPad *pad, GstObject *, GstQuery *query);
  void on_encoded (Rendition &rendition, const Ref<GstBuffer> &buffer);
  void on_event (const Rendition &rendition, GstEvent *event);
  Outputs outputs_of (const Rendition &rendition) const;

  RenditionSpec spec_of (GstPad *output) const;
  bool exceeds (GstClockTime key_distance);
  void keep_wanted (const Outputs &outputs);
  void assign (const Outputs &outputs);
  bool is_spec_wanted (const RenditionSpec &spec, const Outputs &outputs) const;
  bool is_any_wanted (const Outputs &outputs) const;
  bool is_superseded (const Rendition &rendition, const Outputs &outputs) const;
  void note_failure (const Rendition &rendition);
  void note_failures (const Outputs &outputs);
  void watch_headroom (const Outputs &outputs);
  void set_assignments (std::vector<Assignment> assignments);
  void run (Renditions renditions);
  void join (GstPad *output, Rendition &rendition);
  bool start_chain ();
  std::shared_ptr<Rendition> rendition_for (GstPad *output, Renditions &all);
  std::shared_ptr<Rendition> build (const RenditionSpec &spec, const EncoderChoice &choice);
  Gone take_all ();
  void end_later (Gone gone);
  void end_all ();

  Lane &lane_;
  mutable std::mutex mutex_;            // innermost
  SourcePicture picture_;               // protected by mutex_; written by the streaming thread
  std::vector<Assignment> assignments_; // protected by mutex_; written by the streaming thread
  Headroom headroom_;                   // protected by mutex_; written by the streaming thread
  std::shared_ptr<VideoChain> chain_;   // protected by mutex_; written by the streaming thread

  // streaming thread
  VideoSource source_;
  Renditions renditions_;
  VideoFailures failures_;
  /** Bounds of key-frame distances that were asked for, and whether the source exceeded them. */
  std::map<GstClockTime, bool> key_distances_;
  GstClockTime looked_at_ = GST_CLOCK_TIME_NONE; // when headroom_ looked last
  bool patient_ = false;
  gint64 retry_at_ = 0; // monotonic microseconds: after the decoder's failure
};

} // namespace stagedoor::transcode
