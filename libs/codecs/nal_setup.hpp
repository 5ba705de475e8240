// SPDX-License-Identifier: LGPL-2.1-or-later
// How MP4 and RTMP carry the parameter sets of H.264 and HEVC.
#pragma once

#include <optional>
#include <vector>

#include "libs/base/bytes.hpp"

namespace stagedoor::codecs {

/** Views into the record it was read from. */
struct NalSetup
{
  unsigned length_size = 0;             ///< bytes of each NAL unit's length: 1, 2 or 4
  std::vector<ByteView> parameter_sets; ///< in their order; none is empty
};

constexpr std::size_t max_parameter_sets = 512;

/** AVCDecoderConfigurationRecord (avcC), ISO/IEC 14496-15 section 5.3.3.1. */
std::optional<NalSetup> read_avcc (ByteView record);
/** HEVCDecoderConfigurationRecord (hvcC), section 8.3.3.1. */
std::optional<NalSetup> read_hvcc (ByteView record);

} // namespace stagedoor::codecs
