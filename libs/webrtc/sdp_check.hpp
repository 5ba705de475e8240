// SPDX-License-Identifier: LGPL-2.1-or-later
// What must hold of a stranger's SDP lines, be they of an offer or of a fragment.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace stagedoor::webrtc {

inline constexpr std::size_t min_ice_ufrag = 4, min_ice_password = 22;

/** What is wrong with a line, as the end of a sentence: "isn't of the form x=…". */
std::optional<std::string> check_sdp_line (std::string_view line);

/** A token of RFC 8866 section 9 of at most 64 characters, or one that has those of @p also, too.
 */
bool is_sdp_token (std::string_view text, std::string_view also = "");

/** At most 256 ice-char of RFC 8839 section 5.4. */
bool is_ice_text (std::string_view text, std::size_t shortest);

} // namespace stagedoor::webrtc
