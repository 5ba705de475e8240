// SPDX-License-Identifier: LGPL-2.1-or-later
// The server side of one TLS connection (RFC 8446 and RFC 5246), without the connection.
#pragma once

#include "libs/base/bytes.hpp"
#include "libs/tls/identity.hpp"

namespace stagedoor::tls {

/** TLS 1.2 and later, without renegotiation, resumption and early data. Keeps at most some records
 * of 16 KiB, whatever the peer sends. One thread at a time. */
class ServerSession
{
public:
  explicit ServerSession (const Identity &identity);
  ServerSession (const ServerSession &) = delete;
  ServerSession &operator= (const ServerSession &) = delete;

  /** Takes what the peer sent, and appends to @p plain what it said. After an error, whose text is
   * for people, nothing works any more; an alert may be left in the output. */
  tl::expected<void, std::string> feed (ByteView bytes, Bytes &plain);
  void send (ByteView plain); ///< nothing happens before the handshake is done
  void close ();              ///< tells the peer that nothing more comes

  Bytes take_output () { return std::exchange (output_, {}); }
  bool is_open () const { return state_ == State::open; } ///< the handshake is done
  bool is_over () const { return over_; }                 ///< the peer sends nothing more

private:
  enum class State { handshaking, open, failed };

  static const BIO_METHOD *bio_method ();
  static int bio_read (BIO *bio, char *out, int size);
  static int bio_write (BIO *bio, const char *in, int size);
  static long bio_control (BIO *bio, int command, long number, void *pointer);
  tl::unexpected<std::string> fail ();

  OpenSslPtr<SSL, SSL_free> ssl_; // null when there was no memory
  State state_ = State::handshaking;
  bool over_ = false;
  ByteView input_; // what OpenSSL hasn't read yet of what feed() got
  Bytes output_;
};

} // namespace stagedoor::tls
