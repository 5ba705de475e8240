// SPDX-License-Identifier: LGPL-2.1-or-later
// A strict, bounded reader for one small JSON object (RFC 8259) whose interesting members are
// strings, numbers and booleans.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace stagedoor::keys {

struct JsonValue
{
  enum class Kind { string, number, boolean, null, other };
  Kind kind = Kind::other;
  /** A string's decoded value, a number's spelling, "true" or "false"; empty for the others. */
  std::string text;

  /** An integer >= 0, also when spelled 1e3 or 1000.0; nullopt for anything else. */
  std::optional<std::uint64_t> as_unsigned () const;
};

/** The members of the object that is the whole of @p text. nullopt when it is not JSON, not an
 * object, has a member twice, or nests deeper than 16. */
std::optional<std::map<std::string, JsonValue, std::less<>>> parse_flat_object (
    std::string_view text);

} // namespace stagedoor::keys
