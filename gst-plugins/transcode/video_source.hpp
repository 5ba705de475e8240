// SPDX-License-Identifier: LGPL-2.1-or-later
// What is known of the video that comes in: its format, whether it has B-frames, and what is needed
// to begin decoding in the middle of a group of pictures.
#pragma once

#include <string>
#include <vector>

#include <gst/gst.h>

#include "gst-plugins/common/ref.hpp"
#include "gst-plugins/transcode/rendition_spec.hpp"
#include "gst-plugins/transcode/repacker.hpp"
#include "libs/codecs/picture.hpp"
#include "libs/media/key_distance.hpp"
#include "libs/media/reorder.hpp"

namespace stagedoor::transcode {

/** Streaming thread. */
class VideoSource
{
public:
  void set_caps (GstCaps *caps);
  /** Looks at the next buffer. True when B-frames, profile, size or packing are others now. */
  bool observe (GstBuffer *buffer);
  /** Adds it to group(). */
  void keep (GstBuffer *buffer);
  /** What comes is in another count of time. */
  void forget_times ();
  void reset ();

  GstCaps *caps () const { return caps_.get (); }
  /** With the profile, when only the stream tells. */
  GstCaps *full_caps () const { return full_caps_ ? full_caps_.get () : caps_.get (); }
  const SourcePicture &picture () const { return picture_; }
  bool has_b_frames () const { return has_b_frames_; }
  std::string b_frames_text () const;
  bool exceeds_key_distance (GstClockTime most) const
  {
    return key_distance_.exceeds (static_cast<std::int64_t> (most));
  }
  Repacker &repacker () { return repacker_; }
  const Repacker &repacker () const { return repacker_; }

  /** What came since the last key frame, that included; empty when that is too long ago. */
  const std::vector<Ref<GstBuffer>> &group () const { return group_; }
  /** The latest time of showing before the buffer that was observed last. */
  GstClockTime shown_until () const { return shown_until_; }
  /** The latest time of showing. */
  GstClockTime now () const { return latest_; }

private:
  void read_setup (const GstStructure *fields);
  bool read_sps ();
  bool read_size (GstBuffer *key_frame);
  void set_size (const codecs::Picture &picture);
  bool watch_order (GstBuffer *buffer);
  void forget_group ();

  Ref<GstCaps> caps_, full_caps_;
  SourcePicture picture_;
  bool reorders_ = false; ///< a codec that can
  bool has_b_frames_ = false;
  media::ReorderWatch watch_;
  media::KeyDistance key_distance_;
  Repacker repacker_;
  Bytes sps_; ///< of the stream itself, the latest
  std::vector<Ref<GstBuffer>> group_;
  std::size_t group_bytes_ = 0;
  GstClockTime shown_until_ = GST_CLOCK_TIME_NONE;
  GstClockTime latest_ = GST_CLOCK_TIME_NONE;
};

} // namespace stagedoor::transcode
