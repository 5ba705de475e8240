// SPDX-License-Identifier: LGPL-2.1-or-later
// Packets of Opus.
#pragma once

#include "libs/base/bytes.hpp"

namespace stagedoor::codecs {

/** Samples at 48 kHz in an Opus packet (RFC 6716 section 3.1); 0 when it is malformed. */
int opus_samples (ByteView packet);

/** Ogg's headers of the stream (RFC 7845 section 5). */
bool is_opus_header (ByteView packet);

} // namespace stagedoor::codecs
