// SPDX-License-Identifier: LGPL-2.1-or-later
// `stagedoor key revoke`: takes a key back, or all that one secret made. A running server notices.
#include <cstdio>

#include "launcher/commands.hpp"
#include "launcher/credential_text.hpp"
#include "launcher/json.hpp"
#include "launcher/state_folder.hpp"
#include "libs/base/text.hpp"

namespace stagedoor {
namespace {

constexpr std::size_t credential_id_length = 16;

Result<std::string>
credential_to_revoke (const std::string &text)
{
  if (text.size () == credential_id_length && base64url_decode (text))
    return text;
  const auto credential = read_credential (text);
  if (!credential)
    return fail (exit_data, credential.error ());
  if (!keys::Key::parse (credential->token))
    return fail (exit_data, "this is neither a key nor a credential id");
  return keys::credential_id (credential->token);
}

void
print (const KeyRevokeOptions &options, const char *kind, const std::string &what)
{
  JsonWriter json;
  json.object ().object ("revoked").add (kind, what).end_object ().end_object ();
  if (options.json)
    std::fputs (json.text ().c_str (), stdout);
  else
    std::printf ("Revoked %s %s. What runs on it ends.\n", kind, what.c_str ());
}

} // namespace

Result<Exit>
run_key_revoke (const KeyRevokeOptions &options)
{
  const auto credential =
      options.key_id.empty () ? credential_to_revoke (options.key) : Result<std::string> ("");
  if (!credential)
    return tl::unexpected (credential.error ());
  if (!options.key_id.empty () && !keys::is_valid_key_id (options.key_id))
    return fail (exit_usage, "--key-id wants 1 to 8 letters or digits");
  const auto state = StateFolder::open (options.state);
  if (!state)
    return tl::unexpected (state.error ());
  const auto changed = state->change_keys ([&] (keys::KeyringSettings &settings) {
    if (!options.key_id.empty ())
      settings.revoked_keys.insert (options.key_id);
    else
      settings.revoked_credentials.insert (*credential);
  });
  if (!changed)
    return tl::unexpected (changed.error ());
  if (!options.key_id.empty ())
    print (options, "key-id", options.key_id);
  else
    print (options, "credential", *credential);
  return exit_ok;
}

} // namespace stagedoor
