// SPDX-License-Identifier: LGPL-2.1-or-later
// Bodies and preconditions of PATCH: application/trickle-ice-sdpfrag (RFC 8840 section 9; RFC 9725
// section 4.3).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "libs/webrtc/negotiation.hpp"

namespace stagedoor::webrtc {

/** What an ICE-lite agent has to know of a fragment: whose candidates they are, not which. */
struct IceFragment
{
  IceCredentials ice; ///< either both or at most the ufrag; empty where it has none
};

/** @p body is a stranger's. Rejections are 400 and say what is wrong. */
tl::expected<IceFragment, Rejection> parse_ice_fragment (std::string_view body);

/** Answers a restart: @p m_line is what stands after "m=" in the answer that the transport is
 * of, @p mid its mid, if it has one. */
std::string write_ice_fragment (std::string_view m_line, std::string_view mid,
    const IceCredentials &local, const std::vector<Endpoint> &candidates);

/** If-Match against our strong tag (RFC 9110 section 13.1.1). `"*"` counts as `*`: some clients
 * quote it. */
enum class Precondition { absent, any, holds, fails };
Precondition evaluate_if_match (std::optional<std::string_view> header, std::string_view etag);

} // namespace stagedoor::webrtc
