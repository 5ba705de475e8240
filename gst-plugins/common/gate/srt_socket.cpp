// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/gate/srt_socket.hpp"

#include <array>
#include <cstring>

#include <netinet/in.h>
#include <openssl/crypto.h>

#include "gst-plugins/common/listen_address.hpp"

namespace stagedoor::gate {
namespace {

/** For a few hundred publishers; the kernel's own limit may be lower. */
constexpr int udp_buffer = 4 * 1024 * 1024;

template <class T>
bool
set (SRTSOCKET socket, SRT_SOCKOPT option, T value)
{
  return srt_setsockflag (socket, option, &value, sizeof value) == 0;
}

tl::unexpected<std::string>
failure ()
{
  return tl::unexpected (std::string (srt_getlasterror_str ()));
}

tl::expected<SrtSocket, std::string>
bind_and_listen (const SrtListenOptions &options, bool v4)
{
  SrtSocket out (srt_create_socket ());
  const auto socket = out.get ();
  if (socket == SRT_INVALID_SOCK)
    return failure ();
  sockaddr_storage address{};
  auto size = to_sockaddr (options.at, address);
  const bool all = options.at.ip == IpAddress{};
  if (v4) {
    sockaddr_in in4{};
    in4.sin_family = AF_INET;
    in4.sin_port = htons (options.at.port);
    std::memcpy (&in4.sin_addr, options.at.ip.bytes.data () + 12, sizeof in4.sin_addr);
    std::memcpy (&address, &in4, size = sizeof in4);
  } else if (!set (socket, SRTO_IPV6ONLY, all ? 0 : 1))
    return failure ();
  const bool ready =
      set (socket, SRTO_RCVSYN, false) && set (socket, SRTO_RCVLATENCY, options.latency_ms)
      && set (socket, SRTO_PEERIDLETIMEO, options.peer_idle_ms)
      && set (socket, SRTO_UDP_RCVBUF, udp_buffer)
      && srt_listen_callback (socket, options.hook, options.context) == 0
      && srt_bind (socket, reinterpret_cast<sockaddr *> (&address), static_cast<int> (size)) == 0
      && srt_listen (socket, options.backlog) == 0;
  if (!ready)
    return failure ();
  return out;
}

} // namespace

void
start_srt ()
{
  struct Library
  {
    Library ()
    {
      // At exit, libsrt's threads, on which keys were verified, have to end before OpenSSL does.
      OPENSSL_init_crypto (OPENSSL_INIT_LOAD_CRYPTO_STRINGS, nullptr);
      srt_startup ();
      srt_setloglevel (LOG_CRIT); // what strangers send is no reason to write on stderr
    }
    ~Library () { srt_cleanup (); }
  };
  static const Library library;
}

Endpoint
endpoint_of (const sockaddr *address)
{
  sockaddr_storage storage{};
  std::memcpy (&storage, address,
      address->sa_family == AF_INET6 ? sizeof (sockaddr_in6) : sizeof (sockaddr_in));
  return from_sockaddr (storage);
}

std::uint16_t
local_port (SRTSOCKET socket)
{
  sockaddr_storage storage{};
  int size = sizeof storage;
  if (srt_getsockname (socket, reinterpret_cast<sockaddr *> (&storage), &size) != 0)
    return 0;
  return from_sockaddr (storage).port;
}

std::string
streamid_of (SRTSOCKET socket)
{
  std::array<char, 512 + 1> text{};
  int size = text.size ();
  if (srt_getsockflag (socket, SRTO_STREAMID, text.data (), &size) != 0 || size < 0)
    return {};
  return std::string (text.data (), static_cast<std::size_t> (size));
}

tl::expected<SrtSocket, std::string>
listen_srt (const SrtListenOptions &options)
{
  const bool all = options.at.ip == IpAddress{};
  auto out = bind_and_listen (options, options.at.ip.is_v4 () && !all);
  if (out || !all)
    return out;
  auto v4 = bind_and_listen (options, true); // a kernel without IPv6
  return v4 ? std::move (v4) : std::move (out);
}

} // namespace stagedoor::gate
