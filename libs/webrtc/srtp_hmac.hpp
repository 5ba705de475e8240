// SPDX-License-Identifier: LGPL-2.1-or-later
// HMAC-SHA1 (RFC 2104) whose key is hashed once and reused for many messages without allocating.
#pragma once

#include <openssl/sha.h>

#include <initializer_list>

#include "libs/base/hmac.hpp"

namespace stagedoor::webrtc {

class HmacSha1
{
public:
  explicit HmacSha1 (ByteView key);

  /** The MAC of all @p parts one after the other. */
  Sha1Mac operator() (std::initializer_list<ByteView> parts) const;

private:
  SHA_CTX inner_, outer_; ///< after the key's ipad and opad block
};

} // namespace stagedoor::webrtc
