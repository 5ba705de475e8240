// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/keys/keyfile.hpp"

#include <algorithm>
#include <vector>

#include "libs/base/text.hpp"

namespace stagedoor::keys {

namespace {

constexpr std::size_t credential_id_length = 16;

std::string_view
take_word (std::string_view &rest)
{
  const auto word = rest.substr (0, rest.find (' '));
  rest.remove_prefix (std::min (word.size () + 1, rest.size ()));
  return word;
}

const char *
read_secret (std::string_view rest, KeyringSettings &out)
{
  Secret secret;
  secret.id = take_word (rest);
  auto bytes = base64url_decode (rest);
  if (!is_valid_key_id (secret.id))
    return "a key id is 1 to 8 letters or digits";
  if (!bytes || bytes->size () < 16 || bytes->size () > 64)
    return "a secret is 16 to 64 bytes in base64url without padding";
  if (std::ranges::find (out.secrets, secret.id, &Secret::id) != out.secrets.end ())
    return "this key id has a secret already";
  secret.bytes = std::move (*bytes);
  out.secrets.push_back (std::move (secret));
  return nullptr;
}

const char *
read_ome_names (std::string_view rest, SignedPolicy &ome)
{
  ome.policy_name = take_word (rest);
  ome.signature_name = rest;
  if (!is_valid_name (ome.policy_name) || !is_valid_name (ome.signature_name)
      || ome.policy_name == ome.signature_name)
    return "expected the names of two different query items";
  return nullptr;
}

const char *
read_line (std::string_view line, KeyringSettings &out, SignedPolicy &ome)
{
  const auto what = take_word (line);
  if (what == "secret")
    return read_secret (line, out);
  if (what == "revoked-key") {
    out.revoked_keys.emplace (line);
    return is_valid_key_id (line) ? nullptr : "a key id is 1 to 8 letters or digits";
  }
  if (what == "revoked") {
    out.revoked_credentials.emplace (line);
    return line.size () == credential_id_length && base64url_decode (line)
               ? nullptr
               : "expected a credential id, as \"stagedoor key inspect\" prints it";
  }
  if (what == "ome") {
    if (!ome.secret.empty ())
      return "there is an ome secret already";
    ome.secret = line;
    return line.empty () ? "the ome secret is missing" : nullptr;
  }
  if (what == "ome-names")
    return read_ome_names (line, ome);
  return "expected secret, revoked-key, revoked, ome or ome-names";
}

} // namespace

tl::expected<KeyringSettings, std::string>
parse_keyfile (std::string_view text)
{
  KeyringSettings out;
  SignedPolicy ome;
  for (int number = 1; !text.empty (); ++number) {
    auto line = text.substr (0, text.find ('\n'));
    text.remove_prefix (std::min (line.size () + 1, text.size ()));
    if (line.ends_with ('\r'))
      line.remove_suffix (1);
    if (line.empty () || line.front () == '#')
      continue;
    if (const char *error = read_line (line, out, ome))
      return tl::unexpected ("line " + std::to_string (number) + ": " + error);
  }
  if (!ome.secret.empty ())
    out.ome = std::move (ome);
  return out;
}

std::string
format_keyfile (const KeyringSettings &settings)
{
  std::string out = "# Whoever reads this file can make keys. \"stagedoor key\" maintains it.\n";
  for (const auto &secret : settings.secrets)
    out += "secret " + secret.id + " " + base64url_encode (secret.bytes) + "\n";
  for (const auto &id : settings.revoked_keys)
    out += "revoked-key " + id + "\n";
  for (const auto &id : settings.revoked_credentials)
    out += "revoked " + id + "\n";
  if (settings.ome) {
    out += "ome " + settings.ome->secret + "\n";
    out += "ome-names " + settings.ome->policy_name + " " + settings.ome->signature_name + "\n";
  }
  return out;
}

} // namespace stagedoor::keys
