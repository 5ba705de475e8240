// SPDX-License-Identifier: LGPL-2.1-or-later
// `stagedoor key inspect`: what a key says, and whether it holds.
#include <cstdio>
#include <ctime>

#include "launcher/commands.hpp"
#include "launcher/credential_text.hpp"
#include "launcher/json.hpp"
#include "launcher/state_folder.hpp"
#include "launcher/when.hpp"
#include "libs/base/text.hpp"
#include "libs/keys/keyring.hpp"

namespace stagedoor {
namespace {

using Verdict = std::optional<tl::expected<keys::Grant, keys::Refusal>>;

std::string
network_text (const Network &network)
{
  const int prefix = network.base.is_v4 () ? network.prefix - 96 : network.prefix;
  return network.base.to_string () + "/" + std::to_string (prefix);
}

/** As the gate would decide now, about a publisher from the key's own network. */
Result<Verdict>
decide (const keys::Key &key, const std::string &stream, const std::string &state_option)
{
  if (stream.empty ())
    return Verdict{};
  const auto slash = stream.find ('/');
  if (slash == std::string::npos || !is_valid_name (stream.substr (0, slash))
      || !is_valid_name (stream.substr (slash + 1)))
    return fail (exit_usage, "--stream wants APP/NAME");
  const auto state = StateFolder::open (state_option);
  if (!state)
    return tl::unexpected (state.error ());
  auto settings = state->read_keys ();
  if (!settings)
    return tl::unexpected (settings.error ());
  keys::Request request;
  request.role = key.role;
  request.app = std::string_view (stream).substr (0, slash);
  request.stream = std::string_view (stream).substr (slash + 1);
  request.bearer = key.token;
  request.now_ms = static_cast<std::int64_t> (std::time (nullptr)) * 1000;
  if (key.network)
    request.peer = key.network->base;
  return Verdict{keys::Keyring (std::move (*settings)).verify (request)};
}

void
print_json (const keys::Key &key, const std::string &stream, const Verdict &verdict)
{
  JsonWriter json;
  json.object ().add ("credential", keys::credential_id (key.token));
  json.add ("key-id", key.key_id);
  json.add ("role", key.role == keys::Role::play ? "play" : "publish");
  json.add ("scope", key.prefix ? "prefix" : "stream");
  if (key.prefix)
    json.add ("prefix-length", static_cast<std::int64_t> (*key.prefix));
  if (key.not_before != 0)
    json.add ("from", format_time (key.not_before));
  if (key.expires != 0)
    json.add ("expires", format_time (key.expires));
  if (key.network)
    json.add ("network", network_text (*key.network));
  if (verdict) {
    json.add ("stream", stream).add ("holds", verdict->has_value ());
    if (!*verdict)
      json.add ("reason", keys::name (verdict->error ()));
  }
  json.end_object ();
  std::fputs (json.text ().c_str (), stdout);
}

void
print_lines (const keys::Key &key, const std::string &stream, const Verdict &verdict)
{
  std::printf ("credential  %s\n", keys::credential_id (key.token).c_str ());
  std::printf ("secret      %s\n", std::string (key.key_id).c_str ());
  std::printf ("for         %s\n", key.role == keys::Role::play ? "playing" : "publishing");
  if (key.prefix)
    std::printf (
        "streams     all that share the first %zu characters with the one it was made for\n",
        *key.prefix);
  else
    std::printf ("streams     one\n");
  if (key.not_before != 0)
    std::printf ("from        %s\n", format_time (key.not_before).c_str ());
  std::printf ("expires     %s\n", key.expires != 0 ? format_time (key.expires).c_str () : "never");
  if (key.network)
    std::printf ("network     %s\n", network_text (*key.network).c_str ());
  if (!verdict)
    std::printf ("\nThe name of the stream is not in the key; --stream tells whether it holds.\n");
  else if (*verdict)
    std::printf ("\nIt holds for %s.\n", stream.c_str ());
  else
    std::printf ("\nIt does not hold for %s: %s.\n", stream.c_str (),
        std::string (keys::explain (verdict->error ())).c_str ());
}

} // namespace

Result<Exit>
run_key_inspect (const KeyInspectOptions &options)
{
  const auto text = read_credential (options.key);
  if (!text)
    return fail (exit_data, text.error ());
  const auto key = keys::Key::parse (text->token);
  if (!key)
    return fail (exit_data, std::string (keys::explain (keys::Refusal::malformed)));
  const auto stream = options.stream.empty () ? text->stream : options.stream;
  const auto verdict = decide (*key, stream, options.state);
  if (!verdict)
    return tl::unexpected (verdict.error ());
  if (options.json)
    print_json (*key, stream, *verdict);
  else
    print_lines (*key, stream, *verdict);
  return *verdict && !**verdict ? exit_refused : exit_ok;
}

} // namespace stagedoor
