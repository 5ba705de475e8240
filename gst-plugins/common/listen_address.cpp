// SPDX-License-Identifier: LGPL-2.1-or-later
// Parsing of listen addresses and their kernel form.
#include "gst-plugins/common/listen_address.hpp"

#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

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
