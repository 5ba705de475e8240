// SPDX-License-Identifier: LGPL-2.1-or-later
// The launcher's small pure parts: command line, times, keys as people type them, paths, log lines.
#include "launcher/cli.hpp"
#include "launcher/credential_text.hpp"
#include "launcher/log.hpp"
#include "launcher/site.hpp"
#include "launcher/when.hpp"

#include "tests/launcher/expect.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;

START_TEST (test_serve_line)
{
  const auto defaults = parse_command_line ({});
  ck_assert (defaults.has_value ());
  expect_same (std::get<ServeOptions> (*defaults).rtmp, ":1935");
  ck_assert_int_eq (std::get<ServeOptions> (*defaults).reconnect_grace, 15);
  for (const std::vector<std::string> &line :
      {std::vector<std::string>{"serve", "--rtmp", ":1", "--http=:2", "--webrtc", ":3", "--state",
           "/s", "--ready-fd", "9", "--set", "a=1", "--set", "b=2", "--pipeline", "f", "--limit",
           "connections=7", "--srt-latency", "40", "--srt-passphrase-file", "/p",
           "--reconnect-grace", "0"},
          std::vector<std::string>{"--rtmp", ":1", "--http=:2", "--webrtc", ":3", "--state", "/s",
              "--ready-fd", "9", "--set", "a=1", "--set", "b=2", "--pipeline", "f", "--limit",
              "connections=7", "--srt-latency", "40", "--srt-passphrase-file", "/p",
              "--reconnect-grace=0"}}) {
    const auto command = parse_command_line (line);
    ck_assert (command.has_value ());
    const auto &serve = std::get<ServeOptions> (*command);
    expect_same (serve.rtmp, ":1");
    expect_same (serve.http, ":2");
    expect_same (serve.webrtc, ":3");
    expect_same (serve.state, "/s");
    expect_same (serve.pipeline, "f");
    ck_assert_int_eq (serve.ready_fd, 9);
    ck_assert_int_eq (serve.reconnect_grace, 0);
    ck_assert_uint_eq (serve.settings.size (), 2);
    ck_assert_uint_eq (serve.limits.size (), 1);
    ck_assert_int_eq (serve.srt_latency_ms, 40);
    expect_same (serve.srt_passphrase_file, "/p");
  }
}
END_TEST

START_TEST (test_key_lines)
{
  const auto minted = parse_command_line (
      {"key", "new", "--stream", "live/cam*", "--role", "play", "--expires", "30d", "--json"});
  ck_assert (minted.has_value ());
  const auto &options = std::get<KeyNewOptions> (*minted);
  expect_same (options.stream, "live/cam*");
  ck_assert (options.role == keys::Role::play && options.json);
  for (const std::vector<std::string> &line :
      {std::vector<std::string>{"key", "revoke", "--json", "--", "-abcdefghijklmno"},
          std::vector<std::string>{"key", "revoke", "-abcdefghijklmno", "--json"},
          std::vector<std::string>{"key", "revoke", "--json", "-abcdefghijklmno"}}) {
    const auto dashed = parse_command_line (line);
    ck_assert (dashed.has_value ());
    expect_same (std::get<KeyRevokeOptions> (*dashed).key, "-abcdefghijklmno");
    ck_assert (std::get<KeyRevokeOptions> (*dashed).json);
  }
  const auto standard_input = parse_command_line ({"key", "inspect", "-"});
  ck_assert (standard_input.has_value ());
  expect_same (std::get<KeyInspectOptions> (*standard_input).key, "-");
}
END_TEST

START_TEST (test_wrong_lines)
{
  const std::vector<std::string> table[] = {{"sevre"}, {"serve", "x"}, {"serve", "--nothing"},
      {"serve", "--rtmp"}, {"serve", "--ready-fd", "x"}, {"serve", "--ready-fd", "1"},
      {"serve", "--ready-fd", "-5"}, {"serve", "--reconnect-grace", "-1"},
      {"serve", "--reconnect-grace", "3601"}, {"serve", "--reconnect-grace", "1.5"}, {"check"},
      {"check", "--yaml", "f"}, {"key"}, {"key", "make"}, {"key", "new"},
      {"key", "new", "--stream", "live/x", "y"},
      {"key", "new", "--stream", "live/x", "--role", "admin"}, {"key", "inspect"},
      {"key", "inspect", "a", "b"}, {"key", "revoke"}, {"key", "revoke", "a", "--key-id", "k1"}};
  for (const auto &line : table)
    ck_assert_msg (!parse_command_line (line), "%s %s", line[0].c_str (), line.back ().c_str ());
}
END_TEST

START_TEST (test_help)
{
  const std::vector<std::string> table[] = {{"--help"}, {"help"}, {"serve", "--help"},
      {"check", "-h"}, {"key", "--help"}, {"key", "new", "--help"}, {"key", "inspect", "--help"},
      {"key", "revoke", "-h"}, {"--version"}};
  for (const auto &line : table) {
    const auto command = parse_command_line (line);
    ck_assert_msg (command.has_value (), "%s", line[0].c_str ());
    ck_assert_uint_gt (std::get<PrintText> (*command).text.size (), 10);
  }
}
END_TEST

START_TEST (test_times)
{
  constexpr std::int64_t now = 1700000000;
  ck_assert (parse_when ("never", now) == 0);
  ck_assert (parse_when ("45s", now) == now + 45);
  ck_assert (parse_when ("90m", now) == now + 5400);
  ck_assert (parse_when ("12h", now) == now + 43200);
  ck_assert (parse_when ("30d", now) == now + 30 * 86400);
  ck_assert (parse_when ("2w", now) == now + 14 * 86400);
  ck_assert (parse_when ("2027-01-01T00:00:00Z", now) == 1798761600);
  ck_assert (parse_when ("2027-01-01T01:00:00+01:00", now) == 1798761600);
  expect_same (format_time (1798761600), "2027-01-01T00:00:00Z");
  for (const char *bad : {"", "d", "30", "0d", "-1d", "30x", "30dd", " 30d", "1.5h",
           "99999999999999999999d", "9223372036854775807w", "2027-01-01", "2027-01-01T00:00:00",
           "2027-13-01T00:00:00Z", "1960-01-01T00:00:00Z", "9999-01-01T00:00:00Z", "tomorrow"})
    ck_assert_msg (!parse_when (bad, now), "%s", bad);
}
END_TEST

START_TEST (test_credentials_as_people_type_them)
{
  struct
  {
    const char *text, *token, *stream;
  } const good[] = {{"1k1.0.p.x", "1k1.0.p.x", ""}, {"demo?key=1k1.0.p.x", "1k1.0.p.x", ""},
      {"demo?a=b&key=T&c", "T", ""}, {"rtmp://h:1935/live/demo?key=T", "T", "live/demo"},
      {"http://h/watch/live/demo?key=T", "T", "live/demo"},
      {"http://[::1]:8080/live/demo/whep?key=T", "T", "live/demo"},
      {"http://h:80/live/demo/playlist.m3u8?key=T", "T", "live/demo"}, {"rtmp://h?key=T", "T", ""}};
  for (const auto &[text, token, stream] : good) {
    const auto read = read_credential (text);
    ck_assert_msg (read.has_value (), "%s", text);
    expect_same (read->token, token);
    expect_same (read->stream, stream);
  }
  for (const auto &bad : {std::string ("demo?"), std::string ("demo?key=a&key=b"),
           std::string ("?k=1"), std::string (5000, 'x')})
    ck_assert_msg (!read_credential (bad), "%s", bad.c_str ());
}
END_TEST

START_TEST (test_reachable_addresses)
{
  struct
  {
    const char *listen, *host, *expected;
  } const table[] = {{":1935", "", "localhost:1935"}, {"0.0.0.0:1", "", "localhost:1"},
      {"[::]:1", "", "localhost:1"}, {"192.0.2.1:5", "", "192.0.2.1:5"},
      {"[2001:db8::1]:5", "", "[2001:db8::1]:5"}, {":5", "example.org", "example.org:5"},
      {"127.0.0.1:5", "2001:db8::1", "[2001:db8::1]:5"}, {":5", "192.0.2.1", "192.0.2.1:5"}};
  for (const auto &[listen, host, expected] : table)
    expect_same (reachable (listen, host), expected);
}
END_TEST

START_TEST (test_paths)
{
  using Kind = Target::Kind;
  ck_assert (target_of ("/healthz").kind == Kind::health);
  ck_assert (target_of ("/watch/live/demo").kind == Kind::watch);
  ck_assert (target_of ("/assets/watch-1.js").kind == Kind::asset);
  ck_assert (target_of ("/live/demo/status.json").kind == Kind::status);
  expect_same (target_of ("/live/demo/status.json").name, "live/demo");
  ck_assert (target_of ("/live/demo/whep").kind == Kind::whep);
  for (const std::string &bad : {std::string ("/"), std::string (), std::string ("/watch"),
           std::string ("/watch/live"), std::string ("/watch/live/demo/"),
           std::string ("/watch/other/demo"), std::string ("/live/demo"),
           std::string ("/live/demo/whep/x"), std::string ("/live/demo/x"),
           std::string ("/live/.demo/whep"), std::string ("/live/de mo/status.json"),
           std::string ("/live/d\0o/status.json", 22), std::string ("/live/../status.json"),
           std::string ("/assets/.x"), std::string ("/assets/../watch.html"),
           std::string ("/assets/"), std::string ("/healthz/"), std::string ("live/demo/whep"),
           "/live/" + std::string (65, 'a') + "/whep", std::string (100000, '/'),
           "/live/\xc3\xa4/whep" + std::string ()})
    ck_assert_msg (target_of (bad).kind == Kind::nothing, "%s", bad.c_str ());
}
END_TEST

START_TEST (test_log_lines_cannot_be_forged)
{
  expect_same (printable ("a\nstagedoor: b\r\x1b[2J\x7f"), "a?stagedoor: b??[2J?");
  expect_same (printable ("ä"), "ä");
  ck_assert_uint_le (printable (std::string (100000, 'x')).size (), 1000);
}
END_TEST

int
main ()
{
  return test::run (
      "small parts", {test_serve_line, test_key_lines, test_wrong_lines, test_help, test_times,
                         test_credentials_as_people_type_them, test_reachable_addresses, test_paths,
                         test_log_lines_cannot_be_forged});
}
