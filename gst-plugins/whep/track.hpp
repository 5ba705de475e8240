// SPDX-License-Identifier: LGPL-2.1-or-later
// One sink pad's medium: buffers in, packetised frames out.
#pragma once

#include <functional>

#include <gst/gst.h>

#include "gst-plugins/common/tick_clock.hpp"
#include "gst-plugins/whep/reception.hpp"
#include "gst-plugins/whep/stream_format.hpp"
#include "libs/media/reorder.hpp"

namespace stagedoor::whep {

/** Under the pad's stream lock, but for the constructor and destructor. */
class Track
{
public:
  /** @p on_problem gets the text, empty when it is solved. */
  Track (
      Reception &reception, TrackIndex index, std::function<void (const std::string &)> on_problem);
  /** What it sent is no longer offered. */
  ~Track ();

  bool set_caps (const GstCaps *caps);
  void set_segment (const GstSegment &segment) { segment_ = segment; }
  /** False without caps. */
  bool push (GstBuffer *buffer);
  void flush ();
  /** The stream is over, or the pad is deactivated: nothing to offer until new caps. */
  void end ();

private:
  void push_bytes (ByteView bytes, GstBuffer *buffer);
  bool is_showable (GstBuffer *buffer, bool keyframe);
  void announce ();
  std::int64_t running_time (GstBuffer *buffer);

  Reception &reception_;
  const TrackIndex index_;
  const std::function<void (const std::string &)> on_problem_;
  std::optional<Format> format_;
  std::unique_ptr<webrtc::Packetizer> packetizer_;
  webrtc::Codec codec_ = webrtc::Codec::h264; ///< of packetizer_
  GstSegment segment_;
  bool announced_ = false;
  bool waiting_ = true; ///< for a key frame
  std::int64_t last_running_time_ = 0;
  media::ReorderWatch reorder_watch_;
  TickClock clock_;
  Bytes annex_b_; ///< kept for its capacity
};

} // namespace stagedoor::whep
