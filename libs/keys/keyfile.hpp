// SPDX-License-Identifier: LGPL-2.1-or-later
// The text form of a key ring's settings, one fact a line; reading and writing the file is the
// caller's.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "libs/keys/keyring.hpp"

namespace stagedoor::keys {

/** Lines, in any order; empty ones and those that begin with '#' are skipped:
 *
 *     secret <key id> <16 to 64 bytes in base64url>
 *     revoked-key <key id>
 *     revoked <credential id>
 *     ome <secret, to the end of the line>
 *     ome-names <policy name> <signature name>
 *
 * An error names the line and never holds a secret. */
tl::expected<KeyringSettings, std::string> parse_keyfile (std::string_view text);

std::string format_keyfile (const KeyringSettings &settings);

} // namespace stagedoor::keys
