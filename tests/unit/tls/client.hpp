// SPDX-License-Identifier: LGPL-2.1-or-later
// A TLS client without a connection, for tests: what it says is taken, what it hears is given.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "libs/base/bytes.hpp"
#include "libs/base/openssl_ptr.hpp"

namespace stagedoor::test {

class TlsClient
{
public:
  /** Speaks @p newest and nothing else, when given: TLS1_2_VERSION and so on. */
  explicit TlsClient (int version = 0) : context_ (SSL_CTX_new (TLS_client_method ()))
  {
    SSL_CTX_set_security_level (context_.get (), 0); // TLS 1.1 needs SHA-1
    if (version != 0) {
      SSL_CTX_set_min_proto_version (context_.get (), version);
      SSL_CTX_set_max_proto_version (context_.get (), version);
    }
    ssl_.reset (SSL_new (context_.get ()));
    SSL_set_bio (ssl_.get (), BIO_new (BIO_s_mem ()), BIO_new (BIO_s_mem ()));
    SSL_set_connect_state (ssl_.get ());
  }

  SSL *ssl () { return ssl_.get (); }

  /** A step of the handshake; true once it is done. */
  bool shake_hands () { return SSL_do_handshake (ssl_.get ()) == 1; }
  void hear (ByteView bytes)
  {
    BIO_write (SSL_get_rbio (ssl_.get ()), bytes.data (), static_cast<int> (bytes.size ()));
  }
  /** What goes to the server. */
  Bytes said ()
  {
    Bytes out (BIO_ctrl_pending (SSL_get_wbio (ssl_.get ())));
    if (!out.empty ())
      BIO_read (SSL_get_wbio (ssl_.get ()), out.data (), static_cast<int> (out.size ()));
    return out;
  }
  bool say (ByteView plain)
  {
    return SSL_write (ssl_.get (), plain.data (), static_cast<int> (plain.size ())) > 0;
  }
  /** All that was said to it. */
  Bytes read ()
  {
    Bytes out;
    std::uint8_t room[4096];
    for (int n = 0; (n = SSL_read (ssl_.get (), room, sizeof room)) > 0;)
      out.insert (out.end (), room, room + n);
    return out;
  }
  bool was_told_the_end ()
  {
    read ();
    return (SSL_get_shutdown (ssl_.get ()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }

private:
  OpenSslPtr<SSL_CTX, SSL_CTX_free> context_;
  OpenSslPtr<SSL, SSL_free> ssl_;
};

} // namespace stagedoor::test
