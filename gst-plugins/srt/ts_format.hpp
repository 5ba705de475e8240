// SPDX-License-Identifier: LGPL-2.1-or-later
// From caps to what a transport stream makes of the frames.
#pragma once

#include <string>

#include <gst/gst.h>
#include <tl/expected.hpp>

#include "libs/mpegts/payload.hpp"

namespace stagedoor::srtsink {

/** The error says for people what can't be carried. */
tl::expected<mpegts::Payload, std::string> payload_of (const GstCaps *caps);

} // namespace stagedoor::srtsink
