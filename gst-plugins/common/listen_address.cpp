// SPDX-License-Identifier: LGPL-2.1-or-later
// Parsing of listen addresses, their kernel form and TCP sockets that listen on them.
#include "gst-plugins/common/listen_address.hpp"

#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "gst-plugins/common/ref.hpp"

namespace stagedoor {

tl::expected<Endpoint, std::string>
parse_listen_address (const std::string &text)
{
  const auto fail = tl::unexpected (
      "'" + text + "' is not a listen address; write host:port, [ipv6]:port or :port");
  const auto colon = text.rfind (':');
  if (colon == std::string::npos)
    return fail;
  Endpoint out;
  const char *end = text.data () + text.size ();
  const auto parsed = std::from_chars (text.data () + colon + 1, end, out.port);
  if (parsed.ec != std::errc () || parsed.ptr != end)
    return fail;
  std::string_view host (text.data (), colon);
  if (host.starts_with ('[') && host.ends_with (']'))
    host = host.substr (1, host.size () - 2);
  else if (host.find (':') != std::string_view::npos)
    return fail;
  if (host.empty ())
    return out;
  const auto ip = IpAddress::parse (host == "localhost" ? "127.0.0.1" : host);
  if (!ip)
    return fail;
  out.ip = *ip;
  return out;
}

std::string
listen_address_text (const Endpoint &endpoint)
{
  const auto port = ":" + std::to_string (endpoint.port);
  if (endpoint.ip == IpAddress{})
    return port;
  const auto host = endpoint.ip.to_string ();
  return (endpoint.ip.is_v4 () ? host : "[" + host + "]") + port;
}

namespace {

GSocket *
bind_and_listen (const IpAddress &ip, std::uint16_t port, GError **error)
{
  const auto family = ip.is_v4 () ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6;
  GSocket *socket = g_socket_new (family, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);
  if (socket == nullptr)
    return nullptr;
  if (!ip.is_v4 ())
    g_socket_set_option (socket, IPPROTO_IPV6, IPV6_V6ONLY, ip != IpAddress{}, nullptr);
  GInetAddress *inet =
      g_inet_address_new_from_bytes (ip.bytes.data () + (ip.is_v4 () ? 12 : 0), family);
  GSocketAddress *address = g_inet_socket_address_new (inet, port);
  g_socket_set_listen_backlog (
      socket, SOMAXCONN); // 10 by default, which a reload of a page can fill
  if (!g_socket_bind (socket, address, TRUE, error) || !g_socket_listen (socket, error))
    g_clear_object (&socket);
  g_object_unref (address);
  g_object_unref (inet);
  return socket;
}

} // namespace

tl::expected<Socket, std::string>
listen_tcp (const Endpoint &endpoint)
{
  GError *raw = nullptr;
  Socket socket (bind_and_listen (endpoint.ip, endpoint.port, &raw));
  const bool without_ipv6 = g_error_matches (raw, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED)
                            || g_error_matches (raw, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  if (socket == nullptr && endpoint.ip == IpAddress{} && without_ipv6) {
    g_clear_error (&raw);
    socket.reset (bind_and_listen (IpAddress::from_v4 (INADDR_ANY), endpoint.port, &raw));
  }
  const Error error (raw);
  if (socket == nullptr)
    return tl::unexpected (
        "can't listen on " + listen_address_text (endpoint) + ": " + raw->message);
  return socket;
}

std::uint16_t
bound_port (GSocket *socket)
{
  GSocketAddress *local = g_socket_get_local_address (socket, nullptr);
  const auto port =
      local != nullptr ? g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (local)) : 0;
  g_clear_object (&local);
  return static_cast<std::uint16_t> (port);
}

socklen_t
to_sockaddr (const Endpoint &endpoint, sockaddr_storage &out)
{
  auto &in6 = reinterpret_cast<sockaddr_in6 &> (out);
  in6 = {};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons (endpoint.port);
  std::memcpy (&in6.sin6_addr, endpoint.ip.bytes.data (), 16);
  return sizeof in6;
}

Endpoint
from_sockaddr (const sockaddr_storage &in)
{
  Endpoint out;
  if (in.ss_family == AF_INET6) {
    const auto &in6 = reinterpret_cast<const sockaddr_in6 &> (in);
    std::memcpy (out.ip.bytes.data (), &in6.sin6_addr, 16);
    out.port = ntohs (in6.sin6_port);
  } else if (in.ss_family == AF_INET) {
    const auto &in4 = reinterpret_cast<const sockaddr_in &> (in);
    out.ip = IpAddress::from_v4 (ntohl (in4.sin_addr.s_addr));
    out.port = ntohs (in4.sin_port);
  }
  return out;
}

} // namespace stagedoor
