// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads a WHEP or WHIP offer with GstSDP into the values that libs/webrtc negotiates on.
#pragma once

#include <string_view>

#include <tl/expected.hpp>

#include "libs/webrtc/negotiation.hpp"

namespace stagedoor::webrtc {

/** @p sdp is a stranger's. At most 64 KiB and 32 m-lines; every string in the result is bounded and
 * safe to repeat in an answer. Rejections are 400 and say what is wrong where. */
tl::expected<Offer, Rejection> parse_offer (std::string_view sdp);

} // namespace stagedoor::webrtc
