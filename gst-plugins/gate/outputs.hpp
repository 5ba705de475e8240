// SPDX-License-Identifier: LGPL-2.1-or-later
// The element's source pads: when they appear, and how a publisher's time becomes running time.
#pragma once

#include <array>
#include <atomic>
#include <functional>

#include <gst/base/gstflowcombiner.h>

#include "gst-plugins/common/gate.hpp"

namespace stagedoor::gate {

/** Streaming thread, but for latency() and reset(). */
class Outputs
{
public:
  /** @p key_frame_wanted is called on the threads of those who want one. */
  Outputs (GstElement *element, std::function<void ()> key_frame_wanted)
      : element_ (element), key_frame_wanted_ (std::move (key_frame_wanted))
  {
  }

  /** The next publication's timeline follows on the last one's. */
  void begin_publication () { has_offset_ = false; }
  /** The publisher is away, and is back: the next frame of each track is marked DISCONT. */
  void interrupt (const std::string &why);
  void resume ();
  GstFlowReturn push (const TrackCaps &caps);
  GstFlowReturn push (Frame frame);
  void push_eos ();
  bool any () const { return tracks_[0].pad || tracks_[1].pad; }

  GstClockTime latency () const { return latency_; }     ///< any thread
  void want_key_frame () const { key_frame_wanted_ (); } ///< any thread
  /** Removes the pads. The streaming thread is gone. */
  void reset ();

private:
  struct TrackOutput
  {
    Ref<GstPad> pad;
    Ref<GstCaps> caps;
    GstClockTimeDiff last = 0;                     // running time of what was pushed last
    bool lost = false;                             // its next frame isn't contiguous
    GstClockTimeDiff heard = GST_CLOCK_STIME_NONE; // when the last one arrived, in running time
    GstClockTimeDiff told = 0; // up to then, in running time, downstream knows that nothing comes
  };
  /** How late what came in the last while was, by our clock. */
  struct Window
  {
    GstClockTimeDiff since = GST_CLOCK_STIME_NONE;
    GstClockTimeDiff least = 0, most = 0;
    GstClockTimeDiff length = 5 * GST_SECOND;
  };

  void add_pad (Track track);
  void push_event (GstEvent *event);
  void say_no_more_pads (GstClockTimeDiff at);
  void restamp (TrackOutput &output, const Frame &frame);
  void fill (TrackOutput &silent, const TrackOutput &heard);
  GstClockTimeDiff running_time_of (std::chrono::steady_clock::time_point then) const;
  void follow_clock (GstClockTimeDiff arrived, GstClockTimeDiff stamped);
  void correct_offset ();
  void raise_latency (GstClockTimeDiff late);

  GstElement *const element_; // borrowed; owns this
  const std::function<void ()> key_frame_wanted_;
  std::array<TrackOutput, 2> tracks_;
  GstFlowCombiner *combiner_ = nullptr;
  guint group_id_ = 0;
  bool no_more_pads_ = false;
  GstClockTimeDiff first_ = 0;  // running time of the very first frame
  GstClockTimeDiff offset_ = 0; // publication's time + offset = running time
  bool has_offset_ = false;
  Window window_;
  std::atomic<GstClockTime> latency_{least_latency};

  /** Enough for a publisher on a quiet network. */
  static constexpr GstClockTime least_latency = 100 * GST_MSECOND;
};

} // namespace stagedoor::gate
