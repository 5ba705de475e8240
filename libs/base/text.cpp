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

/** Bytes of the well-formed sequence (RFC 3629) at the beginning; 0 when there is none. */
std::size_t
utf8_sequence (std::string_view text)
{
  const auto byte = [&] (std::size_t i) {
    return i < text.size () ? static_cast<std::uint8_t> (text[i]) : 0;
  };
  const auto first = byte (0);
  if (first < 0x80)
    return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4)
    return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((byte (i) & 0xc0) != 0x80)
      return 0;
  const auto second = byte (1);
  const bool is_out_of_range = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)
                               || (first == 0xf0 && second < 0x90)
                               || (first == 0xf4 && second > 0x8f);
  return is_out_of_range ? 0 : size;
}

/** C0, DEL, C1, the line separators, and the marks that turn the direction of writing. */
bool
is_control (std::string_view character)
{
  if (character.size () == 1)
    return character[0] < ' ' || character[0] == 0x7f;
  static constexpr std::string_view first_c1 = "\xc2\x80", last_c1 = "\xc2\x9f";
  if (character.size () == 2)
    return (character >= first_c1 && character <= last_c1) || character == "\xd8\x9c";
  return (character >= "\xe2\x80\x8e" && character <= "\xe2\x80\x8f")
         || (character >= "\xe2\x80\xa8" && character <= "\xe2\x80\xae")
         || (character >= "\xe2\x81\xa6" && character <= "\xe2\x81\xa9");
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

std::string
printable (std::string_view text, std::size_t most)
{
  std::string out;
  for (std::size_t n = 0; n < most && !text.empty (); ++n) {
    const auto size = utf8_sequence (text);
    const auto character = text.substr (0, size);
    out += size == 0 || is_control (character) ? " " : character;
    text.remove_prefix (std::max<std::size_t> (size, 1));
  }
  return out;
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
