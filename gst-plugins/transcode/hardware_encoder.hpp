// SPDX-License-Identifier: LGPL-2.1-or-later
// Encoders that are chips, of whatever make: which are here, and what they have in common.
#pragma once

#include <string>
#include <vector>

#include "gst-plugins/transcode/encoder_table.hpp"

namespace stagedoor::transcode {

/** The highest ranked first. That an element is here says nothing of the chip: see Verdict. */
std::vector<EncoderKind> hardware_encoders (const std::string &codec);

} // namespace stagedoor::transcode
