// SPDX-License-Identifier: LGPL-2.1-or-later
// IP addresses, networks and transport endpoints as values; no sockets.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stagedoor {

/** An IPv4 or IPv6 address. IPv4 is kept as IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2), so that a
 * peer of a dual-stack socket and the same peer of an IPv4 socket compare equal. */
struct IpAddress
{
  std::array<std::uint8_t, 16> bytes{};

  static std::optional<IpAddress> parse (std::string_view text);
  static IpAddress from_v4 (std::uint32_t host_order);
  bool is_v4 () const;
  /** What limits per address count: whoever has an IPv6 address has the whole /64. */
  IpAddress site () const;
  /** 10.0.0.1, or 2001:db8::1 without brackets. */
  std::string to_string () const;
  auto operator<=> (const IpAddress &) const = default;
};

struct Endpoint
{
  IpAddress ip;
  std::uint16_t port = 0;
  auto operator<=> (const Endpoint &) const = default;
};

/** A CIDR block such as 192.168.0.0/16 or 2001:db8::/32; a bare address means that one address. */
struct Network
{
  IpAddress base;
  int prefix = 128; ///< in bits of the 128-bit (mapped) form: an IPv4 /24 is stored as 120

  static std::optional<Network> parse (std::string_view text);
  bool contains (const IpAddress &address) const;
};

} // namespace stagedoor
