// SPDX-License-Identifier: LGPL-2.1-or-later
// Sequence headers of AV1.
#pragma once

#include "libs/base/bytes.hpp"
#include "libs/codecs/picture.hpp"

namespace stagedoor::codecs {

/** Of the first sequence header in @p obus ("low overhead" format, as in av1C); nullopt when there
 * is none, or anything up to its size is broken. */
std::optional<Picture> read_av1_sequence_header (ByteView obus);

} // namespace stagedoor::codecs
