// SPDX-License-Identifier: LGPL-2.1-or-later
// The small grammar that SDP attributes share: case, numbers, hex, fmtp parameters.
#pragma once

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace stagedoor::webrtc {

constexpr char
to_lower (char c)
{
  return c >= 'A' && c <= 'Z' ? static_cast<char> (c - 'A' + 'a') : c;
}

constexpr bool
equal_ignoring_case (std::string_view a, std::string_view b)
{
  return std::ranges::equal (a, b, {}, to_lower, to_lower);
}

/** -1 when it is none. */
constexpr int
hex_digit (char c)
{
  c = to_lower (c);
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/** The whole of @p text as a number in [0, @p max]. */
inline std::optional<int>
parse_number (std::string_view text, int max)
{
  int value = 0;
  const auto end = text.data () + text.size ();
  const auto result = std::from_chars (text.data (), end, value);
  if (result.ec != std::errc{} || result.ptr != end || text.front () == '-' || value > max)
    return std::nullopt;
  return value;
}

/** Cuts the part before @p separator off @p rest. */
constexpr std::string_view
next_part (std::string_view &rest, char separator)
{
  const auto at = std::min (rest.find (separator), rest.size ());
  const auto part = rest.substr (0, at);
  rest.remove_prefix (std::min (at + 1, rest.size ()));
  return part;
}

constexpr std::string_view
trim (std::string_view text)
{
  while (!text.empty () && text.front () == ' ')
    text.remove_prefix (1);
  while (!text.empty () && text.back () == ' ')
    text.remove_suffix (1);
  return text;
}

/** The value of @p name in "a=1;b=2", the first one; nullopt when absent. */
constexpr std::optional<std::string_view>
fmtp_value (std::string_view fmtp, std::string_view name)
{
  while (!fmtp.empty ()) {
    auto value = trim (next_part (fmtp, ';'));
    const auto key = next_part (value, '=');
    if (equal_ignoring_case (trim (key), name))
      return trim (value);
  }
  return std::nullopt;
}

} // namespace stagedoor::webrtc
