// SPDX-License-Identifier: LGPL-2.1-or-later
// Text forms shared by every protocol: base64url (RFC 4648 section 5), percent-encoding, query
// strings, stream names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/base/bytes.hpp"

namespace stagedoor {

/** base64url without padding. */
std::string base64url_encode (ByteView bytes);

/** Strict: no padding, no standard alphabet, no stray bits; nullopt otherwise. */
std::optional<Bytes> base64url_decode (std::string_view text);

/** Percent-decodes once; '+' stays '+'. nullopt on a broken escape. */
std::optional<std::string> percent_decode (std::string_view text);

/** The raw (undecoded) value of @p name in "a=1&b=2"; nullopt when absent or present twice. */
std::optional<std::string_view> query_value (std::string_view query, std::string_view name);

/** @p text as UTF-8 that may be shown: broken sequences and control characters, also those that
 * change the direction of writing, become blanks. At most @p most characters. */
std::string printable (std::string_view text, std::size_t most);

/** An app or stream name: [A-Za-z0-9][A-Za-z0-9_.-]{0,63}. Everything else is refused before it
 * reaches any file name, URL or pipeline. */
bool is_valid_name (std::string_view name);

} // namespace stagedoor
