// SPDX-License-Identifier: LGPL-2.1-or-later
// The WHIP endpoint as RFC 9725 has it: who may, what is answered, and what a session's address
// can do. Nobody connects here.
#include "tests/check/gate/whip_client.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

constexpr const char *endpoint = "/live/demo/whip";
constexpr const char *fragment = "application/trickle-ice-sdpfrag";

/** A gate with a WHIP door. */
struct House
{
  Response ask (const std::string &method, const std::string &path, const std::string &headers = "",
      const std::string &body = "")
  {
    Client client (port);
    client.send (http_request (method, path, headers, body));
    return client.receive (method != "HEAD");
  }
  Response publish (const std::string &token, const std::string &offer = recorded ("obs-publisher"),
      const std::string &type = sdp, const std::string &path = endpoint)
  {
    return Client (port).ask (whip_request (path, token, offer, type));
  }

  TestGate gate;
  const std::uint16_t port = open_whip_door (*gate.pointer ());
};

/** The same each time: it has the time in it. */
const std::string &
good_token ()
{
  static const auto token = key_for ("live/demo");
  return token;
}

const char *
reason_of (const House &house)
{
  static std::string out;
  const auto refused = house.gate.refused ();
  out = refused.empty () ? "" : refused.back ().reason;
  return out.c_str ();
}

} // namespace

START_TEST (offers_of_all_publishers_are_answered)
{
  for (const auto *name :
      {"obs-publisher", "chromium-publisher", "chromium-simulcast", "aiortc-publisher"}) {
    House house;
    const auto answer = house.publish (good_token (), recorded (name));
    ck_assert_msg (answer.status == 201, "%s: %d %s", name, answer.status, answer.body.c_str ());
    ck_assert (answer.has ("Content-Type: application/sdp"));
    ck_assert (answer.body.find ("a=recvonly") != std::string::npos);
    ck_assert (answer.body.find ("a=candidate:") != std::string::npos);
    ck_assert (answer.body.find ("a=end-of-candidates") != std::string::npos);
    const auto location = value_of (answer, "Location"), etag = value_of (answer, "ETag");
    ck_assert (location.starts_with (std::string (endpoint) + "/"));
    ck_assert_uint_ge (location.size (), std::string (endpoint).size () + 17);
    ck_assert (etag.size () > 2 && etag.front () == '"' && etag.back () == '"');
    ck_assert (
        value_of (answer, "Access-Control-Expose-Headers").find ("ETag") != std::string::npos);
    const auto publication = house.gate.claim ();
    assert_text (publication->protocol (), "whip");
    assert_text (publication->peer ().ip.to_string (), "127.0.0.1");
  }
}
END_TEST

START_TEST (who_shows_no_key_learns_nothing)
{
  House house;
  for (const auto *path : {"/live/demo/whip", "/live/other/whip", "/x/y/whip"}) {
    const auto answer = house.publish ("", "no sdp at all", "text/plain", path);
    expect_problem (answer, 401, "wants a key");
    assert_text (value_of (answer, "WWW-Authenticate"), "Bearer");
  }
  assert_text (reason_of (house), "wrong-stream");
  ck_assert_uint_eq (house.gate->counters ().refused, 3);
}
END_TEST

START_TEST (wrong_keys_are_refused)
{
  House house;
  const auto refused = [&] (const std::string &token, int status, const char *reason) {
    const auto answer = house.publish (token);
    ck_assert_int_eq (answer.status, status);
    ck_assert (answer.body.find (token) == std::string::npos);
    assert_text (reason_of (house), reason);
    if (status == 401)
      assert_text (value_of (answer, "WWW-Authenticate"), "Bearer error=\"invalid_token\"");
  };
  refused ("nonsense", 401, "malformed");
  refused (key_for ("live/demo", keys::Role::publish, 3600, false), 401, "wrong-signature");
  refused (key_for ("live/demo", keys::Role::publish, -10), 401, "expired");
  refused (key_for ("live/demo", keys::Role::play), 403, "wrong-role");
  refused (key_for ("live/other"), 401, "wrong-signature");
  ck_assert_uint_eq (house.gate->counters ().admitted, 0);
}
END_TEST

START_TEST (a_key_in_the_query_is_enough)
{
  House house;
  const auto answer = house.publish (
      "", recorded ("obs-publisher"), sdp, std::string (endpoint) + "?key=" + good_token ());
  ck_assert_int_eq (answer.status, 201);
  const auto location = value_of (answer, "Location");
  ck_assert (location.find ("key") == std::string::npos);
  ck_assert_int_eq (house.ask ("DELETE", location).status, 200);
}
END_TEST

START_TEST (a_slash_at_the_end_does_no_harm)
{
  House house;
  const auto answer =
      house.publish (good_token (), recorded ("obs-publisher"), sdp, std::string (endpoint) + "/");
  ck_assert_int_eq (answer.status, 201);
  ck_assert_int_eq (
      house.ask ("DELETE", value_of (answer, "Location"), bearer (good_token ())).status, 200);
}
END_TEST

START_TEST (bad_offers_get_their_own_answer)
{
  House house;
  const auto token = good_token (), good = recorded ("obs-publisher");
  const auto without = [&] (std::string_view line) {
    auto out = good;
    for (auto at = out.find (line); at != std::string::npos; at = out.find (line))
      out.erase (at, out.find ("\r\n", at) + 2 - at);
    return out;
  };
  expect_problem (house.publish (token, good, "text/plain"), 415, "application/sdp");
  ck_assert_int_eq (house.publish (token, "").status, 400);
  ck_assert_int_eq (house.publish (token, "v=0\r\n").status / 100, 4);
  ck_assert_int_eq (house.publish (token, std::string (2000, 'x')).status, 400);
  ck_assert_int_eq (house.publish (token, std::string (70'000, 'x')).status, 413);
  ck_assert_int_eq (house.publish (token, without ("a=fingerprint")).status / 100, 4);
  ck_assert_int_eq (house.publish (token, without ("a=ice-ufrag")).status / 100, 4);
  ck_assert_int_eq (house.publish (token, without ("a=rtcp-mux")).status / 100, 4);
  ck_assert_int_eq (house.publish (token, without ("a=group:BUNDLE")).status / 100, 4);
  auto receiving = good;
  for (auto at = receiving.find ("sendonly"); at != std::string::npos;
       at = receiving.find ("sendonly"))
    receiving.replace (at, 8, "recvonly");
  ck_assert_int_eq (house.publish (token, receiving).status / 100, 4);
  auto unknown = good;
  unknown.replace (unknown.find ("H264"), 4, "H999");
  const auto answer = house.publish (token, unknown);
  ck_assert_int_eq (answer.status / 100, 4);
  ck_assert (answer.has ("application/problem+json"));
  ck_assert_uint_eq (house.gate->counters ().admitted, 0);
  ck_assert_uint_eq (house.gate->counters ().open, 0);
  ck_assert_int_eq (house.publish (token).status, 201);
}
END_TEST

START_TEST (names_are_checked)
{
  House house;
  for (const auto *path : {"/live/de%20mo/whip", "/live/%2e%2e/whip", "/.x/demo/whip"})
    ck_assert_int_eq (house.publish (good_token (), "x", sdp, path).status / 100, 4);
  ck_assert_int_eq (house.publish (good_token (), "", sdp, "/demo/whip").status, 404);
  ck_assert_int_eq (house.publish (good_token (), "", sdp, "/a/b/c/whip").status, 404);
}
END_TEST

START_TEST (another_key_is_busy_and_the_same_takes_over)
{
  House house;
  const auto first = house.publish (good_token ());
  ck_assert_int_eq (first.status, 201);
  const auto before = house.gate.claim ();
  const auto other = house.publish (key_for ("live/*"));
  expect_problem (other, 409, "somebody else");
  ck_assert (other.has ("Retry-After"));
  const auto again = house.publish (good_token ());
  ck_assert_int_eq (again.status, 201);
  const auto end = pop_until (
      *before, [] (const gate::Item &item) { return std::holds_alternative<gate::End> (item); });
  ck_assert (
      end && std::get<gate::End> (*end).why.find ("another connection") != std::string::npos);
  ck_assert_int_eq (
      house.ask ("DELETE", value_of (first, "Location"), bearer (good_token ())).status, 404);
}
END_TEST

START_TEST (a_session_wants_the_token_it_was_opened_with)
{
  House house;
  const auto location = value_of (house.publish (good_token ()), "Location");
  for (const auto *method : {"DELETE", "GET"}) {
    ck_assert_int_eq (house.ask (method, location).status, 401);
    ck_assert_int_eq (house.ask (method, location, bearer ("other")).status, 403);
  }
  ck_assert_int_eq (house.ask ("GET", location, bearer (good_token ())).status, 200);
  ck_assert_int_eq (house.ask ("DELETE", location, bearer (good_token ())).status, 200);
  ck_assert_int_eq (house.ask ("DELETE", location, bearer (good_token ())).status, 404);
  ck_assert_int_eq (house.ask ("GET", location, bearer (good_token ())).status, 404);
  ck_assert_int_eq (house.ask ("DELETE", std::string (endpoint) + "/nobody").status, 404);
  ck_assert (eventually ([&] { return house.gate->counters ().open == 0; }));
}
END_TEST

START_TEST (patches_trickle_and_restart)
{
  House house;
  const auto answer = house.publish (good_token ());
  const auto location = value_of (answer, "Location"), etag = value_of (answer, "ETag");
  const auto patch = [&] (const std::string &headers, const std::string &body,
                         const char *type = fragment) {
    return house.ask ("PATCH", location,
        bearer (good_token ()) + "Content-Type: " + type + "\r\n" + headers, body);
  };
  const std::string trickle = "a=ice-ufrag:kX9w\r\na=ice-pwd:2b0f4c6e8a1d3f5b7c9e0a2c4e6f\r\nm="
                              "audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
                              "a=mid:0\r\na=candidate:1 1 UDP 2122317823 192.0.2.7 45000 typ "
                              "host\r\na=end-of-candidates\r\n";
  ck_assert_int_eq (patch ("If-Match: " + etag + "\r\n", trickle, "text/plain").status, 415);
  ck_assert_int_eq (patch ("", trickle).status, 428);
  ck_assert_int_eq (patch ("If-Match: \"other\"\r\n", trickle).status, 412);
  ck_assert_int_eq (patch ("If-Match: " + etag + "\r\n", "nonsense").status, 400);
  const auto trickled = patch ("If-Match: " + etag + "\r\n", trickle);
  ck_assert_int_eq (trickled.status, 204);
  ck_assert (!trickled.has ("\r\nETag:"));
  auto restart = trickle;
  restart.replace (restart.find ("kX9w"), 4, "new9");
  restart.replace (restart.find ("2b0f"), 4, "ffff");
  const auto restarted = patch ("If-Match: *\r\n", restart);
  ck_assert_int_eq (restarted.status, 200);
  ck_assert (restarted.has (fragment));
  ck_assert (value_of (restarted, "ETag") != etag);
  ck_assert (restarted.body.find ("a=ice-ufrag:") != std::string::npos);
  ck_assert_int_eq (house.ask ("PATCH", location, "", trickle).status, 415);
}
END_TEST

START_TEST (methods_are_answered)
{
  House house;
  const auto location = value_of (house.publish (good_token ()), "Location");
  const auto options = house.ask ("OPTIONS", endpoint,
      "Origin: https://example.org\r\nAccess-Control-Request-Method: POST\r\n");
  ck_assert_int_eq (options.status, 200);
  ck_assert (options.has ("Accept-Post: application/sdp"));
  ck_assert (options.has ("Access-Control-Allow-Methods"));
  ck_assert (!options.has ("\r\nLink:"));
  ck_assert_int_eq (house.ask ("GET", endpoint).status, 200);
  ck_assert_int_eq (house.ask ("HEAD", endpoint).status, 200);
  ck_assert_int_eq (house.ask ("PUT", endpoint).status, 405);
  ck_assert_int_eq (house.ask ("DELETE", endpoint).status, 405);
  ck_assert_int_eq (house.ask ("OPTIONS", location).status, 200);
  ck_assert_int_eq (house.ask ("PUT", location).status, 405);
}
END_TEST

START_TEST (who_never_connects_is_gone_soon)
{
  House house;
  ck_assert_int_eq (house.publish (good_token ()).status, 201);
  const auto publication = house.gate.claim ();
  const auto end = pop_until (*publication,
      [] (const gate::Item &item) { return std::holds_alternative<gate::End> (item); });
  ck_assert (end.has_value ());
  ck_assert (eventually ([&] { return house.gate->counters ().open == 0; }));
}
END_TEST

START_TEST (closing_has_words_and_frees_the_address)
{
  House house;
  const auto location = value_of (house.publish (good_token ()), "Location");
  const auto publication = house.gate.claim ();
  publication->close ("the show is over");
  const auto item = pop (*publication);
  ck_assert (std::holds_alternative<gate::End> (item));
  assert_text (std::get<gate::End> (item).why, "the show is over");
  ck_assert_int_eq (house.ask ("GET", location, bearer (good_token ())).status, 404);
}
END_TEST

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("whip endpoint",
      {offers_of_all_publishers_are_answered, who_shows_no_key_learns_nothing,
          wrong_keys_are_refused, a_key_in_the_query_is_enough, a_slash_at_the_end_does_no_harm,
          bad_offers_get_their_own_answer, names_are_checked,
          another_key_is_busy_and_the_same_takes_over, a_session_wants_the_token_it_was_opened_with,
          patches_trickle_and_restart, methods_are_answered, who_never_connects_is_gone_soon,
          closing_has_words_and_frees_the_address});
}
