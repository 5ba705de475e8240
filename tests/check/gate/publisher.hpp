// SPDX-License-Identifier: LGPL-2.1-or-later
// A publisher by RTMP over a blocking loopback socket, for tests: everything it says is written out
// here by hand, so that it doesn't share a mistake with libs/rtmp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "libs/base/bytes.hpp"
#include "libs/base/openssl_ptr.hpp"

namespace stagedoor::test {

class Publisher
{
public:
  /** Connects to 127.0.0.1, from @p from. */
  explicit Publisher (std::uint16_t port, const char *from = "127.0.0.1");
  ~Publisher ();
  Publisher (const Publisher &) = delete;
  Publisher &operator= (const Publisher &) = delete;

  bool connected () const { return socket_ >= 0; }
  bool send (ByteView bytes); ///< false when the peer has closed

  /** What follows is said by TLS: @p version and no other, when given. False when the server
   * doesn't want to, or is a @p careful client's to be refused. */
  bool start_tls (int version = 0, bool careful = false);
  bool send_unsealed (ByteView bytes); ///< past TLS
  SSL *tls () { return tls_.get (); }

  void handshake ();
  /** connect, createStream and publish. @p stream may hold a query. */
  void ask (
      std::string_view app, std::string_view stream, std::string_view server = "rtmp://127.0.0.1");
  /** All of the above; true when the server lets us publish. */
  bool publish (std::string_view stream_and_query, std::string_view app = "live",
      const std::string &scheme = "rtmp");
  void unpublish ();

  /** Reads until @p text came; false when the peer closed, or was silent for 10 s, before. */
  bool expect (std::string_view text);
  bool closed_by_peer (); ///< reads to the end; false when it was silent for 10 s
  const std::string &received () const { return received_; }

  void send_h264_setup ();
  void send_aac_setup ();
  void send_video (std::uint32_t ms, bool key, std::size_t size = 20);
  void send_audio (std::uint32_t ms);
  void send_tag (std::uint8_t type, std::uint32_t ms, const Bytes &body);
  /** The head and @p part of the body of a video message. */
  void send_half_video (std::uint32_t ms, std::size_t size, std::size_t part);
  void close ();
  void reset (); ///< closes with RST

private:
  void message (std::uint8_t type, std::uint32_t stream, std::uint32_t ms, const Bytes &body);
  /** 0 when the peer has closed, negative when it was silent or the connection broke. */
  ssize_t read_some (char *room, std::size_t size);
  bool read_more ();

  int socket_ = -1;
  OpenSslPtr<SSL, SSL_free> tls_; // or null
  std::string received_;
};

/** 320x240, high profile, 30 frames a second. */
extern const Bytes h264_setup;

} // namespace stagedoor::test
