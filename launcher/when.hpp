// SPDX-License-Identifier: LGPL-2.1-or-later
// Points in time as people type and read them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace stagedoor {

/** "30d", "12h", "90m", "45s", "2w" from @p now on, an RFC 3339 time, or "never" (0). Unix seconds;
 * nullopt for anything else, and for what is out of a key's range. */
std::optional<std::int64_t> parse_when (const std::string &text, std::int64_t now);

/** RFC 3339, UTC, in whole seconds. */
std::string format_time (std::int64_t unix_seconds);

} // namespace stagedoor
