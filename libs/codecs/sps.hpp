// SPDX-License-Identifier: LGPL-2.1-or-later
// Sequence parameter sets of H.264 and HEVC.
#pragma once

#include <array>

#include "libs/base/bytes.hpp"
#include "libs/codecs/picture.hpp"

namespace stagedoor::codecs {

struct H264Sps
{
  Picture picture;
  std::uint64_t coded_pixels = 0; ///< what a decoder makes room for: picture and what is cropped
  SampleFormat samples;
  /** How many pictures may come before one that is shown earlier: 0 when there are no B-frames.
   * nullopt: it doesn't say. */
  std::optional<unsigned> reordered;
};

struct H265Sps
{
  Picture picture;
  std::uint64_t coded_pixels = 0; ///< as H264Sps has it
  SampleFormat samples;
  std::array<std::uint8_t, 12> profile_tier_level{}; ///< the general ones, section 7.3.3
  unsigned sub_layers = 1;
  bool temporal_nesting = false;
  unsigned reordered = 0; ///< as H264Sps has it
};

/** From a whole NAL unit; nullopt when it isn't an SPS that holds. Frame rate and pixel aspect are
 * only advice to a player: when their part is damaged, as some cameras write it, they are missing.
 */
std::optional<H264Sps> read_h264_sps (ByteView nal);
/** Of the base layer. */
std::optional<H265Sps> read_h265_sps (ByteView nal);

} // namespace stagedoor::codecs
