// SPDX-License-Identifier: LGPL-2.1-or-later
// What an offer must be like, whether it is a viewer's or a publisher's; private to negotiation.
#pragma once

#include <string>
#include <vector>

#include "libs/webrtc/negotiation.hpp"

namespace stagedoor::webrtc {

using Lines = std::vector<OfferedMedia>;

enum class Offerer { viewer, publisher };

tl::unexpected<Rejection> reject (int status, std::string text);

/** "m-line 1 (video)" */
std::string line_name (const Lines &lines, std::size_t index);

/** "VP8, rtx": each encoding of the line once, the first few. */
std::string encodings_of (const OfferedMedia &line);

/** Directions, number of tracks and the transport. The result is the m-line that the bundle's
 * transport comes from. */
tl::expected<std::size_t, Rejection> check_offer (const Offer &offer, Offerer from);

} // namespace stagedoor::webrtc
