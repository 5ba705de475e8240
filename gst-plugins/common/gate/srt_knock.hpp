// SPDX-License-Identifier: LGPL-2.1-or-later
// What a caller by SRT says it wants, and how it is told no.
#pragma once

#include <string_view>

#include "gst-plugins/common/gate/core.hpp"

namespace stagedoor::gate {

/** The number that libsrt tells a caller; docs/keys.md lists them. */
int reject_code (const std::string &reason);

tl::expected<Knock, Denial> read_knock (std::string_view streamid, const Endpoint &peer);

Refused refusal_of (const Knock &knock, const Denial &denial);

} // namespace stagedoor::gate
