// SPDX-License-Identifier: LGPL-2.1-or-later
// How large a picture a publisher may have decoded: decoders allocate what a header asks for.
#pragma once

#include <gst/gst.h>

#include "libs/base/bytes.hpp"

namespace stagedoor {

/** Streaming thread. */
class PictureBound
{
public:
  /** Of a frame at ITU-T H.264 level 5.2, which 4096x2304 has. */
  static constexpr int most_pixels = 36864 * 256;

  explicit PictureBound (const GstCaps *caps);

  /** Whether the caps, and the headers in @p buffer, which caps need not show, ask for no more:
   * sequence parameter sets of H.264 and HEVC, and sequence headers of AV1, of which one that can't
   * be read asks for too much, key frames of VP8, all frames of VP9. */
  bool holds (GstBuffer *buffer) const;

private:
  bool holds (ByteView frame) const;
  bool nals_hold (ByteView access_unit) const;
  bool nal_holds (ByteView nal) const;

  enum class Codec { h264, h265, vp8, vp9, av1, other };
  Codec codec_ = Codec::other;
  bool caps_hold_ = true;
  unsigned length_size_ = 0; ///< of NAL units' lengths; 0: start codes
};

} // namespace stagedoor
