// SPDX-License-Identifier: LGPL-2.1-or-later
// Self-signed certificates for tests, as files have them.
#pragma once

#include <string>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "libs/base/openssl_ptr.hpp"

namespace stagedoor::test {

struct Pem
{
  std::string certificate, private_key;
};

inline std::string
text_of (BIO *bio)
{
  char *data = nullptr;
  const auto size = BIO_get_mem_data (bio, &data);
  return {data, static_cast<std::size_t> (size)};
}

/** For @p name, on a new P-256 key, or an RSA one of @p rsa_bits. With a @p password the key is
 * encrypted. Empty when OpenSSL can't. */
inline Pem
make_pem (const char *name = "localhost", unsigned rsa_bits = 0, const char *password = nullptr)
{
  const OpenSslPtr<EVP_PKEY, EVP_PKEY_free> key (
      rsa_bits != 0 ? EVP_RSA_gen (rsa_bits) : EVP_EC_gen ("P-256"));
  const OpenSslPtr<X509, X509_free> x (X509_new ());
  const OpenSslPtr<BIO, BIO_free_all> certificate (BIO_new (BIO_s_mem ())),
      secret (BIO_new (BIO_s_mem ()));
  X509_set_version (x.get (), X509_VERSION_3);
  ASN1_INTEGER_set (X509_get_serialNumber (x.get ()), 1);
  X509_gmtime_adj (X509_getm_notBefore (x.get ()), -3600);
  X509_gmtime_adj (X509_getm_notAfter (x.get ()), 3600);
  X509_NAME_add_entry_by_txt (X509_get_subject_name (x.get ()), "CN", MBSTRING_ASC,
      reinterpret_cast<const unsigned char *> (name), -1, -1, 0);
  X509_set_issuer_name (x.get (), X509_get_subject_name (x.get ()));
  X509_set_pubkey (x.get (), key.get ());
  const auto cipher = password != nullptr ? EVP_aes_128_cbc () : nullptr;
  if (X509_sign (x.get (), key.get (), EVP_sha256 ()) <= 0
      || PEM_write_bio_X509 (certificate.get (), x.get ()) != 1
      || PEM_write_bio_PKCS8PrivateKey (secret.get (), key.get (), cipher, password,
             password != nullptr ? static_cast<int> (std::char_traits<char>::length (password)) : 0,
             nullptr, nullptr)
             != 1)
    return {};
  return {text_of (certificate.get ()), text_of (secret.get ())};
}

} // namespace stagedoor::test
