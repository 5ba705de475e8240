// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/webrtc/candidates.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

#include "gst-plugins/common/listen_address.hpp"

namespace stagedoor::webrtc {

namespace {

constexpr std::size_t max_candidates = 16;

bool
is_in (const IpAddress &ip, const char *network)
{
  return Network::parse (network)->contains (ip);
}

/** A viewer tries them all; better ones are found sooner. */
int
rank (const IpAddress &ip)
{
  if (is_in (ip, "127.0.0.0/8") || is_in (ip, "::1"))
    return 3;
  if (is_in (ip, "fc00::/7"))
    return 2;
  return ip.is_v4 () ? 0 : 1;
}

std::vector<IpAddress>
interface_addresses ()
{
  std::vector<IpAddress> out;
  ifaddrs *all = nullptr;
  if (getifaddrs (&all) != 0)
    return out;
  for (const auto *i = all; i != nullptr; i = i->ifa_next) {
    if (i->ifa_addr == nullptr || (i->ifa_flags & IFF_UP) == 0)
      continue;
    const auto family = i->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6)
      continue;
    sockaddr_storage address{};
    std::copy_n (reinterpret_cast<const char *> (i->ifa_addr),
        family == AF_INET ? sizeof (sockaddr_in) : sizeof (sockaddr_in6),
        reinterpret_cast<char *> (&address));
    const auto ip = from_sockaddr (address).ip;
    if (!is_in (ip, "fe80::/10") && !is_in (ip, "169.254.0.0/16"))
      out.push_back (ip);
  }
  freeifaddrs (all);
  std::ranges::stable_sort (out, {}, rank);
  return out;
}

} // namespace

std::vector<Endpoint>
host_candidates (const Endpoint &bound, const std::optional<IpAddress> &public_address)
{
  std::vector<IpAddress> ips;
  if (public_address)
    ips.push_back (*public_address);
  if (bound.ip == IpAddress{}) {
    const auto local = interface_addresses ();
    ips.insert (ips.end (), local.begin (), local.end ());
  } else {
    ips.push_back (bound.ip);
  }
  std::vector<Endpoint> out;
  for (const auto &ip : ips)
    if (out.size () < max_candidates && std::ranges::find (out, ip, &Endpoint::ip) == out.end ())
      out.push_back ({ip, bound.port});
  return out;
}

} // namespace stagedoor::webrtc
