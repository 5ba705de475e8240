// SPDX-License-Identifier: LGPL-2.1-or-later
// Certificate fingerprints as SDP writes them (RFC 8122 section 5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/bytes.hpp"

namespace stagedoor::webrtc {

enum class FingerprintHash { sha256, sha384, sha512 };

struct Fingerprint
{
  FingerprintHash hash;
  Bytes digest; ///< as long as the hash

  /** "sha-256 AB:CD:…", case-insensitive; nullopt for other hashes, other lengths and whatever else
   * is written differently. */
  static std::optional<Fingerprint> parse (std::string_view text);
};

/** "AB:CD:…" */
std::string colon_hex (ByteView digest);

} // namespace stagedoor::webrtc
