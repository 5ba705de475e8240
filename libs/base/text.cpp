// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/base/text.hpp"

#include <algorithm>
#include <array>

namespace stagedoor {

namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int
hex_digit (char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

bool
is_alnum (char c)
{
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

} // namespace

std::string
base64url_encode (ByteView bytes)
{
  std::string out;
  out.reserve ((bytes.size () * 4 + 2) / 3);
  std::uint32_t bits = 0;
  int held = 0;
  for (const auto byte : bytes) {
    bits = bits << 8 | byte;
    for (held += 8; held >= 6; held -= 6)
      out += alphabet[bits >> (held - 6) & 63];
  }
  if (held > 0)
    out += alphabet[bits << (6 - held) & 63];
  return out;
}

std::optional<Bytes>
base64url_decode (std::string_view text)
{
  if (text.size () % 4 == 1)
    return std::nullopt;
  Bytes out;
  out.reserve (text.size () * 3 / 4);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const auto value = alphabet.find (c);
    if (value == std::string_view::npos)
      return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t> (value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out.push_back (static_cast<std::uint8_t> (bits >> held));
    }
  }
  // Left-over bits must be zero, or one value would have several spellings.
  if ((bits & ((1u << held) - 1)) != 0)
    return std::nullopt;
  return out;
}

std::optional<std::string>
percent_decode (std::string_view text)
{
  std::string out;
  out.reserve (text.size ());
  for (std::size_t i = 0; i < text.size (); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size ())
      return std::nullopt;
    const int high = hex_digit (text[i + 1]);
    const int low = hex_digit (text[i + 2]);
    if (high < 0 || low < 0)
      return std::nullopt;
    out += static_cast<char> (high << 4 | low);
    i += 2;
  }
  return out;
}

std::optional<std::string_view>
query_value (std::string_view query, std::string_view name)
{
  std::optional<std::string_view> found;
  while (!query.empty ()) {
    const auto item = query.substr (0, query.find ('&'));
    query.remove_prefix (std::min (item.size () + 1, query.size ()));
    const auto equals = item.find ('=');
    if (item.substr (0, equals) != name)
      continue;
    if (found)
      return std::nullopt;
    found = equals == std::string_view::npos ? std::string_view{} : item.substr (equals + 1);
  }
  return found;
}

bool
is_valid_name (std::string_view name)
{
  if (name.empty () || name.size () > 64 || !is_alnum (name.front ()))
    return false;
  return std::ranges::all_of (
      name, [] (char c) { return is_alnum (c) || c == '_' || c == '.' || c == '-'; });
}

} // namespace stagedoor
