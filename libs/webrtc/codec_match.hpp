// SPDX-License-Identifier: LGPL-2.1-or-later
// Which offered codec can carry a source; private to negotiation.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/webrtc/negotiation.hpp"

namespace stagedoor::webrtc {

/** An m-line that can carry media of ours, used or not: it stays in the bundle. */
bool is_carried (const OfferedMedia &media);

/** The codec's name in a=rtpmap. */
std::string_view encoding_name (Codec codec);

/** False when it would look like RTCP, with rtcp-mux (RFC 5761 section 4). */
bool is_usable_type (int payload_type);

/** By name, clock rate and channels; what a=fmtp says is another matter. */
bool is_in_format_of (const OfferedCodec &offered, Codec codec);

/** How badly the offered codec suits the source: 0 when it is made for it, nullopt when it can't
 * carry it. From `tolerable` on it isn't what the offer says, but what such viewers decode in
 * practice. */
std::optional<int> misfit (const OfferedCodec &offered, const Source &source);
inline constexpr int tolerable = 100;

/** "H.264 (high profile, level 4.0)", "VP9 (profile 2)", "Opus" */
std::string describe (const Source &source);

/** The a=fmtp of the answer; empty when there is nothing to say. */
std::string answer_fmtp (const OfferedCodec &offered, const Source &source);

} // namespace stagedoor::webrtc
