// SPDX-License-Identifier: LGPL-2.1-or-later
// GOption tables, one a command.
#include "launcher/cli.hpp"

#include <algorithm>
#include <memory>

#include <glib.h>

#include "gst-plugins/common/ref.hpp"
#include "libs/base/text.hpp"

namespace stagedoor {
namespace {

constexpr const char *usage = R"(Usage: stagedoor [serve] [OPTION…]
       stagedoor check FILE…
       stagedoor key new --stream APP/NAME [OPTION…]
       stagedoor key inspect KEY [OPTION…]
       stagedoor key revoke KEY | --key-id ID [OPTION…]

Admits publishers by signed key over RTMP and shows their streams to browsers over WebRTC.
"stagedoor COMMAND --help" lists the options of each; stagedoor(1) explains them.
)";

/** One command's options. Values stay the caller's defaults where an option is not given. */
class Table
{
public:
  Table (std::string command, std::string synopsis)
      : command_ (std::move (command)), synopsis_ (std::move (synopsis))
  {
    flag ("help", 'h', help_, "Shows this");
  }

  void text (const char *name, std::string &out, const char *what, const char *argument)
  {
    add (name, 0, G_OPTION_ARG_STRING, what, argument).target = &out;
  }
  void texts (
      const char *name, std::vector<std::string> &out, const char *what, const char *argument)
  {
    add (name, 0, G_OPTION_ARG_STRING_ARRAY, what, argument).many = &out;
  }
  void number (const char *name, int &out, const char *what, const char *argument)
  {
    entries_.push_back ({name, 0, 0, G_OPTION_ARG_INT, &out, what, argument});
  }
  void flag (const char *name, char letter, gboolean &out, const char *what)
  {
    entries_.push_back ({name, letter, 0, G_OPTION_ARG_NONE, &out, what, nullptr});
  }
  /** The arguments that are no options. */
  tl::expected<std::vector<std::string>, std::string> parse (std::vector<std::string> arguments);

  bool help_wanted () const { return help_ != FALSE; }
  const std::string &help_text () const { return help_text_; }

private:
  struct Slot
  {
    std::string *target = nullptr;
    std::vector<std::string> *many = nullptr;
    gchar *text = nullptr;
    gchar **list = nullptr;
  };
  Slot &add (const char *name, char letter, GOptionArg kind, const char *what, const char *argument)
  {
    auto &slot = *slots_.emplace_back (std::make_unique<Slot> ());
    gpointer out = kind == G_OPTION_ARG_STRING ? static_cast<gpointer> (&slot.text) : &slot.list;
    entries_.push_back ({name, letter, 0, kind, out, what, argument});
    return slot;
  }
  void take_values ();

  std::string command_, synopsis_, help_text_;
  gboolean help_ = FALSE;
  std::vector<GOptionEntry> entries_;
  std::vector<std::unique_ptr<Slot>> slots_;
};

void
Table::take_values ()
{
  for (auto &slot : slots_) {
    const String text (slot->text);
    const Owned<gchar *, g_strfreev> list (slot->list);
    if (text)
      *slot->target = text.get ();
    for (gchar **each = list.get (); each != nullptr && *each != nullptr; ++each)
      slot->many->emplace_back (*each);
  }
}

tl::expected<std::vector<std::string>, std::string>
Table::parse (std::vector<std::string> arguments)
{
  const Owned<GOptionContext, g_option_context_free> context (
      g_option_context_new (synopsis_.c_str ()));
  g_option_context_set_help_enabled (context.get (), FALSE); // its --help ends the process
  auto table = entries_;
  table.push_back ({});
  g_option_context_add_main_entries (context.get (), table.data (), nullptr);
  gchar **words = g_new0 (gchar *, arguments.size () + 2);
  words[0] = g_strdup (("stagedoor " + command_).c_str ());
  for (std::size_t i = 0; i < arguments.size (); ++i)
    words[i + 1] = g_strdup (arguments[i].c_str ());
  GError *error = nullptr;
  const bool parsed = g_option_context_parse_strv (context.get (), &words, &error);
  const Owned<gchar *, g_strfreev> rest (words);
  const Error owned (error);
  take_values ();
  if (!parsed)
    return tl::unexpected (std::string (error->message));
  help_text_ = String (g_option_context_get_help (context.get (), TRUE, nullptr)).get ();
  std::vector<std::string> out;
  bool only_words = false;
  for (gchar **word = words + 1; *word != nullptr; ++word)
    if (std::string_view (*word) == "--" && !std::exchange (only_words, true))
      continue;
    else
      out.emplace_back (*word);
  return out;
}

using Parsed = tl::expected<Command, std::string>;

constexpr const char *state_help =
    "Folder with the keys [$STATE_DIRECTORY, ~/.local/state/stagedoor]";
constexpr const char *json_help = "Prints JSON";

/** What one option wants of others, and of its value. */
Parsed
finish (ServeOptions out)
{
  if (out.tls_certificate.empty () != out.tls_key.empty ())
    return tl::unexpected (std::string ("--tls-certificate and --tls-key go together"));
  if (out.tls_certificate.empty () && !out.rtmps.empty ())
    return tl::unexpected (std::string ("--rtmps wants --tls-certificate and --tls-key"));
  if (!out.tls_certificate.empty () && out.rtmps.empty ())
    out.rtmps = ":1936";
  if (out.http_connections < 64 || out.http_connections > 65536)
    return tl::unexpected (std::string ("--http-connections wants a number from 64 to 65536"));
  if (out.reconnect_grace < 0 || out.reconnect_grace > 3600)
    return tl::unexpected (std::string ("--reconnect-grace wants seconds, at most 3600"));
  if (out.ready_fd < -1 || (out.ready_fd >= 0 && out.ready_fd <= 2))
    return tl::unexpected (std::string ("--ready-fd wants a descriptor above 2"));
  return out;
}

Parsed
parse_serve (std::vector<std::string> arguments)
{
  ServeOptions out;
  Table table ("serve", "");
  table.text ("rtmp", out.rtmp, "Where publishers come in [:1935]", "HOST:PORT");
  table.text (
      "rtmps", out.rtmps, "Where they come in by RTMPS [:1936 with a certificate]", "HOST:PORT");
  table.text ("tls-certificate", out.tls_certificate, "Certificate for RTMPS, PEM", "FILE");
  table.text ("tls-key", out.tls_key, "Its private key, PEM", "FILE");
  table.text ("srt", out.srt, "Where they come in by SRT, UDP [:9999]", "HOST:PORT");
  table.text ("http", out.http, "Watch page, WHEP and status [:8080]", "HOST:PORT");
  table.number ("http-connections", out.http_connections,
      "Connections by HTTP at once, each viewer by HLS has some [4096]", "N");
  table.text ("webrtc", out.webrtc, "WebRTC media, UDP [:8189]", "HOST:PORT");
  table.text ("public-address", out.public_address, "The address that viewers reach, behind NAT",
      "ADDRESS");
  table.text ("state", out.state, state_help, "FOLDER");
  table.text ("pipeline", out.pipeline, "Pipeline file of the streams [webrtc-hls.json]", "FILE");
  table.texts ("set", out.settings, "Sets a parameter of the pipeline file", "NAME=VALUE");
  table.number ("reconnect-grace", out.reconnect_grace,
      "How long a publisher may be away before its stream ends [15]", "SECONDS");
  table.text ("takeover", out.takeover,
      "Who may replace a publisher: same-key, any-key, never [same-key]", "WHO");
  table.text ("webhook", out.webhook, "Control server to ask about publishers", "URL");
  table.text ("webhook-secret-file", out.webhook_secret_file, "Signs what it is sent", "FILE");
  table.text ("webhook-dialect", out.webhook_dialect,
      "How it is spoken to: stagedoor, ome [stagedoor]", "DIALECT");
  table.texts ("limit", out.limits, "Bounds what strangers may take up", "NAME=VALUE");
  table.number ("srt-latency", out.srt_latency_ms,
      "Milliseconds that lost packets may take to come again [120]", "MS");
  table.text ("srt-passphrase-file", out.srt_passphrase_file,
      "Holds what SRT publishers must encrypt with", "FILE");
  table.number ("ready-fd", out.ready_fd, "Writes READY to this descriptor, and closes it", "FD");
  const auto rest = table.parse (std::move (arguments));
  if (!rest)
    return tl::unexpected (rest.error ());
  if (table.help_wanted ())
    return PrintText{table.help_text ()};
  if (!rest->empty ())
    return tl::unexpected ("serve takes no argument such as '" + rest->front () + "'");
  return finish (std::move (out));
}

Parsed
parse_check (std::vector<std::string> arguments)
{
  gboolean json = FALSE;
  Table table ("check", "FILE…");
  table.flag ("json", 0, json, json_help);
  auto rest = table.parse (std::move (arguments));
  if (!rest)
    return tl::unexpected (rest.error ());
  if (table.help_wanted ())
    return PrintText{table.help_text ()};
  if (rest->empty ())
    return tl::unexpected (std::string ("check wants the name of a pipeline file"));
  return CheckOptions{std::move (*rest), json != FALSE};
}

Parsed
parse_key_new (std::vector<std::string> arguments)
{
  KeyNewOptions out;
  std::string role = "publish";
  gboolean json = FALSE;
  Table table ("key new", "");
  table.text ("stream", out.stream, "The stream, or all that start alike: 'live/cam*'", "APP/NAME");
  table.text ("role", role, "publish or play [publish]", "ROLE");
  table.text ("expires", out.expires, "30d, 12h, 90m, an RFC 3339 time or never [never]", "WHEN");
  table.text ("from", out.from, "Not valid before; the same forms", "WHEN");
  table.text ("network", out.network, "Only from there: 192.0.2.0/24, 2001:db8::/32", "CIDR");
  table.text ("host", out.host, "The server's name in the URLs that are printed", "HOST");
  table.text ("state", out.state, state_help, "FOLDER");
  table.flag ("json", 0, json, json_help);
  const auto rest = table.parse (std::move (arguments));
  if (!rest)
    return tl::unexpected (rest.error ());
  if (table.help_wanted ())
    return PrintText{table.help_text ()};
  if (!rest->empty ())
    return tl::unexpected ("key new takes no argument such as '" + rest->front () + "'");
  if (out.stream.empty ())
    return tl::unexpected (std::string ("key new wants --stream APP/NAME"));
  if (role != "publish" && role != "play")
    return tl::unexpected (std::string ("--role is publish or play"));
  out.role = role == "play" ? keys::Role::play : keys::Role::publish;
  out.json = json != FALSE;
  return out;
}

Parsed
parse_key_inspect (std::vector<std::string> arguments)
{
  KeyInspectOptions out;
  gboolean json = FALSE;
  Table table ("key inspect", "KEY | -");
  table.text ("stream", out.stream, "Also says whether the key holds for it", "APP/NAME");
  table.text ("state", out.state, state_help, "FOLDER");
  table.flag ("json", 0, json, json_help);
  const auto rest = table.parse (std::move (arguments));
  if (!rest)
    return tl::unexpected (rest.error ());
  if (table.help_wanted ())
    return PrintText{table.help_text ()};
  if (rest->size () != 1)
    return tl::unexpected (std::string ("key inspect wants one key"));
  out.key = rest->front ();
  out.json = json != FALSE;
  return out;
}

/** A credential id may begin with a dash, and looks like no option that there is. */
std::string
take_credential_id (std::vector<std::string> &arguments)
{
  const auto found = std::ranges::find_if (arguments, [] (const std::string &word) {
    return word.starts_with ('-') && word.size () == 16 && base64url_decode (word).has_value ();
  });
  if (found == arguments.end ())
    return "";
  const auto out = *found;
  arguments.erase (found);
  return out;
}

Parsed
parse_key_revoke (std::vector<std::string> arguments)
{
  KeyRevokeOptions out;
  out.key = take_credential_id (arguments);
  gboolean json = FALSE;
  Table table ("key revoke", "KEY | CREDENTIAL-ID | -");
  table.text ("key-id", out.key_id, "All keys that were made with this secret", "ID");
  table.text ("state", out.state, state_help, "FOLDER");
  table.flag ("json", 0, json, json_help);
  const auto rest = table.parse (std::move (arguments));
  if (!rest)
    return tl::unexpected (rest.error ());
  if (table.help_wanted ())
    return PrintText{table.help_text ()};
  if (rest->size () + (out.key_id.empty () ? 0 : 1) + (out.key.empty () ? 0 : 1) != 1)
    return tl::unexpected (std::string ("key revoke wants one key, or --key-id"));
  if (!rest->empty ())
    out.key = rest->front ();
  out.json = json != FALSE;
  return out;
}

Parsed
parse_key (std::vector<std::string> arguments)
{
  const auto what = arguments.empty () ? "" : arguments.front ();
  if (!arguments.empty ())
    arguments.erase (arguments.begin ());
  if (what == "new")
    return parse_key_new (std::move (arguments));
  if (what == "inspect")
    return parse_key_inspect (std::move (arguments));
  if (what == "revoke")
    return parse_key_revoke (std::move (arguments));
  if (what == "--help" || what == "-h")
    return PrintText{usage};
  return tl::unexpected (std::string ("key wants one of new, inspect, revoke"));
}

} // namespace

tl::expected<Command, std::string>
parse_command_line (std::vector<std::string> arguments)
{
  const auto what = arguments.empty () ? "" : arguments.front ();
  if (what == "--help" || what == "-h" || what == "help")
    return PrintText{usage};
  if (what == "--version")
    return PrintText{"stagedoor " VERSION "\n"};
  if (what.empty () || what.starts_with ('-'))
    return parse_serve (std::move (arguments));
  arguments.erase (arguments.begin ());
  if (what == "serve")
    return parse_serve (std::move (arguments));
  if (what == "check")
    return parse_check (std::move (arguments));
  if (what == "key")
    return parse_key (std::move (arguments));
  return tl::unexpected ("there is no command '" + what + "'; there are serve, check and key");
}

} // namespace stagedoor
