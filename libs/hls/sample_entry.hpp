// SPDX-License-Identifier: LGPL-2.1-or-later
// How a track is coded: the one entry of its sample description box.
#pragma once

#include "libs/hls/cmaf.hpp"

namespace stagedoor::hls {

/** The track must be one that init_segment() takes. */
void write_sample_entry (const Track &track, Bytes &out);

/** ISO/IEC 14496-1 table 5, for MP3: that of MPEG-1, or of MPEG-2, which has lower rates. */
constexpr std::uint8_t
mp3_object_type (unsigned rate)
{
  return rate >= 32000 ? 0x6b : 0x69;
}

} // namespace stagedoor::hls
