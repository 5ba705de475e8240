// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/keys/key.hpp"

#include <algorithm>
#include <charconv>

#include "libs/base/hmac.hpp"
#include "libs/base/text.hpp"

namespace stagedoor::keys {

namespace {

constexpr char version = '1';
constexpr std::size_t mac_size = 16;
constexpr std::size_t longest_token = 73;
constexpr std::int64_t latest_time = 9'999'999'999;

std::array<std::uint8_t, mac_size>
sign (const Secret &secret, std::string_view head, std::string_view app, std::string_view stream)
{
  std::string message = "stagedoor-key\n";
  message.append (head).append ("\n").append (app).append ("/").append (stream);
  const auto full = hmac_sha256 (secret.bytes, view (message));
  std::array<std::uint8_t, mac_size> mac{};
  std::copy_n (full.begin (), mac_size, mac.begin ());
  return mac;
}

/** Decimal without sign or leading zeros. */
std::optional<std::int64_t>
parse_number (std::string_view text, std::int64_t most)
{
  if (text.empty () || text.size () > 10 || (text.size () > 1 && text.front () == '0'))
    return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9')
      return std::nullopt;
    value = value * 10 + (c - '0');
  }
  if (value > most)
    return std::nullopt;
  return value;
}

/** Cuts the part before the next '.' off @p rest; nullopt when there is no '.'. */
std::optional<std::string_view>
take_part (std::string_view &rest)
{
  const auto dot = rest.find ('.');
  if (dot == std::string_view::npos)
    return std::nullopt;
  const auto part = rest.substr (0, dot);
  rest.remove_prefix (dot + 1);
  return part;
}

/** "until" or "from-until". */
bool
parse_times (std::string_view part, Key &key)
{
  const auto dash = part.find ('-');
  if (dash != std::string_view::npos) {
    const auto from = parse_number (part.substr (0, dash), latest_time);
    if (!from || *from == 0)
      return false;
    key.not_before = *from;
    part.remove_prefix (dash + 1);
  }
  const auto until = parse_number (part, latest_time);
  if (until)
    key.expires = *until;
  return until.has_value ();
}

/** 'p' or 'v', and for a prefix scope its length. */
bool
parse_role (std::string_view part, Key &key)
{
  if (part.empty () || (part.front () != 'p' && part.front () != 'v'))
    return false;
  key.role = part.front () == 'p' ? Role::publish : Role::play;
  part.remove_prefix (1);
  if (part.empty ())
    return true;
  const auto length = parse_number (part, 64);
  if (length)
    key.prefix = static_cast<std::size_t> (*length);
  return length.has_value ();
}

/** Family, two digits of prefix length, and the bytes that the prefix touches. */
std::string
format_network (const Network &network)
{
  const bool v4 = network.base.is_v4 () && network.prefix >= 96;
  const int first = v4 ? 12 : 0;
  const int bits = network.prefix - first * 8;
  std::string out = {
      v4 ? '4' : '6', static_cast<char> ('0' + bits / 10), static_cast<char> ('0' + bits % 10)};
  Bytes bytes;
  for (int at = 0; at < bits; at += 8) {
    const int unused = std::max (0, 8 - (bits - at));
    const auto byte = network.base.bytes[static_cast<std::size_t> (first + at / 8)];
    bytes.push_back (static_cast<std::uint8_t> (byte >> unused << unused));
  }
  return out + base64url_encode (bytes);
}

std::optional<Network>
parse_network (std::string_view part)
{
  if (part.size () < 3 || (part[0] != '4' && part[0] != '6'))
    return std::nullopt;
  const bool v4 = part[0] == '4';
  const auto tens = static_cast<unsigned> (part[1] - '0');
  const auto ones = static_cast<unsigned> (part[2] - '0');
  const int bits = static_cast<int> (tens * 10 + ones);
  if (tens > 9 || ones > 9 || bits > (v4 ? 32 : 64))
    return std::nullopt;
  const auto bytes = base64url_decode (part.substr (3));
  if (!bytes || bytes->size () != static_cast<std::size_t> ((bits + 7) / 8))
    return std::nullopt;
  Network out{v4 ? IpAddress::from_v4 (0) : IpAddress{}, v4 ? 96 + bits : bits};
  std::ranges::copy (*bytes, out.base.bytes.begin () + (v4 ? 12 : 0));
  if (format_network (out) != part)
    return std::nullopt;
  return out;
}

std::string
check_claims (const Secret &secret, const Claims &claims)
{
  const auto &scope = claims.scope;
  const bool any = scope.any_suffix && scope.stream.empty ();
  if (!is_valid_key_id (secret.id) || secret.bytes.size () < 16)
    return "the secret needs an id of 1 to 8 letters or digits and at least 16 bytes";
  if (!is_valid_name (scope.app) || (!any && !is_valid_name (scope.stream)))
    return "the stream must be app/stream, app/prefix* or app/*";
  if (claims.not_before < 0 || claims.expires < 0 || claims.not_before > latest_time
      || claims.expires > latest_time)
    return "the times must lie between 1970 and 2286";
  if (claims.expires != 0 && claims.expires <= claims.not_before)
    return "the key would expire before it becomes valid";
  if (claims.network && !claims.network->base.is_v4 () && claims.network->prefix > 64)
    return "an IPv6 network can be at most /64";
  if (claims.network && claims.network->base.is_v4 () && claims.network->prefix < 96)
    return "the network is neither IPv4 nor IPv6";
  return {};
}

} // namespace

std::optional<Scope>
Scope::parse (std::string_view text)
{
  const auto slash = text.find ('/');
  if (slash == std::string_view::npos)
    return std::nullopt;
  Scope out{std::string (text.substr (0, slash)), std::string (text.substr (slash + 1)), false};
  if (out.stream.ends_with ('*')) {
    out.stream.pop_back ();
    out.any_suffix = true;
  }
  const bool any = out.any_suffix && out.stream.empty ();
  if (!is_valid_name (out.app) || (!any && !is_valid_name (out.stream)))
    return std::nullopt;
  return out;
}

tl::expected<std::string, std::string>
mint (const Secret &secret, const Claims &claims)
{
  if (auto error = check_claims (secret, claims); !error.empty ())
    return tl::unexpected (std::move (error));
  std::string token = version + secret.id + ".";
  if (claims.not_before != 0)
    token += std::to_string (claims.not_before) + "-";
  token += std::to_string (claims.expires) + ".";
  token += claims.role == Role::publish ? 'p' : 'v';
  if (claims.scope.any_suffix)
    token += std::to_string (claims.scope.stream.size ());
  if (claims.network)
    token += "." + format_network (*claims.network);
  const auto mac = sign (secret, token, claims.scope.app, claims.scope.stream);
  return token + "." + base64url_encode (mac);
}

std::optional<Key>
Key::parse (std::string_view token)
{
  if (token.size () > longest_token || token.empty () || token.front () != version)
    return std::nullopt;
  Key key;
  key.token = token;
  auto rest = token.substr (1);
  const auto id = take_part (rest);
  const auto times = take_part (rest);
  const auto role = take_part (rest);
  if (!role || !is_valid_key_id (*id) || !parse_times (*times, key) || !parse_role (*role, key))
    return std::nullopt;
  key.key_id = *id;
  if (const auto network = take_part (rest)) {
    key.network = parse_network (*network);
    if (!key.network)
      return std::nullopt;
  }
  const auto mac = base64url_decode (rest);
  if (!mac || mac->size () != mac_size)
    return std::nullopt;
  std::ranges::copy (*mac, key.mac.begin ());
  return key;
}

bool
Key::signed_by (const Secret &secret, std::string_view app, std::string_view stream) const
{
  if (prefix && *prefix > stream.size ())
    return false;
  const auto head = token.substr (0, token.rfind ('.'));
  return equal_constant_time (
      mac, sign (secret, head, app, stream.substr (0, prefix.value_or (stream.size ()))));
}

std::string
credential_id (std::string_view credential)
{
  const auto digest = sha256 (view (credential));
  return base64url_encode (ByteView (digest).first (12));
}

bool
is_valid_key_id (std::string_view id)
{
  return id.size () <= 8 && is_valid_name (id)
         && id.find_first_of ("_.-") == std::string_view::npos;
}

} // namespace stagedoor::keys
