// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether what an encoder puts out can be what it was asked for, as far as headers tell.
#pragma once

#include <gst/gst.h>

#include "gst-plugins/transcode/rendition_spec.hpp"
#include "libs/base/bytes.hpp"

namespace stagedoor::transcode {

/** Of one encoder, from its first frame on. One thread at a time. */
class OutputCheck
{
public:
  explicit OutputCheck (const RenditionSpec &spec);

  /** What is wrong with the next frame, for people; nullptr: nothing. */
  const char *fault (GstBuffer *frame);

private:
  enum class Codec { h264, h265, vp8, vp9, av1 };
  struct Seen
  {
    bool whole = false;        ///< it is a frame of this codec
    bool key = false;          ///< one that decoding can begin with
    int width = 0, height = 0; ///< that it says
  };
  Seen look (ByteView frame) const;
  Seen look_at_nals (ByteView frame) const;
  static Seen look_at_obus (ByteView frame);

  const Codec codec_;
  const int width_, height_; ///< 2x2: not known
  bool begun_ = false;
};

} // namespace stagedoor::transcode
