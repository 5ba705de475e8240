// SPDX-License-Identifier: LGPL-2.1-or-later
// One sink pad's medium: buffers in, parts of segments out.
#pragma once

#include <optional>
#include <string>

#include <gst/gst.h>

#include "gst-plugins/common/tick_clock.hpp"
#include "gst-plugins/hls/frame_reader.hpp"
#include "gst-plugins/hls/presentation.hpp"

namespace stagedoor::hlssink {

/** Under the pad's stream lock, but for the constructor and destructor. A frame goes on when the
 * next one has come, because only then is its duration known. */
class Track
{
public:
  Track (Presentation &presentation, std::string pad, Presentation::Kind kind);
  ~Track ();

  /** Empty, or what is wrong with them. */
  std::string set_caps (const GstCaps *caps);
  void set_segment (const GstSegment &segment) { segment_ = segment; }
  /** False without caps. */
  bool push (GstBuffer *buffer);
  /** Nothing comes for a while: what is there goes out, and what comes next doesn't go on from it.
   */
  void pause ();
  void flush ();
  /** The stream is over. */
  void end ();

private:
  /** Ticks of the track, counted from media_origin before running time 0. */
  struct Frame
  {
    Bytes data;
    std::shared_ptr<const hls::Track> track;
    std::int64_t dts = 0, pts = 0;
    hls::Duration decoded{}, presented{}; ///< running times
    int duration = 0;                     ///< 0: until the next one
    bool key = true, discontinuity = false;
  };
  struct Sample
  {
    std::size_t offset, size;
    std::int64_t dts;
    std::uint32_t duration;
    std::int32_t composition;
    bool key;
  };
  struct Part
  {
    Bytes data;
    std::vector<Sample> samples;
    hls::Duration presented{}; ///< of the first
    bool independent = false, begins_segment = false;
  };

  bool take (ByteView bytes, GstBuffer *buffer);
  bool stamp (GstBuffer *buffer, int duration);
  std::optional<hls::Duration> running (GstClockTime time) const;
  void deliver (std::int64_t end);
  bool begin_segment (const hls::Cut &cut);
  void append (std::uint32_t duration);
  void close_part (bool last);
  std::uint32_t usual_duration () const;
  std::uint32_t duration_until (std::int64_t end);

  Presentation &presentation_;
  const std::string pad_;
  const Presentation::Kind kind_;
  std::optional<FrameReader> reader_;
  std::shared_ptr<const hls::Track> written_; ///< what the last init segment says
  Ref<GstCaps> caps_;
  GstSegment segment_;
  TickClock clock_;
  Frame pending_, incoming_;
  bool has_pending_ = false;
  bool discontinuity_ = false;
  std::uint32_t last_duration_ = 0;
  std::int64_t last_dts_ = -1; ///< in what last_timescale_ counts
  std::uint32_t last_timescale_ = 0;
  std::uint32_t sequence_ = 0;
  Part part_;
};

} // namespace stagedoor::hlssink
