// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/base/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace stagedoor {

namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

} // namespace

std::optional<IpAddress>
IpAddress::parse (std::string_view text)
{
  char buffer[INET6_ADDRSTRLEN] = {};
  if (text.size () >= sizeof buffer)
    return std::nullopt;
  text.copy (buffer, text.size ());
  IpAddress out;
  if (inet_pton (AF_INET6, buffer, out.bytes.data ()) == 1)
    return out;
  if (inet_pton (AF_INET, buffer, out.bytes.data () + mapped_prefix.size ()) != 1)
    return std::nullopt;
  std::ranges::copy (mapped_prefix, out.bytes.begin ());
  return out;
}

IpAddress
IpAddress::from_v4 (std::uint32_t host_order)
{
  IpAddress out;
  std::ranges::copy (mapped_prefix, out.bytes.begin ());
  for (int i = 0; i < 4; ++i)
    out.bytes[static_cast<std::size_t> (12 + i)] =
        static_cast<std::uint8_t> (host_order >> (24 - 8 * i));
  return out;
}

bool
IpAddress::is_v4 () const
{
  return std::equal (mapped_prefix.begin (), mapped_prefix.end (), bytes.begin ());
}

IpAddress
IpAddress::site () const
{
  auto out = *this;
  if (!is_v4 ())
    std::fill (out.bytes.begin () + 8, out.bytes.end (), std::uint8_t{0});
  return out;
}

std::string
IpAddress::to_string () const
{
  char buffer[INET6_ADDRSTRLEN] = {};
  if (is_v4 ())
    inet_ntop (AF_INET, bytes.data () + mapped_prefix.size (), buffer, sizeof buffer);
  else
    inet_ntop (AF_INET6, bytes.data (), buffer, sizeof buffer);
  return buffer;
}

std::optional<Network>
Network::parse (std::string_view text)
{
  const auto slash = text.find ('/');
  const auto base = IpAddress::parse (text.substr (0, slash));
  if (!base)
    return std::nullopt;
  Network out{*base, 128};
  if (slash == std::string_view::npos)
    return out;
  const auto digits = text.substr (slash + 1);
  int prefix = 0;
  const auto [end, error] =
      std::from_chars (digits.data (), digits.data () + digits.size (), prefix);
  const int most = base->is_v4 () ? 32 : 128;
  if (error != std::errc{} || end != digits.data () + digits.size () || prefix < 0 || prefix > most)
    return std::nullopt;
  out.prefix = prefix + 128 - most;
  return out;
}

bool
Network::contains (const IpAddress &address) const
{
  const auto whole = static_cast<std::size_t> (prefix / 8);
  if (std::memcmp (base.bytes.data (), address.bytes.data (), whole) != 0)
    return false;
  const int rest = prefix % 8;
  if (rest == 0)
    return true;
  const auto mask = static_cast<std::uint8_t> (0xff << (8 - rest));
  return ((base.bytes[whole] ^ address.bytes[whole]) & mask) == 0;
}

} // namespace stagedoor
