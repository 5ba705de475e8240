// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/webrtc/ice_fragment.hpp"

#include <algorithm>

#include "libs/webrtc/answer_text.hpp"
#include "libs/webrtc/offer_check.hpp"
#include "libs/webrtc/sdp_check.hpp"
#include "libs/webrtc/sdp_text.hpp"

namespace stagedoor::webrtc {

namespace {

using Problem = std::optional<std::string>;

constexpr std::size_t max_body = 64 * 1024, max_lines = 1024;

/** RFC 8839 section 5.1. Which transport and which address is no matter of ours: what we don't
 * know is left out silently (RFC 9725 section 4.3.2). */
bool
is_candidate (std::string_view value)
{
  const auto foundation = next_part (value, ' '), component = next_part (value, ' '),
             transport = next_part (value, ' '), priority = next_part (value, ' '),
             address = next_part (value, ' '), port = next_part (value, ' '),
             typ = next_part (value, ' '), type = next_part (value, ' ');
  const auto is_number = [] (std::string_view text) {
    return !text.empty () && text.size () <= 10
           && std::ranges::all_of (text, [] (char c) { return c >= '0' && c <= '9'; });
  };
  return is_sdp_token (foundation, "/") && is_number (component) && is_sdp_token (transport)
         && is_number (priority) && !address.empty () && parse_number (port, 65535) && typ == "typ"
         && is_sdp_token (type);
}

/** Fragments of several m-lines repeat the credentials; in a bundle they are the same. */
Problem
read_credential (std::string_view value, std::size_t shortest, std::string &out)
{
  if (!is_ice_text (value, shortest))
    return "isn't " + std::to_string (shortest) + " to 256 letters, digits, + or /";
  if (!out.empty () && out != value)
    return "isn't the same as before: there is one transport";
  out = value;
  return std::nullopt;
}

Problem
read_line (std::string_view line, IceCredentials &ice)
{
  if (auto problem = check_sdp_line (line))
    return problem;
  if (line[0] == 'm')
    return std::nullopt;
  if (line[0] != 'a')
    return "is neither a= nor m=";
  auto value = line.substr (2);
  const auto key = next_part (value, ':');
  if (key == "ice-ufrag")
    return read_credential (value, min_ice_ufrag, ice.ufrag);
  if (key == "ice-pwd")
    return read_credential (value, min_ice_password, ice.password);
  if (key == "candidate" && !is_candidate (value))
    return "isn't a candidate";
  return std::nullopt;
}

} // namespace

tl::expected<IceFragment, Rejection>
parse_ice_fragment (std::string_view body)
{
  if (body.size () > max_body)
    return reject (400, "the fragment is larger than 64 KiB");
  while (!body.empty () && (body.back () == '\n' || body.back () == '\r'))
    body.remove_suffix (1);
  if (body.empty ())
    return reject (400, "the fragment is empty");
  IceFragment out;
  for (std::size_t number = 1; !body.empty (); ++number) {
    auto line = next_part (body, '\n');
    if (line.ends_with ('\r'))
      line.remove_suffix (1);
    if (number > max_lines)
      return reject (400, "the fragment has more than " + std::to_string (max_lines) + " lines");
    if (const auto problem = read_line (line, out.ice))
      return reject (400, "line " + std::to_string (number) + " of the fragment " + *problem);
  }
  if (out.ice.ufrag.empty () && !out.ice.password.empty ())
    return reject (400, "the fragment has an a=ice-pwd but no a=ice-ufrag");
  return out;
}

std::string
write_ice_fragment (std::string_view m_line, std::string_view mid, const IceCredentials &local,
    const std::vector<Endpoint> &candidates)
{
  std::string out;
  add_line (out, {"a=ice-lite"});
  add_credentials (out, local);
  add_line (out, {"m=", m_line});
  if (!mid.empty ())
    add_line (out, {"a=mid:", mid});
  add_candidates (out, candidates);
  return out;
}

Precondition
evaluate_if_match (std::optional<std::string_view> header, std::string_view etag)
{
  if (!header)
    return Precondition::absent;
  if (const auto value = trim (*header); value == "*" || value == "\"*\"")
    return Precondition::any;
  // Our tags have no comma, so this is exact for them.
  for (auto rest = *header; !rest.empty ();)
    if (trim (next_part (rest, ',')) == etag)
      return Precondition::holds;
  return Precondition::fails;
}

} // namespace stagedoor::webrtc
