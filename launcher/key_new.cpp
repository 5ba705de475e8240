// SPDX-License-Identifier: LGPL-2.1-or-later
// `stagedoor key new`: mints a key and prints it the way OBS and players take it.
#include <cstdio>
#include <ctime>

#include "launcher/commands.hpp"
#include "launcher/credential_text.hpp"
#include "launcher/json.hpp"
#include "launcher/log.hpp"
#include "launcher/state_folder.hpp"
#include "launcher/when.hpp"

namespace stagedoor {
namespace {

Result<keys::Claims>
claims_of (const KeyNewOptions &options)
{
  const auto now = static_cast<std::int64_t> (std::time (nullptr));
  keys::Claims out;
  out.role = options.role;
  const auto scope = keys::Scope::parse (options.stream);
  if (!scope)
    return fail (exit_usage, "--stream wants APP/NAME, or 'APP/NAME*' for all that start alike");
  out.scope = *scope;
  const auto expires = parse_when (options.expires, now);
  if (!expires)
    return fail (exit_usage, "--expires wants 30d, 12h, 90m, an RFC 3339 time or never");
  out.expires = *expires;
  const auto from = parse_when (options.from.empty () ? "never" : options.from, now);
  if (!from)
    return fail (exit_usage, "--from wants 30d, 12h, 90m or an RFC 3339 time");
  out.not_before = *from;
  if (out.expires != 0 && out.expires <= std::max (now, out.not_before))
    return fail (exit_usage, "--expires must be after --from, and not past");
  if (!options.network.empty ()) {
    out.network = Network::parse (options.network);
    if (!out.network)
      return fail (exit_usage, "--network wants an address or a network such as 192.0.2.0/24");
  }
  return out;
}

/** With a last secret that is not revoked; a new one when the folder's is. */
Result<keys::KeyringSettings>
minting_settings (const StateFolder &state)
{
  auto settings = state.read_keys ();
  const auto usable = [] (const keys::KeyringSettings &s) {
    return !s.secrets.empty () && !s.revoked_keys.contains (s.secrets.back ().id);
  };
  if (settings && !usable (*settings))
    settings = state.change_keys ([&usable] (keys::KeyringSettings &s) {
      if (!usable (s))
        s.secrets.push_back (new_secret (s));
    });
  return settings;
}

/** The same claims give the same key, also after it was revoked: that one begins a little earlier
 * or later, which makes it another. */
tl::expected<std::string, std::string>
mint_unrevoked (const keys::KeyringSettings &settings, keys::Claims &claims)
{
  auto token = keys::mint (settings.secrets.back (), claims);
  while (token && settings.revoked_credentials.contains (keys::credential_id (*token))) {
    claims.not_before =
        claims.not_before == 0 ? std::int64_t{std::time (nullptr)} : claims.not_before - 1;
    token = keys::mint (settings.secrets.back (), claims);
  }
  return token;
}

/** What is printed, in both forms. */
struct Credential
{
  std::string server, key; ///< RTMP; empty for a play key
  std::string srt;
  bool srt_passphrase = false;
  std::string rtmps_server;                  ///< empty also when the server has none
  std::string watch, whip, whep, hls, token; ///< whip is empty for a play key
};

Credential
credential_for (const std::string &stream, const keys::Claims &claims, const std::string &token,
    const Addresses &at, const std::string &host)
{
  const auto http = "http://" + reachable (at.http, host);
  const auto name = stream.substr (stream.find ('/') + 1);
  Credential out;
  out.token = token;
  out.watch = http + "/watch/" + stream;
  out.whep = http + "/" + stream + "/whep";
  out.hls = http + "/" + stream + "/playlist.m3u8";
  out.srt_passphrase = at.srt_passphrase;
  const bool plays = claims.role == keys::Role::play;
  out.srt = "srt://" + reachable (at.srt, host)
            + (plays ? "?streamid=request:" : "?streamid=publish:") + stream + "?key=" + token;
  if (plays) {
    out.watch += "?key=" + token;
    out.hls += "?key=" + token;
  } else {
    out.server = "rtmp://" + reachable (at.rtmp, host) + "/" + claims.scope.app;
    if (!at.rtmps.empty ())
      out.rtmps_server = "rtmps://" + reachable (at.rtmps, host) + "/" + claims.scope.app;
    out.key = name + "?key=" + token;
    out.whip = http + "/" + stream + "/whip";
  }
  return out;
}

void
print_json (const KeyNewOptions &options, const keys::Claims &claims, const Credential &c)
{
  JsonWriter json;
  json.object ().add ("stream", options.stream);
  json.add ("role", claims.role == keys::Role::play ? "play" : "publish");
  json.add ("credential", keys::credential_id (c.token));
  if (claims.not_before != 0)
    json.add ("from", format_time (claims.not_before));
  if (claims.expires != 0)
    json.add ("expires", format_time (claims.expires));
  if (!c.server.empty ())
    json.object ("rtmp").add ("server", c.server).add ("key", c.key).end_object ();
  if (!c.rtmps_server.empty ())
    json.object ("rtmps").add ("server", c.rtmps_server).add ("key", c.key).end_object ();
  json.object ("srt").add ("url", c.srt).add ("passphrase-needed", c.srt_passphrase).end_object ();
  if (!c.whip.empty ())
    json.object ("whip").add ("url", c.whip).add ("token", c.token).end_object ();
  json.add ("watch", c.watch);
  json.object ("whep").add ("url", c.whep);
  if (c.server.empty ())
    json.add ("token", c.token);
  json.end_object ();
  json.object ("hls").add ("url", c.hls).end_object ().end_object ();
  std::fputs (json.text ().c_str (), stdout);
}

void
print_lines (const KeyNewOptions &options, const keys::Claims &claims, const Credential &c)
{
  if (!c.server.empty ())
    std::printf ("OBS: Settings > Stream > Service \"Custom...\"\n"
                 "  Server      %s\n%s%s%s  Stream Key  %s\n\n"
                 "SRT encoders  %s\n%s"
                 "WHIP          %s\n  with token  %s\n",
        c.server.c_str (), c.rtmps_server.empty () ? "" : "  or by TLS   ", c.rtmps_server.c_str (),
        c.rtmps_server.empty () ? "" : "\n", c.key.c_str (), c.srt.c_str (),
        c.srt_passphrase ? "              and the passphrase that the server was started with\n"
                         : "",
        c.whip.c_str (), c.token.c_str ());
  std::printf ("Watch         %s\nHLS players   %s\nWHEP players  %s\n", c.watch.c_str (),
      c.hls.c_str (), c.whep.c_str ());
  if (c.server.empty ())
    std::printf ("  with token  %s\nSRT players   %s\n", c.token.c_str (), c.srt.c_str ());
  if (claims.scope.any_suffix)
    std::printf ("In place of %s goes the stream's name.\n",
        options.stream.substr (options.stream.find ('/') + 1).c_str ());
  std::printf ("\nThe key holds %suntil %s. Its name in logs is %s.\n",
      claims.not_before != 0 ? ("from " + format_time (claims.not_before) + " ").c_str () : "",
      claims.expires != 0 ? format_time (claims.expires).c_str () : "it is revoked",
      keys::credential_id (c.token).c_str ());
  if (c.watch.find ("://localhost:") != std::string::npos)
    std::printf ("From other machines, use this one's name for localhost; --host prints it.\n");
}

} // namespace

Result<Exit>
run_key_new (const KeyNewOptions &options)
{
  auto claims = claims_of (options);
  if (!claims)
    return tl::unexpected (claims.error ());
  const auto state = StateFolder::open (options.state);
  if (!state)
    return tl::unexpected (state.error ());
  const auto settings = minting_settings (*state);
  if (!settings)
    return tl::unexpected (settings.error ());
  const auto token = mint_unrevoked (*settings, *claims);
  if (!token)
    return fail (exit_usage, token.error ());
  if (claims->scope.app != "live")
    log_line ("stagedoor serve takes only streams called live/NAME; this key is for others");
  const auto at = state->announced ().value_or (Addresses{.rtmp = ServeOptions{}.rtmp,
      .srt = ServeOptions{}.srt,
      .http = ServeOptions{}.http,
      .public_address = {},
      .rtmps = {}});
  const auto host = options.host.empty () ? at.public_address : options.host;
  const auto credential = credential_for (options.stream, *claims, *token, at, host);
  if (options.json)
    print_json (options, *claims, credential);
  else
    print_lines (options, *claims, credential);
  return exit_ok;
}

} // namespace stagedoor
