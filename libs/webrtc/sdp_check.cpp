// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/webrtc/sdp_check.hpp"

#include <algorithm>

#include "libs/webrtc/sdp_text.hpp"

namespace stagedoor::webrtc {

namespace {

constexpr std::size_t max_line = 2048, max_token = 64, max_ice = 256;

bool
is_alphanumeric (char c)
{
  return (c >= '0' && c <= '9') || (to_lower (c) >= 'a' && to_lower (c) <= 'z');
}

} // namespace

std::optional<std::string>
check_sdp_line (std::string_view line)
{
  if (line.size () > max_line)
    return "is longer than " + std::to_string (max_line) + " bytes";
  const auto is_control = [] (char c) {
    return static_cast<unsigned char> (c) < ' ' || c == 0x7f;
  };
  if (std::ranges::any_of (line, is_control))
    return "has a control character";
  if (line.size () < 2 || line[0] < 'a' || line[0] > 'z' || line[1] != '=')
    return "isn't of the form x=…";
  return std::nullopt;
}

bool
is_sdp_token (std::string_view text, std::string_view also)
{
  static constexpr std::string_view marks = "!#$%&'*+-.^_`{|}~";
  return !text.empty () && text.size () <= max_token && std::ranges::all_of (text, [&] (char c) {
    return is_alphanumeric (c) || marks.find (c) != marks.npos || also.find (c) != also.npos;
  });
}

bool
is_ice_text (std::string_view text, std::size_t shortest)
{
  return text.size () >= shortest && text.size () <= max_ice
         && std::ranges::all_of (
             text, [] (char c) { return is_alphanumeric (c) || c == '+' || c == '/'; });
}

} // namespace stagedoor::webrtc
