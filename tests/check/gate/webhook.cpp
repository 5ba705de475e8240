// SPDX-License-Identifier: LGPL-2.1-or-later
// What control servers are told, and what right, wrong and lying answers of theirs do.
#include "libs/base/hmac.hpp"
#include "libs/base/text.hpp"

#include "tests/check/gate/webhook_fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

std::string
hex_hmac (const std::string &secret, const std::string &body)
{
  std::string out;
  for (const auto byte : hmac_sha256 (view (secret), view (body))) {
    char two[3];
    g_snprintf (two, sizeof two, "%02x", byte);
    out += two;
  }
  return out;
}

START_TEST (allowed_by_http)
{
  ControlServer server (always_yes);
  House house (server.url ());
  {
    Publisher publisher (house.gate.port ());
    ck_assert (publisher.publish (house.good ()));
  }
  ck_assert (eventually ([&] { return server.told ().size () == 2; }));
  const auto told = server.told ();
  ck_assert (told[0].head.starts_with ("POST /hook HTTP/1.1"));
  assert_text (told[0].header ("content-type"), "application/json");
  assert_text (told[0].header ("accept"), "application/json");
  for (const auto &each : told)
    assert_text (
        each.header ("x-stagedoor-signature"), "sha256=" + hex_hmac ("hunter2", each.body));
  assert_text (told[0].member ("event"), "opening");
  assert_text (told[1].member ("event"), "closing");
  assert_text (told[0].member ("id"), told[1].member ("id"));
  for (const auto &[name, value] :
      {std::pair ("protocol", "rtmp"), {"app", "live"}, {"stream", "demo"}, {"peer", "127.0.0.1"}})
    assert_text (told[0].member (name), value);
  const auto key = key_for ("live/demo");
  ck_assert (told[0].body.find (key.substr (key.size () - 22)) == std::string::npos);
  ck_assert_uint_eq (server.connections (), 1); // kept alive
}
END_TEST

START_TEST (ome_request_field_by_field)
{
  ControlServer server ([] (const Told &told) {
    return told.member ("status") == "opening"
               ? http (R"({"allowed":true,"new_url":"rtmp://x/live/other?y","lifetime":0})")
               : http ("{}");
  });
  House house (server.url (), Dialect::ome);
  const auto other = house.gate->admit ("live/other", keyring ());
  const auto before = g_get_real_time ();
  {
    Publisher publisher (house.gate.port ());
    ck_assert (publisher.publish (house.good () + "&user=7"));
    assert_text (house.gate.claim ("live/other")->name (), "live/other");
  }
  ck_assert (eventually ([&] { return server.told ().size () == 2; }));
  const auto base = "rtmp://127.0.0.1:" + std::to_string (house.gate.port ()) + "/live/";
  for (const auto &told : server.told ()) {
    assert_text (told.header ("x-ome-signature"),
        base64url_encode (hmac_sha1 (view (std::string_view ("hunter2")), view (told.body))));
    assert_text (told.header ("x-stagedoor-signature"), "");
    assert_text (told.member ("address"), "127.0.0.1");
    assert_text (told.member ("real_ip"), "127.0.0.1");
    ck_assert_int_gt (std::atoi (told.member ("port").c_str ()), 1023);
    assert_text (told.member ("direction"), "incoming");
    assert_text (told.member ("protocol"), "RTMP");
    const auto url = told.member ("url");
    ck_assert (url.starts_with (base + "demo?key=") && url.ends_with ("&user=7"));
    ck_assert_uint_eq (url.size (), (base + "demo?key=").size () + 16 + 7);
    const auto time = told.member ("time");
    GDateTime *date = g_date_time_new_from_iso8601 (time.c_str (), nullptr);
    ck_assert_msg (
        date != nullptr && time.size () == 24 && time.ends_with ("Z"), "%s", time.c_str ());
    ck_assert_int_le (std::abs (g_date_time_to_unix (date) - before / G_USEC_PER_SEC), 30);
    g_date_time_unref (date);
  }
  assert_text (server.told ()[0].member ("status"), "opening");
  assert_text (server.told ()[0].member ("new_url"), "");
  assert_text (server.told ()[1].member ("status"), "closing");
  ck_assert (server.told ()[1].member ("new_url").starts_with (base + "other?key="));
}
END_TEST

START_TEST (ome_policy_is_passed_on)
{
  ControlServer server (always_yes);
  House house (server.url (), Dialect::ome);
  keys::KeyringSettings settings;
  settings.ome = keys::SignedPolicy{.secret = "ome_is_the_best"};
  const auto token = house.gate->admit ("live/demo",
      Terms (std::make_shared<keys::Keyring> (settings), Takeover::same_key, house.hook));
  const auto url = "rtmp://127.0.0.1:" + std::to_string (house.gate.port ()) + "/live/demo";
  const auto policy = "?policy=" + base64url_encode (view (R"({"url_expire":4102444800000})"));
  const auto query = policy + "&signature="
                     + base64url_encode (hmac_sha1 (
                         view (std::string_view ("ome_is_the_best")), view (url + policy)));
  Publisher publisher (house.gate.port ());
  ck_assert (publisher.publish ("demo" + query));
  assert_text (server.told ()[0].member ("url"), url + query);
}
END_TEST

START_TEST (no_means_no)
{
  ControlServer server (
      [] (const Told &) { return http (R"({"allowed":false,"reason":"pay\nfirst\u202e"})"); });
  House house (server.url ());
  assert_refused (house, "denied", "pay first ");
  house.hook->flush ();
  ck_assert_uint_eq (server.told ().size (), 1);
}
END_TEST

START_TEST (wrong_answers_let_nobody_in)
{
  std::mutex mutex;
  std::string now;
  ControlServer server ([&] (const Told &told) {
    const std::lock_guard lock (mutex);
    return told.member ("event") == "closing" ? http ("{}") : now;
  });
  House house (server.url ());
  const auto elsewhere = "302 Found\r\nLocation: " + server.url () + "?again";
  const std::vector<std::pair<std::string, const char *>> wrong = {
      {http (yes, "500 Internal Server Error"), "answers with status 500"},
      {http (yes, "204 No Content"), "answers with status 204"},
      {http (yes, "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\""), "status 401"},
      {http (yes, elsewhere), "sends us elsewhere"},
      {http (yes, "307 Temporary Redirect\r\nLocation: " + server.url ()), "sends us elsewhere"},
      {http (yes, "200 OK", "text/html"), "something else than application/json"},
      {http ("<html>hello</html>"), "no JSON object"}, {http (""), "no JSON object"},
      {http (R"({"allowed":"true"})"), "neither true nor false"},
      {http (R"({"allowed":true,"stream":"../../etc"})"), "no name of a stream"},
      {http (R"({"allowed":true,"lifetime-ms":-5})"), "no number of milliseconds"},
      {http (R"({"allowed":true,"x":")" + std::string (100000, 'x') + "\"}"), "more than 64 KiB"},
      {http (yes, "200 OK\r\nContent-Encoding: gzip"), "something else than application/json"},
      {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{",
          "does not answer in time"},
      {"nonsense\r\n\r\n", "breaks off"}, {"", "breaks off"}};
  for (const auto &[answer, text] : wrong) {
    {
      const std::lock_guard lock (mutex);
      now = answer;
    }
    assert_refused (house, "no-answer", text);
  }
  house.hook->flush ();
  ck_assert (is_paired (server));
  for (const auto &told : server.told ())
    ck_assert (told.head.find ("?again") == std::string::npos);
  ck_assert_uint_eq (house.gate->counters ().admitted, 0);
}
END_TEST

START_TEST (truth_needs_no_known_length)
{
  ControlServer server ([] (const Told &) {
    return std::string ("HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n8\r\n{\"allowe\r\n8\r\nd\":true}\r\n"
                        "0\r\n\r\n");
  });
  House house (server.url ());
  Publisher publisher (house.gate.port ());
  ck_assert (publisher.publish (house.good ()));
}
END_TEST

START_TEST (settings_are_checked)
{
  for (const char *bad : {"", "x", "ftp://127.0.0.1/", "/path", "http://", "http://user:pw@h/"})
    ck_assert_msg (!Webhook::open ({.url = bad}).has_value (), "%s", bad);
  ck_assert (!webhook::read_secret ("/nonexistent/secret").has_value ());
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("webhook",
      {allowed_by_http, ome_request_field_by_field, ome_policy_is_passed_on, no_means_no,
          wrong_answers_let_nobody_in, truth_needs_no_known_length, settings_are_checked});
}
