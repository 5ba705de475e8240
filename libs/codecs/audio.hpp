// SPDX-License-Identifier: LGPL-2.1-or-later
// Headers of AAC, MP3 and Opus.
#pragma once

#include <optional>

#include "libs/base/bytes.hpp"

namespace stagedoor::codecs {

/** AudioSpecificConfig, ISO/IEC 14496-3 section 1.6.2.1. */
struct AacSetup
{
  unsigned object_type = 0; ///< 1 to 95; 2 is AAC-LC
  unsigned rate = 0;        ///< of what comes out of the decoder: 7350 to 96000
  unsigned channels = 0;    ///< 1 to 8, as well; 0 when they are told apart
};
std::optional<AacSetup> read_aac_setup (ByteView config);

/** Frame header of MPEG-1, 2 and 2.5 layer III, ISO/IEC 11172-3 section 2.4.1.3. */
struct Mp3Header
{
  unsigned version = 1; ///< 1, 2; 3 is 2.5
  unsigned rate = 0, channels = 0;
};
std::optional<Mp3Header> read_mp3_header (ByteView frame);

/** OpusHead, RFC 7845 section 5.1. */
struct OpusHead
{
  unsigned channels = 0;
  unsigned pre_skip = 0;   ///< samples at 48,000 Hz
  unsigned input_rate = 0; ///< only for information
  unsigned gain = 0;       ///< the 16 bits of a signed number
  unsigned mapping_family = 0;
  ByteView mapping; ///< streams, coupled streams and one byte per channel; empty in family 0
};
std::optional<OpusHead> read_opus_head (ByteView head);

} // namespace stagedoor::codecs
