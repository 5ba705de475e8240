// SPDX-License-Identifier: LGPL-2.1-or-later
// The bounds of a gate by name, as settings have them; docs/limits.md lists them.
#pragma once

#include "gst-plugins/common/gate.hpp"

namespace stagedoor::gate {

/** @p text is "NAME=VALUE"; times are in milliseconds and their names end in "-ms". The error says
 * what would be right. */
tl::expected<void, std::string> set_limit (Limits &limits, std::string_view text);

/** All of them, as fields of type guint. Transfer full. */
GstStructure *limits_structure (const Limits &limits);

/** From fields of any type of whole numbers; what isn't there has its default. */
tl::expected<Limits, std::string> limits_from (const GstStructure *fields);

} // namespace stagedoor::gate
