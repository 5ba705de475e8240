// SPDX-License-Identifier: LGPL-2.1-or-later
// Message authentication (RFC 2104) and constant-time comparison, on OpenSSL's EVP interface.
#pragma once

#include <array>

#include "libs/base/bytes.hpp"

namespace stagedoor {

using Sha1Mac = std::array<std::uint8_t, 20>;
using Sha256Mac = std::array<std::uint8_t, 32>;

Sha1Mac hmac_sha1 (ByteView key, ByteView message);
Sha256Mac hmac_sha256 (ByteView key, ByteView message);

/** SHA-256 of @p message. */
Sha256Mac sha256 (ByteView message);

/** True when both are equal. Takes the same time whatever the first difference; only lengths leak.
 */
bool equal_constant_time (ByteView a, ByteView b);

} // namespace stagedoor
