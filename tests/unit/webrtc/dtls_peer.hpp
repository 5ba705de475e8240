// SPDX-License-Identifier: LGPL-2.1-or-later
// A browser's end of the handshake: an OpenSSL DTLS client on queues of datagrams.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <check.h>

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/bytes.hpp"
#include "libs/webrtc/dtls.hpp"
#include "libs/webrtc/fingerprint.hpp"

namespace stagedoor::test {

/** How the client is set up; the defaults are a browser's. */
struct PeerOptions
{
  const char *srtp = "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM"; ///< null for none
  const char *ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305";
  int version = DTLS1_2_VERSION;
  bool rsa = false, certificate = true;
};

class DtlsPeer
{
public:
  explicit DtlsPeer (const PeerOptions &options = {})
  {
    make_certificate (options.rsa);
    context_ = SSL_CTX_new (DTLS_client_method ());
    SSL_CTX_set_security_level (context_, 0);
    SSL_CTX_set_min_proto_version (context_, options.version);
    SSL_CTX_set_max_proto_version (context_, options.version);
    ck_assert_int_eq (SSL_CTX_set_cipher_list (context_, options.ciphers), 1);
    SSL_CTX_set_options (context_, SSL_OP_NO_QUERY_MTU);
    if (options.srtp != nullptr)
      ck_assert_int_eq (SSL_CTX_set_tlsext_use_srtp (context_, options.srtp), 0);
    if (options.certificate) {
      SSL_CTX_use_certificate (context_, certificate_);
      SSL_CTX_use_PrivateKey (context_, key_);
    }
    ssl_ = SSL_new (context_);
    in_ = BIO_new (BIO_s_mem ());
    out_ = BIO_new (method ());
    BIO_set_data (out_, &sent);
    BIO_set_init (out_, 1);
    BIO_set_mem_eof_return (in_, -1);
    SSL_set_bio (ssl_, in_, out_);
    SSL_set_mtu (ssl_, 1200);
    // OpenSSL takes what is due in 15 ms as due now: so this is 5 ms.
    DTLS_set_timer_cb (ssl_, [] (SSL *, unsigned) { return 20'000u; });
    SSL_set_connect_state (ssl_);
  }
  ~DtlsPeer ()
  {
    SSL_free (ssl_);
    SSL_CTX_free (context_);
    X509_free (certificate_);
    EVP_PKEY_free (key_);
  }
  DtlsPeer (const DtlsPeer &) = delete;

  std::string fingerprint (const EVP_MD *digest = EVP_sha256 (), const char *name = "sha-256") const
  {
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> bytes;
    unsigned size = 0;
    X509_digest (certificate_, digest, bytes.data (), &size);
    return std::string (name) + " " + webrtc::colon_hex (ByteView (bytes).first (size));
  }

  /** Goes on with the handshake; what it wants to say ends up in `sent`. */
  void advance ()
  {
    ERR_clear_error ();
    const int result = SSL_is_init_finished (ssl_) ? read () : SSL_do_handshake (ssl_);
    if (result <= 0 && SSL_get_error (ssl_, result) != SSL_ERROR_WANT_READ)
      ended = true;
  }
  void feed (ByteView datagram)
  {
    BIO_write (in_, datagram.data (), static_cast<int> (datagram.size ()));
    advance ();
  }
  /** Waits for the client's timer and lets it send its flight again, in new records. */
  void resend ()
  {
    timeval left;
    while (DTLSv1_get_timeout (ssl_, &left) == 1 && DTLSv1_handle_timeout (ssl_) == 0)
      continue;
  }
  bool connected () const { return SSL_is_init_finished (ssl_); }
  void close () { SSL_shutdown (ssl_); }
  void say (std::string_view text)
  {
    SSL_write (ssl_, text.data (), static_cast<int> (text.size ()));
  }
  SSL *ssl () { return ssl_; }

  std::deque<Bytes> sent;
  bool ended = false; ///< close_notify or an alert was read, or the handshake failed

private:
  int read ()
  {
    std::array<char, 64> bytes;
    return SSL_read (ssl_, bytes.data (), bytes.size ());
  }

  void make_certificate (bool rsa)
  {
    key_ = rsa ? EVP_RSA_gen (2048) : EVP_EC_gen ("P-256");
    certificate_ = X509_new ();
    ASN1_INTEGER_set (X509_get_serialNumber (certificate_), 1);
    X509_gmtime_adj (X509_getm_notBefore (certificate_), 0);
    X509_gmtime_adj (X509_getm_notAfter (certificate_), 86400);
    X509_set_pubkey (certificate_, key_);
    ck_assert_int_gt (X509_sign (certificate_, key_, EVP_sha256 ()), 0);
  }

  static BIO_METHOD *method ()
  {
    static BIO_METHOD *const made = [] {
      const auto m = BIO_meth_new (BIO_get_new_index () | BIO_TYPE_SOURCE_SINK, "test");
      BIO_meth_set_write (m, [] (BIO *bio, const char *in, int size) {
        const auto bytes = view ({in, static_cast<std::size_t> (size)});
        static_cast<std::deque<Bytes> *> (BIO_get_data (bio))
            ->emplace_back (bytes.begin (), bytes.end ());
        return size;
      });
      BIO_meth_set_ctrl (m, [] (BIO *, int command, long, void *) -> long {
        return command == BIO_CTRL_FLUSH ? 1 : 0;
      });
      return m;
    }();
    return made;
  }

  SSL_CTX *context_ = nullptr;
  SSL *ssl_ = nullptr;
  BIO *in_ = nullptr, *out_ = nullptr;
  X509 *certificate_ = nullptr;
  EVP_PKEY *key_ = nullptr;
};

} // namespace stagedoor::test
