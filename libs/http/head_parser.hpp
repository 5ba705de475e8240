// SPDX-License-Identifier: LGPL-2.1-or-later
// From the text of a request's head to its values.
#pragma once

#include "libs/http/request_reader.hpp"

namespace stagedoor::http1 {

/** @p text has all lines up to the empty one. nullopt: it is to be refused (RFC 9112 sections 3, 5
 * and 6: what one could take for something else is an attack). */
std::optional<RequestHead> parse_request_head (std::string_view text);

/** Path and query of a request target; nullopt when it is none of ours. */
std::optional<std::pair<std::string, std::string>> parse_target (std::string_view target);

} // namespace stagedoor::http1
