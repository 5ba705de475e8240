// SPDX-License-Identifier: LGPL-2.1-or-later
// One track of stagetsmux: what its caps mean, and its frames as the muxer takes them.
#pragma once

#include <gst/gst.h>

#include "gst-plugins/common/ref.hpp"
#include "libs/mpegts/muxer.hpp"

namespace stagedoor::srtsink {

/** Under the stream lock of the muxer's source pad. */
class TsTrack
{
public:
  explicit TsTrack (mpegts::MuxTrack which) : which_ (which) { reset (); }

  /** What can't be carried, for people; empty when all is well. */
  std::string set_caps (const GstCaps *caps, mpegts::Muxer &muxer);
  void set_segment (const GstSegment &segment) { segment_ = segment; }
  bool carried () const { return payload_.has_value (); }

  /** Appends packets; false when the frame is of no use. */
  bool write (GstBuffer *frame, mpegts::Muxer &muxer, Bytes &out);
  /** Running time of the frame, with which its packets are stamped. */
  GstClockTime time_of (GstBuffer *frame) const;
  bool is_key (GstBuffer *frame) const;
  void reset ();

  bool started = false, ended = false; ///< had stream-start, had EOS
  std::string problem;                 ///< what was told last

private:
  std::optional<std::int64_t> ticks (GstClockTime time) const;

  const mpegts::MuxTrack which_;
  std::optional<mpegts::Payload> payload_;
  GstSegment segment_;
  Bytes converted_;
};

} // namespace stagedoor::srtsink
