// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/keys/keyring.hpp"

#include <algorithm>

#include "libs/base/text.hpp"

namespace stagedoor::keys {

namespace {

constexpr std::string_view key_name = "key";

bool
has_item (std::string_view query, std::string_view name)
{
  for (std::size_t at = 0; at <= query.size ();) {
    const auto item = query.substr (at, query.find ('&', at) - at);
    if (item.substr (0, item.find ('=')) == name)
      return true;
    at += item.size () + 1;
  }
  return false;
}

/** What a key says of itself; only to be asked once its signature held. */
std::optional<Refusal>
check_claims (const Key &key, const Request &request)
{
  if (key.role != request.role)
    return Refusal::wrong_role;
  if (request.now_ms < key.not_before * 1000)
    return Refusal::not_yet_valid;
  if (key.expires != 0 && request.now_ms >= key.expires * 1000)
    return Refusal::expired;
  if (key.network && !key.network->contains (request.peer))
    return Refusal::wrong_network;
  return std::nullopt;
}

} // namespace

const Secret *
Keyring::find_secret (std::string_view key_id) const
{
  const auto found = std::ranges::find (settings_.secrets, key_id, &Secret::id);
  return found == settings_.secrets.end () ? nullptr : &*found;
}

tl::expected<Grant, Refusal>
Keyring::verify_key (std::string_view token, const Request &request) const
{
  if (settings_.secrets.empty ())
    return tl::unexpected (Refusal::not_accepted);
  const auto key = Key::parse (token);
  if (!key)
    return tl::unexpected (Refusal::malformed);
  const auto *secret = find_secret (key->key_id);
  if (!secret)
    return tl::unexpected (Refusal::unknown_key_id);
  if (!key->signed_by (*secret, request.app, request.stream))
    return tl::unexpected (Refusal::wrong_signature);
  Grant grant{credential_id (token), secret->id, key->expires * 1000};
  if (const auto refusal = recheck (grant))
    return tl::unexpected (*refusal);
  if (const auto refusal = check_claims (*key, request))
    return tl::unexpected (*refusal);
  return grant;
}

tl::expected<Grant, Refusal>
Keyring::verify (const Request &request) const
{
  if (!is_valid_name (request.app) || !is_valid_name (request.stream))
    return tl::unexpected (Refusal::wrong_stream);
  if (!request.bearer.empty ())
    return verify_key (request.bearer, request);
  if (const auto token = query_value (request.query, key_name))
    return verify_key (*token, request);
  if (has_item (request.query, key_name))
    return tl::unexpected (Refusal::malformed); // twice: which one is meant?
  const auto policy = settings_.ome.value_or (SignedPolicy{});
  if (!policy.is_in (request.url))
    return tl::unexpected (Refusal::no_key);
  if (!settings_.ome)
    return tl::unexpected (Refusal::not_accepted);
  if (request.keys_only)
    return tl::unexpected (Refusal::malformed);
  const auto grant = policy.verify (request);
  if (grant && settings_.revoked_credentials.contains (grant->credential_id))
    return tl::unexpected (Refusal::revoked);
  return grant;
}

std::optional<Refusal>
Keyring::recheck (const Grant &grant) const
{
  if (settings_.revoked_credentials.contains (grant.credential_id))
    return Refusal::revoked;
  if (grant.key_id.empty ())
    return settings_.ome ? std::nullopt : std::optional (Refusal::not_accepted);
  if (settings_.revoked_keys.contains (grant.key_id))
    return Refusal::revoked;
  if (!find_secret (grant.key_id))
    return Refusal::unknown_key_id;
  return std::nullopt;
}

} // namespace stagedoor::keys
