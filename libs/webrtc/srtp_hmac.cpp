// SPDX-License-Identifier: LGPL-2.1-or-later

// The SHA1_* functions are the only ones in OpenSSL whose state is a plain value. Copying an
// EVP_MD_CTX allocates, and costs as much as hashing a short packet. They are deprecated in name
// only from 3.0 on.
#define OPENSSL_API_COMPAT 10100
#include "libs/webrtc/srtp_hmac.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>

namespace stagedoor::webrtc {

HmacSha1::HmacSha1 (ByteView key)
{
  std::array<std::uint8_t, SHA_CBLOCK> block{};
  if (key.size () > block.size ())
    SHA1 (key.data (), key.size (), block.data ());
  else
    std::ranges::copy (key, block.begin ());
  for (auto &byte : block)
    byte ^= 0x36;
  SHA1_Init (&inner_);
  SHA1_Update (&inner_, block.data (), block.size ());
  for (auto &byte : block)
    byte ^= 0x36 ^ 0x5c;
  SHA1_Init (&outer_);
  SHA1_Update (&outer_, block.data (), block.size ());
  OPENSSL_cleanse (block.data (), block.size ());
}

Sha1Mac
HmacSha1::operator() (std::initializer_list<ByteView> parts) const
{
  Sha1Mac mac;
  SHA_CTX state = inner_;
  for (const auto part : parts)
    SHA1_Update (&state, part.data (), part.size ());
  SHA1_Final (mac.data (), &state);
  state = outer_;
  SHA1_Update (&state, mac.data (), mac.size ());
  SHA1_Final (mac.data (), &state);
  return mac;
}

} // namespace stagedoor::webrtc
