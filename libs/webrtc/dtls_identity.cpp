// SPDX-License-Identifier: LGPL-2.1-or-later
// Makes the certificate and the context of all sessions.
#include "libs/webrtc/dtls_identity.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <array>

namespace stagedoor::webrtc {

namespace {

using Key = OpenSslPtr<EVP_PKEY, EVP_PKEY_free>;
using Certificate = OpenSslPtr<X509, X509_free>;
using Context = OpenSslPtr<SSL_CTX, SSL_CTX_free>;

/** A certificate that nobody but the fingerprint vouches for: subject and dates are only there
 * because X.509 wants them. A day back, for peers whose clocks are behind. */
Certificate
make_certificate (EVP_PKEY *key)
{
  constexpr long day = 24 * 60 * 60;
  Certificate certificate (X509_new ());
  std::uint64_t serial = 0;
  if (!certificate || RAND_bytes (reinterpret_cast<std::uint8_t *> (&serial), sizeof serial) != 1)
    return nullptr;
  X509 *const x = certificate.get ();
  X509_NAME *const name = X509_get_subject_name (x);
  static constexpr std::uint8_t common_name[] = "stagedoor";
  const bool made =
      X509_set_version (x, X509_VERSION_3) == 1
      && ASN1_INTEGER_set_uint64 (X509_get_serialNumber (x), serial >> 1) == 1
      && X509_gmtime_adj (X509_getm_notBefore (x), -day) != nullptr
      && X509_time_adj_ex (X509_getm_notAfter (x), 10 * 365, 0, nullptr) != nullptr
      && X509_NAME_add_entry_by_txt (name, "CN", MBSTRING_ASC, common_name, -1, -1, 0) == 1
      && X509_set_issuer_name (x, name) == 1 && X509_set_pubkey (x, key) == 1
      && X509_sign (x, key, EVP_sha256 ()) > 0;
  return made ? std::move (certificate) : nullptr;
}

/** Replaces the whole of OpenSSL's chain verification: self-signed certificates have no chain, and
 * only the fingerprint counts (RFC 8122 section 6.2). */
int
verify (X509_STORE_CTX *store, void *)
{
  const auto ssl = static_cast<SSL *> (
      X509_STORE_CTX_get_ex_data (store, SSL_get_ex_data_X509_STORE_CTX_idx ()));
  const auto judge = static_cast<CertificateJudge *> (SSL_get_app_data (ssl));
  const X509 *const certificate = X509_STORE_CTX_get0_cert (store);
  if (certificate != nullptr && judge->accepts (*certificate)) {
    X509_STORE_CTX_set_error (store, X509_V_OK);
    return 1;
  }
  X509_STORE_CTX_set_error (store, X509_V_ERR_CERT_REJECTED);
  return 0;
}

Context
make_context (EVP_PKEY *key, X509 *certificate)
{
  constexpr long max_peer_certificates = 8 * 1024;
  Context context (SSL_CTX_new (DTLS_server_method ()));
  SSL_CTX *const c = context.get ();
  // The forward-secret AEAD suites that our P-256 certificate can sign for, and nothing else.
  // SSL_CTX_set_tlsext_use_srtp is the odd one out: it returns 0 for success.
  const bool made =
      context && SSL_CTX_set_min_proto_version (c, DTLS1_2_VERSION) == 1
      && SSL_CTX_set_max_proto_version (c, DTLS1_2_VERSION) == 1
      && SSL_CTX_set_cipher_list (c, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
                                     "ECDHE-ECDSA-CHACHA20-POLY1305")
             == 1
      && SSL_CTX_set1_groups_list (c, "X25519:P-256:P-384") == 1
      && SSL_CTX_set_tlsext_use_srtp (c, "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80") == 0
      && SSL_CTX_use_certificate (c, certificate) == 1 && SSL_CTX_use_PrivateKey (c, key) == 1;
  if (!made)
    return nullptr;
  SSL_CTX_set_options (c, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION
                              | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode (c, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list (c, max_peer_certificates);
  SSL_CTX_set_verify (c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback (c, verify, nullptr);
  return context;
}

} // namespace

DtlsIdentity::DtlsIdentity (std::unique_ptr<Impl> impl) : impl_ (std::move (impl))
{
}
DtlsIdentity::~DtlsIdentity () = default;

std::shared_ptr<const DtlsIdentity>
DtlsIdentity::generate ()
{
  const Key key (EVP_EC_gen ("P-256"));
  const auto certificate = key ? make_certificate (key.get ()) : nullptr;
  std::array<std::uint8_t, 32> digest;
  if (!certificate || X509_digest (certificate.get (), EVP_sha256 (), digest.data (), nullptr) != 1)
    return nullptr;
  auto context = make_context (key.get (), certificate.get ());
  if (!context)
    return nullptr;
  return std::shared_ptr<const DtlsIdentity> (
      new DtlsIdentity (std::unique_ptr<Impl> (new Impl{std::move (context), colon_hex (digest)})));
}

const std::string &
DtlsIdentity::fingerprint () const
{
  return impl_->fingerprint;
}

} // namespace stagedoor::webrtc
