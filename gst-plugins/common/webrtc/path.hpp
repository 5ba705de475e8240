// SPDX-License-Identifier: LGPL-2.1-or-later
// Which way datagrams travel: a peer's address and the one of ours that it talks to.
#pragma once

#include <netinet/in.h>

#include <functional>
#include <string_view>

#include "libs/base/address.hpp"

namespace stagedoor::webrtc {

/** The 5-tuple, as far as it varies on one socket. */
struct Path
{
  Endpoint remote;
  IpAddress local;
  auto operator<=> (const Path &) const = default;
};

struct PathHash
{
  std::size_t operator() (const Path &path) const
  {
    const auto hash = [] (const IpAddress &ip) {
      return std::hash<std::string_view> () (
          {reinterpret_cast<const char *> (ip.bytes.data ()), ip.bytes.size ()});
    };
    return hash (path.remote.ip) ^ (hash (path.local) * 31) ^ (path.remote.port * 0x9e3779b1u);
  }
};

/** A path as the kernel wants it. */
struct Destination
{
  sockaddr_in6 to{};
  in6_pktinfo from{}; ///< the address to send from: hosts have more than one

  Destination () = default;
  explicit Destination (const Path &path);
};

} // namespace stagedoor::webrtc
