// SPDX-License-Identifier: LGPL-2.1-or-later
// How large a picture a publisher may have decoded: decoders allocate what a header asks for.
#pragma once

#include <gst/gst.h>

#include "libs/base/bytes.hpp"

namespace stagedoor::transcode {

/** Streaming thread. */
class PictureBound
{
public:
  /** Of a frame at ITU-T H.264 level 5.2, which 4096x2304 has. */
  static constexpr int most_pixels = 36864 * 256;

  explicit PictureBound (const GstCaps *caps);

  /** Whether the caps, and the sequence parameter sets of H.264 and HEVC in @p buffer, which caps
   * need not show, ask for no more. A set that can't be read asks for too much. */
  bool holds (GstBuffer *buffer) const;

private:
  bool holds (ByteView access_unit) const;
  bool nal_holds (ByteView nal) const;

  enum class Codec { h264, h265, other };
  Codec codec_ = Codec::other;
  bool caps_hold_ = true;
  unsigned length_size_ = 0; ///< of NAL units' lengths; 0: start codes
};

} // namespace stagedoor::transcode
