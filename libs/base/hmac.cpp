// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/base/hmac.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace stagedoor {

namespace {

template <class Mac>
Mac
hmac (const EVP_MD *digest, ByteView key, ByteView message)
{
  Mac mac{};
  // A null key pointer would mean "reuse the previous key" to OpenSSL.
  static constexpr std::uint8_t no_key = 0;
  HMAC (digest, key.empty () ? &no_key : key.data (), static_cast<int> (key.size ()),
      message.data (), message.size (), mac.data (), nullptr);
  return mac;
}

} // namespace

Sha1Mac
hmac_sha1 (ByteView key, ByteView message)
{
  return hmac<Sha1Mac> (EVP_sha1 (), key, message);
}

Sha256Mac
hmac_sha256 (ByteView key, ByteView message)
{
  return hmac<Sha256Mac> (EVP_sha256 (), key, message);
}

Sha256Mac
sha256 (ByteView message)
{
  Sha256Mac digest{};
  EVP_Digest (message.data (), message.size (), digest.data (), nullptr, EVP_sha256 (), nullptr);
  return digest;
}

bool
equal_constant_time (ByteView a, ByteView b)
{
  return a.size () == b.size () && CRYPTO_memcmp (a.data (), b.data (), a.size ()) == 0;
}

} // namespace stagedoor
