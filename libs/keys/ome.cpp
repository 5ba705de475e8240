// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/keys/ome.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "libs/base/hmac.hpp"
#include "libs/base/text.hpp"
#include "libs/keys/flat_json.hpp"
#include "libs/keys/key.hpp"

namespace stagedoor::keys {

namespace {

constexpr std::size_t longest_url = 4096;

bool
equal_ignoring_case (std::string_view a, std::string_view b)
{
  const auto lower = [] (char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char> (c + 32) : c;
  };
  return std::ranges::equal (a, b, {}, lower, lower);
}

/** The URL cut at the first '?', then at the signature. Items keep their order and their spelling.
 */
struct SignedUrl
{
  std::string base;
  std::string signed_text; ///< the URL without the signature item
  std::optional<std::string_view> policy, signature;
  bool ambiguous = false; ///< one of the two names stands there twice
};

/** Remembers @p item's value when it is called @p name. */
bool
match (std::string_view item, std::string_view name, std::optional<std::string_view> &value,
    bool &ambiguous)
{
  const auto equals = item.find ('=');
  if (item.substr (0, equals) != name)
    return false;
  ambiguous = ambiguous || value.has_value ();
  value = equals == std::string_view::npos ? std::string_view{} : item.substr (equals + 1);
  return true;
}

SignedUrl
cut (std::string_view url, const SignedPolicy &names)
{
  SignedUrl out;
  const auto mark = url.find ('?');
  out.base = url.substr (0, mark);
  out.signed_text = out.base;
  if (mark == std::string_view::npos)
    return out;
  auto query = url.substr (mark + 1);
  char joint = '?';
  for (bool more = true; more;) {
    const auto item = query.substr (0, query.find ('&'));
    more = item.size () < query.size ();
    query.remove_prefix (item.size () + (more ? 1 : 0));
    if (match (item, names.signature_name, out.signature, out.ambiguous))
      continue;
    if (equal_ignoring_case (item.substr (0, item.find ('=')), names.signature_name))
      out.ambiguous = true; // OvenMediaEngine would cut this one out too
    match (item, names.policy_name, out.policy, out.ambiguous);
    out.signed_text += joint;
    out.signed_text += item;
    joint = '&';
  }
  return out;
}

/** Whether the URL's path begins with /app/stream: the signature is over the URL, but what is
 * opened is app and stream, which a client may name apart from it. */
bool
is_path_of (std::string_view base, std::string_view app, std::string_view stream)
{
  const auto authority = base.find ("://");
  if (authority == std::string_view::npos)
    return false;
  const auto path = base.find ('/', authority + 3);
  if (path == std::string_view::npos)
    return false;
  auto rest = base.substr (path);
  for (const auto part : {app, stream}) {
    if (!rest.starts_with ('/') || rest.substr (1, part.size ()) != part)
      return false;
    rest.remove_prefix (1 + part.size ());
  }
  return rest.empty () || rest.front () == '/';
}

/** Both alphabets and optional padding, because its signers use any base64. */
std::optional<std::string>
decode_policy (std::string_view encoded)
{
  auto plain = percent_decode (encoded);
  if (!plain)
    return std::nullopt;
  for (int padding = 0; padding < 2 && plain->ends_with ('='); ++padding)
    plain->pop_back ();
  std::ranges::replace (*plain, '+', '-');
  std::ranges::replace (*plain, '/', '_');
  const auto bytes = base64url_decode (*plain);
  if (!bytes)
    return std::nullopt;
  return std::string (text (*bytes));
}

struct Policy
{
  std::int64_t url_expire = 0;                                            ///< ms
  std::int64_t url_activate = 0;                                          ///< ms
  std::int64_t stream_expire = std::numeric_limits<std::int64_t>::max (); ///< ms
  std::optional<Network> allow_ip, real_ip;
};

/** An absent optional member leaves @p out alone; one of the wrong type is refused. */
template <class Members>
bool
read_time (const Members &members, std::string_view name, std::int64_t &out, bool required = false)
{
  const auto found = members.find (name);
  if (found == members.end ())
    return !required;
  const auto value = found->second.as_unsigned ();
  if (!value)
    return false;
  constexpr auto most = std::numeric_limits<std::int64_t>::max ();
  out = static_cast<std::int64_t> (std::min<std::uint64_t> (*value, most));
  return true;
}

template <class Members>
bool
read_network (const Members &members, std::string_view name, std::optional<Network> &out)
{
  const auto found = members.find (name);
  if (found == members.end ())
    return true;
  if (found->second.kind != JsonValue::Kind::string)
    return false;
  out = Network::parse (found->second.text);
  return out.has_value ();
}

std::optional<Policy>
parse_policy (std::string_view encoded)
{
  const auto json = decode_policy (encoded);
  if (!json)
    return std::nullopt;
  const auto members = parse_flat_object (*json);
  Policy out;
  if (!members || !read_time (*members, "url_expire", out.url_expire, true)
      || !read_time (*members, "url_activate", out.url_activate)
      || !read_time (*members, "stream_expire", out.stream_expire)
      || !read_network (*members, "allow_ip", out.allow_ip)
      || !read_network (*members, "real_ip", out.real_ip))
    return std::nullopt;
  return out;
}

std::optional<Refusal>
check_policy (const Policy &policy, const Request &request)
{
  if (policy.url_expire < request.now_ms || policy.stream_expire < request.now_ms)
    return Refusal::expired;
  if (policy.url_activate > request.now_ms)
    return Refusal::not_yet_valid;
  // The caller has already put the peer behind a trusted proxy into request.peer, so both members
  // mean the same address.
  for (const auto &network : {policy.allow_ip, policy.real_ip})
    if (network && !network->contains (request.peer))
      return Refusal::wrong_network;
  return std::nullopt;
}

} // namespace

bool
SignedPolicy::is_in (std::string_view url) const
{
  const auto parts = cut (url, *this);
  return parts.policy || parts.signature;
}

tl::expected<Grant, Refusal>
SignedPolicy::verify (const Request &request) const
{
  if (request.url.size () > longest_url)
    return tl::unexpected (Refusal::malformed);
  const auto parts = cut (request.url, *this);
  if (!parts.policy && !parts.signature)
    return tl::unexpected (Refusal::no_key);
  if (!parts.policy || !parts.signature || parts.ambiguous)
    return tl::unexpected (Refusal::malformed);
  const auto given = percent_decode (*parts.signature);
  if (!given || given->empty ())
    return tl::unexpected (Refusal::malformed);
  const auto expected = base64url_encode (hmac_sha1 (view (secret), view (parts.signed_text)));
  if (!equal_constant_time (view (*given), view (expected)))
    return tl::unexpected (Refusal::wrong_signature);
  if (!is_path_of (parts.base, request.app, request.stream))
    return tl::unexpected (Refusal::wrong_stream);
  const auto policy = parse_policy (*parts.policy);
  if (!policy)
    return tl::unexpected (Refusal::malformed);
  if (const auto refusal = check_policy (*policy, request))
    return tl::unexpected (*refusal);
  Grant grant{.credential_id = credential_id (expected)};
  if (policy->stream_expire != std::numeric_limits<std::int64_t>::max ())
    grant.ends_ms = policy->stream_expire;
  return grant;
}

std::string
fill_port (std::string_view url, std::uint16_t port)
{
  const auto scheme = url.find ("://");
  if (scheme == std::string_view::npos)
    return std::string (url);
  const auto start = scheme + 3;
  const auto end = std::min (url.find_first_of ("/?", start), url.size ());
  const auto authority = url.substr (start, end - start);
  const auto host = authority.substr (authority.rfind ('@') + 1); // npos + 1 is 0
  const auto colon = host.find (':', host.starts_with ('[') ? host.find (']') : 0);
  if (colon != std::string_view::npos)
    return std::string (url);
  std::string out (url.substr (0, end));
  return out.append (":").append (std::to_string (port)).append (url.substr (end));
}

} // namespace stagedoor::keys
