// SPDX-License-Identifier: LGPL-2.1-or-later
// Opening of listening sockets with GIO.
#include "gst-plugins/common/tcp_listener.hpp"

#include "gst-plugins/common/listen_address.hpp"

namespace stagedoor {
namespace {

tl::expected<Socket, std::string>
bind_and_listen (const Endpoint &at, GSocketFamily family, int backlog)
{
  GError *error = nullptr;
  Socket socket (g_socket_new (family, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error));
  if (socket != nullptr) {
    const auto *bytes = at.ip.bytes.data () + (family == G_SOCKET_FAMILY_IPV4 ? 12 : 0);
    const Owned<GInetAddress, g_object_unref> ip (g_inet_address_new_from_bytes (bytes, family));
    const Owned<GSocketAddress, g_object_unref> address (
        g_inet_socket_address_new (ip.get (), at.port));
    g_socket_set_listen_backlog (socket.get (), backlog);
    if (g_socket_bind (socket.get (), address.get (), TRUE, &error)
        && g_socket_listen (socket.get (), &error))
      return socket;
  }
  const Error owned (error);
  return tl::unexpected (std::string (error != nullptr ? error->message : "no socket"));
}

std::uint16_t
port_of (GSocket *socket)
{
  const Owned<GSocketAddress, g_object_unref> local (g_socket_get_local_address (socket, nullptr));
  return local != nullptr ? g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (local.get ()))
                          : std::uint16_t{0};
}

tl::expected<Socket, std::string>
open_on (const Endpoint &at, int backlog)
{
  auto socket =
      bind_and_listen (at, at.ip.is_v4 () ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6, backlog);
  if (socket || at.ip != IpAddress{})
    return socket;
  auto v4 = bind_and_listen (at, G_SOCKET_FAMILY_IPV4, backlog); // a kernel without IPv6
  return v4 ? std::move (v4) : std::move (socket);
}

} // namespace

tl::expected<Listener, std::string>
listen_tcp (const std::string &address, int backlog)
{
  const auto at = parse_listen_address (address);
  if (!at)
    return tl::unexpected (at.error ());
  auto socket = open_on (*at, backlog);
  if (!socket)
    return tl::unexpected ("can't listen on " + address + ": " + socket.error ());
  const auto port = port_of (socket->get ());
  return Listener{std::move (*socket), port,
      address.substr (0, address.rfind (':') + 1) + std::to_string (port)};
}

} // namespace stagedoor
