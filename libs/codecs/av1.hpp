// SPDX-License-Identifier: LGPL-2.1-or-later
// Sequence headers of AV1.
#pragma once

#include "libs/base/bytes.hpp"
#include "libs/codecs/picture.hpp"

namespace stagedoor::codecs {

/** Of the first sequence header in @p obus ("low overhead" format, as in av1C); nullopt when there
 * is none, or anything up to its size is broken. */
std::optional<Picture> read_av1_sequence_header (ByteView obus);

/** The most that any sequence header in @p obus asks for; 0 without one, UINT64_MAX when one can't
 * be read. */
std::uint64_t most_av1_pixels (ByteView obus);

/** AV1CodecConfigurationRecord ("AV1 Codec ISO Media File Format Binding" section 2.3) of that
 * sequence header; empty when there is none. */
Bytes write_av1c (ByteView obus);

} // namespace stagedoor::codecs
