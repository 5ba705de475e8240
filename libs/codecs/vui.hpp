// SPDX-License-Identifier: LGPL-2.1-or-later
// Video usability information: annexes E of ITU-T H.264 and H.265, as far as both are the same.
#pragma once

#include "libs/codecs/bits.hpp"
#include "libs/codecs/picture.hpp"

namespace stagedoor::codecs {

/** From the beginning to the location of chroma samples: pixel aspect and colours. */
void read_vui_looks (BitReader &bits, Picture &picture);

struct VuiTiming
{
  bool present = false;
  std::optional<Ratio> frame_rate; ///< nullopt when it makes no sense, too
};
/** num_units_in_tick and time_scale: ticks per second. @p ticks_per_frame is the codec's. */
VuiTiming read_vui_timing (BitReader &bits, unsigned ticks_per_frame);

} // namespace stagedoor::codecs
