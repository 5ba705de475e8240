// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/webrtc/srtp_kdf.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>

namespace stagedoor::webrtc {

namespace {

/** The AES-CM pseudo-random function for one label, with a key derivation rate of zero. */
void
derive (EVP_CIPHER_CTX *aes, const SrtpKeys::Salt &salt, std::uint8_t label,
    std::span<std::uint8_t> out)
{
  std::array<std::uint8_t, 16> iv{};
  std::ranges::copy (salt, iv.begin ());
  iv[7] ^= label;
  std::ranges::fill (out, std::uint8_t{0});
  int written = 0;
  // Can only fail for want of memory, and then no packet may leave under a guessable key.
  if (EVP_EncryptInit_ex (aes, nullptr, nullptr, nullptr, iv.data ()) != 1
      || EVP_EncryptUpdate (aes, out.data (), &written, out.data (), static_cast<int> (out.size ()))
             != 1)
    std::abort ();
}

} // namespace

SessionKeys::SessionKeys (
    const SrtpKeys::Key &key, const SrtpKeys::Salt &master_salt, SrtpStream stream)
{
  const std::uint8_t first_label = stream == SrtpStream::rtp ? 0 : 3;
  EVP_CIPHER_CTX *aes = EVP_CIPHER_CTX_new ();
  if (!aes || EVP_EncryptInit_ex (aes, EVP_aes_128_ctr (), nullptr, key.data (), nullptr) != 1)
    std::abort ();
  derive (aes, master_salt, first_label, cipher);
  derive (aes, master_salt, first_label + 1, authentication);
  derive (aes, master_salt, first_label + 2, salt);
  EVP_CIPHER_CTX_free (aes);
}

SessionKeys::~SessionKeys ()
{
  OPENSSL_cleanse (this, sizeof *this);
}

} // namespace stagedoor::webrtc
