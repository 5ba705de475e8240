// SPDX-License-Identifier: LGPL-2.1-or-later
// Handshake, commands and tags as a simple encoder sends them (Adobe's RTMP specification 1.0).
#include "tests/check/gate/publisher.hpp"

#include <csignal>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace stagedoor::test {
namespace {

constexpr std::uint8_t audio_tag = 8, video_tag = 9, command = 20, set_chunk_size = 1;

sockaddr_in
loopback (const char *ip, std::uint16_t port)
{
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons (port);
  inet_pton (AF_INET, ip, &out.sin_addr);
  return out;
}

/** AMF0 values. */
void
put_string (Writer &out, std::string_view text)
{
  out.u8 (2);
  out.u16 (static_cast<std::uint16_t> (text.size ()));
  out.bytes (text);
}

void
put_number (Writer &out, double number)
{
  std::uint64_t bits = 0;
  std::memcpy (&bits, &number, sizeof bits);
  out.u8 (0);
  out.u64 (bits);
}

void
put_field (Writer &out, std::string_view name, std::string_view value)
{
  out.u16 (static_cast<std::uint16_t> (name.size ()));
  out.bytes (name);
  put_string (out, value);
}

} // namespace

const Bytes h264_setup = {0x01, 0x64, 0x00, 0x0d, 0xff, 0xe1, 0x00, 0x19, 0x67, 0x64, 0x00, 0x0d,
    0xac, 0xd9, 0x41, 0x41, 0xfb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03,
    0xc0, 0xf1, 0x42, 0x99, 0x60, 0x01, 0x00, 0x04, 0x68, 0xef, 0x8f, 0xcb, 0xfd, 0xf8, 0xf8, 0x00};

Publisher::Publisher (std::uint16_t port, const char *from)
{
  socket_ = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{10, 0};
  setsockopt (socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt (socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const int at_once = 1;
  setsockopt (socket_, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
  const auto here = loopback (from, 0), there = loopback ("127.0.0.1", port);
  if (bind (socket_, reinterpret_cast<const sockaddr *> (&here), sizeof here) != 0
      || ::connect (socket_, reinterpret_cast<const sockaddr *> (&there), sizeof there) != 0)
    close ();
}

Publisher::~Publisher ()
{
  close ();
}

void
Publisher::close ()
{
  if (socket_ >= 0)
    ::close (socket_);
  socket_ = -1;
}

void
Publisher::reset ()
{
  const linger at_once{1, 0};
  setsockopt (socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close ();
}

bool
Publisher::start_tls (int version, bool careful)
{
  std::signal (SIGPIPE, SIG_IGN); // OpenSSL writes without MSG_NOSIGNAL
  static const OpenSslPtr<SSL_CTX, SSL_CTX_free> context (SSL_CTX_new (TLS_client_method ()));
  tls_.reset (SSL_new (context.get ()));
  if (version != 0) {
    SSL_set_security_level (tls_.get (), 0); // TLS 1.1 needs SHA-1
    SSL_set_min_proto_version (tls_.get (), version);
    SSL_set_max_proto_version (tls_.get (), version);
  }
  if (careful)
    SSL_set_verify (tls_.get (), SSL_VERIFY_PEER, nullptr);
  SSL_set_fd (tls_.get (), socket_);
  return SSL_connect (tls_.get ()) == 1;
}

bool
Publisher::send (ByteView bytes)
{
  if (tls_)
    return SSL_write (tls_.get (), bytes.data (), static_cast<int> (bytes.size ())) > 0;
  return send_unsealed (bytes);
}

bool
Publisher::send_unsealed (ByteView bytes)
{
  while (!bytes.empty ()) {
    const auto n = ::send (socket_, bytes.data (), bytes.size (), MSG_NOSIGNAL);
    if (n <= 0)
      return false;
    bytes = bytes.subspan (static_cast<std::size_t> (n));
  }
  return true;
}

ssize_t
Publisher::read_some (char *room, std::size_t size)
{
  if (!tls_)
    return recv (socket_, room, size, 0);
  const int n = SSL_read (tls_.get (), room, static_cast<int> (size));
  return n <= 0 && SSL_get_error (tls_.get (), n) == SSL_ERROR_ZERO_RETURN ? 0 : n;
}

bool
Publisher::read_more ()
{
  char room[4096];
  const auto n = read_some (room, sizeof room);
  if (n > 0)
    received_.append (room, static_cast<std::size_t> (n));
  return n > 0;
}

bool
Publisher::expect (std::string_view text)
{
  while (received_.find (text) == std::string::npos)
    if (!read_more ())
      return false;
  return true;
}

bool
Publisher::closed_by_peer ()
{
  char room[4096];
  ssize_t n = 0;
  while ((n = read_some (room, sizeof room)) > 0)
    received_.append (room, static_cast<std::size_t> (n));
  return n == 0 || errno == ECONNRESET;
}

void
Publisher::handshake ()
{
  constexpr std::size_t block = 1536;
  Bytes hello (1 + block, 0);
  hello[0] = 3;
  send (hello);
  while (received_.size () < 1 + 2 * block)
    if (!read_more ())
      return;
  send (Bytes (received_.begin () + 1, received_.begin () + 1 + block));
  received_.clear ();
  message (set_chunk_size, 0, 0, {0, 0, 0xff, 0xff});
}

namespace {

/** One chunk of type 0 (section 5.3.1): the chunk size is set above what is sent. */
Bytes
chunk (std::uint8_t type, std::uint32_t stream, std::uint32_t ms, const Bytes &body)
{
  Bytes out;
  Writer writer (out);
  writer.u8 (type == set_chunk_size ? 2 : 4);
  writer.u24 (ms);
  writer.u24 (static_cast<std::uint32_t> (body.size ()));
  writer.u8 (type);
  for (int shift = 0; shift < 32; shift += 8) // little-endian, alone among all
    writer.u8 (static_cast<std::uint8_t> (stream >> shift));
  writer.bytes (ByteView (body));
  return out;
}

Bytes
video_body (bool key, std::size_t size)
{
  Bytes body = {static_cast<std::uint8_t> (key ? 0x17 : 0x27), 1, 0, 0, 0};
  Writer writer (body);
  writer.u32 (static_cast<std::uint32_t> (size));
  writer.u8 (key ? 0x65 : 0x41);
  body.resize (body.size () + size - 1, 0x55);
  return body;
}

} // namespace

void
Publisher::message (std::uint8_t type, std::uint32_t stream, std::uint32_t ms, const Bytes &body)
{
  send (chunk (type, stream, ms, body));
}

void
Publisher::ask (std::string_view app, std::string_view stream, std::string_view server)
{
  Bytes connect, create, publish;
  Writer writer (connect);
  put_string (writer, "connect");
  put_number (writer, 1);
  writer.u8 (3);
  put_field (writer, "app", app);
  put_field (writer, "tcUrl", std::string (server) + "/" + std::string (app));
  writer.u24 (9); // end of the object
  message (command, 0, 0, connect);
  Writer second (create);
  put_string (second, "createStream");
  put_number (second, 2);
  second.u8 (5);
  message (command, 0, 0, create);
  Writer third (publish);
  put_string (third, "publish");
  put_number (third, 3);
  third.u8 (5);
  put_string (third, stream);
  put_string (third, "live");
  message (command, 1, 0, publish);
}

bool
Publisher::publish (
    std::string_view stream_and_query, std::string_view app, const std::string &scheme)
{
  handshake ();
  ask (app, stream_and_query, scheme + "://127.0.0.1");
  return expect ("NetStream.Publish.Start");
}

void
Publisher::unpublish ()
{
  Bytes body;
  Writer writer (body);
  put_string (writer, "deleteStream");
  put_number (writer, 4);
  writer.u8 (5);
  put_number (writer, 1);
  message (command, 0, 0, body);
}

void
Publisher::send_tag (std::uint8_t type, std::uint32_t ms, const Bytes &body)
{
  message (type, 1, ms, body);
}

void
Publisher::send_h264_setup ()
{
  Bytes body = {0x17, 0, 0, 0, 0};
  body.insert (body.end (), h264_setup.begin (), h264_setup.end ());
  send_tag (video_tag, 0, body);
}

void
Publisher::send_aac_setup ()
{
  send_tag (audio_tag, 0, {0xaf, 0, 0x12, 0x10});
}

void
Publisher::send_video (std::uint32_t ms, bool key, std::size_t size)
{
  send_tag (video_tag, ms, video_body (key, size));
}

void
Publisher::send_half_video (std::uint32_t ms, std::size_t size, std::size_t part)
{
  const auto whole = chunk (video_tag, 1, ms, video_body (true, size));
  send (ByteView (whole).first (12 + part));
}

void
Publisher::send_audio (std::uint32_t ms)
{
  send_tag (audio_tag, ms, {0xaf, 1, 0x21, 0x10, 0x05});
}

} // namespace stagedoor::test
