// SPDX-License-Identifier: LGPL-2.1-or-later
// What of a playlist's query goes on to the URIs in it.
#pragma once

#include <string>
#include <string_view>

namespace stagedoor::hlssink {

/** Names a viewer, for counting. */
constexpr std::string_view session_name = "session";

/** A key is a few hundred bytes. More would only make playlists long, which have it in each URI. */
constexpr std::size_t longest_carried_query = 2048;

/** All but the session and the delivery directives; fit for a URI. */
std::string carried_query (std::string_view query);

/** @p query with a session, unless that is empty. */
std::string with_session (std::string query, std::string_view session);

} // namespace stagedoor::hlssink
