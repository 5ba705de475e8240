// SPDX-License-Identifier: LGPL-2.1-or-later
// OvenMediaEngine's signed URLs as WHIP publishers send them: at its own address and at ours.
#include "gst-plugins/common/http_server.hpp"
#include "tests/check/gate/ome_policies.hpp"
#include "tests/check/gate/whip_client.hpp"
#include "tests/unit/keys/ome_vectors.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

constexpr const char *direction = "?direction=whip";

/** A gate with a WHIP door that takes policies only, of one secret. */
class PolicyGate
{
public:
  explicit PolicyGate (const std::string &with = secret) : secret_ (with)
  {
    keys::KeyringSettings settings;
    settings.ome = keys::SignedPolicy{.secret = with};
    admission_ = gate_->admit ("*", std::make_shared<keys::Keyring> (settings));
  }

  std::uint16_t port () const { return port_; }
  TestGate &gate () { return gate_; }

  Response post (const std::string &host, const std::string &target)
  {
    return Client (port_).ask (whip_request (target, "", recorded ("obs-publisher"), sdp, host));
  }
  /** Returns why @p target was refused, having looked at how that was said; "" when it was not. */
  std::string publish (const std::string &host, const std::string &target)
  {
    const auto answer = post (host, target);
    if (answer.status == 201) {
      end (value_of (answer, "Location"));
      return "";
    }
    ck_assert_uint_eq (gate_->counters ().refused, ++refused_);
    const auto reason = reason_in (answer.body);
    expect_problem (answer, status_for (reason), "");
    if (answer.status == 401)
      assert_text (value_of (answer, "WWW-Authenticate"), "Bearer");
    ck_assert ((answer.head + answer.body).find (secret_) == std::string::npos);
    return reason;
  }

private:
  static gate::Limits patient ()
  {
    gate::Limits out;
    out.wrong_keys = 0;
    return out;
  }
  /** By its words: not everybody who is refused in a flood is told of elsewhere. */
  static std::string reason_in (const std::string &body)
  {
    for (int i = 0; i <= static_cast<int> (keys::Refusal::not_accepted); ++i)
      if (const auto refusal = static_cast<keys::Refusal> (i);
          body.find (keys::explain (refusal)) != std::string::npos)
        return std::string (keys::name (refusal));
    return body;
  }
  static int status_for (const std::string &reason)
  {
    return reason == "wrong-network" || reason == "wrong-stream" ? 403 : 401;
  }
  /** Or the next one with another policy would find the name busy. */
  void end (const std::string &location)
  {
    ck_assert_msg (location.starts_with ("/app/") && location.find ("/whip/") != std::string::npos
                       && location.find ('?') == std::string::npos,
        "%s", location.c_str ());
    ck_assert_int_eq (Client (port_).ask (http_request ("DELETE", location)).status, 200);
    ck_assert (eventually ([this] { return gate_->counters ().open == 0; }));
  }

  const std::string secret_;
  TestGate gate_{patient ()};
  const std::uint16_t port_ = open_whip_door (*gate_.pointer ());
  gate::Gate::Token admission_;
  std::uint64_t refused_ = 0;
};

struct Url
{
  std::string scheme, host, target;
};

Url
split (const std::string &url)
{
  const auto host = url.find ("://") + 3, path = url.find ('/', host);
  return {url.substr (0, host - 3), url.substr (host, path - host), url.substr (path)};
}

std::string
url_of (const OmeVector &vector)
{
  return std::string (vector.signed_text) + "&signature=" + vector.signature;
}

/** Behind a proxy that ends TLS, too: that one's client says https, and what comes is this. */
START_TEST (known_whip_vectors)
{
  int sent = 0;
  for (const auto &vector : ome_vectors) {
    const auto [scheme, host, target] = split (url_of (vector));
    if (target.find (direction) == std::string::npos)
      continue;
    PolicyGate gate (vector.secret);
    assert_same (vector.id, "whole", gate.publish (host, target), "");
    assert_same (vector.id, "changed", gate.publish (host, target + "x"), "wrong-signature");
    assert_same (vector.id, "more", gate.publish (host, target + "&x=1"), "wrong-signature");
    assert_same (vector.id, "host", gate.publish ("other:3333", target), "wrong-signature");
    assert_same (
        vector.id, "port", gate.publish ("live.example.com:80", target), "wrong-signature");
    auto other = target;
    other.replace (other.find ("alice"), 5, "bob");
    assert_same (vector.id, "stream", gate.publish (host, other), "wrong-signature");
    other = target;
    other.replace (other.find ("?"), 1, "/whip?");
    assert_same (vector.id, "address", gate.publish (host, other), "wrong-signature");
    ++sent;
  }
  ck_assert_int_eq (sent, 2);
}
END_TEST

/** What was signed for another protocol, by RTMP, SRT, WebSocket or for players, opens nothing. */
START_TEST (other_vectors_are_for_other_doors)
{
  int sent = 0;
  for (const auto &vector : ome_vectors) {
    const auto [scheme, host, target] = split (url_of (vector));
    if (target.find (direction) != std::string::npos)
      continue;
    PolicyGate gate (vector.secret);
    const auto query = target.substr (target.find ('?') + 1);
    const auto path = std::string ("/app/") + vector.stream;
    for (const auto &at : {path + "?" + query + "&direction=whip", path + "/whip?" + query})
      assert_same (vector.id, at.c_str (), gate.publish (host, at), "wrong-signature");
    ++sent;
  }
  ck_assert_int_ge (sent, 18);
}
END_TEST

START_TEST (shapes_of_today)
{
  PolicyGate gate;
  const auto port = ":" + std::to_string (gate.port ());
  for (const auto &shape : shapes)
    for (const auto *address : {"/app/alice?direction=whip&", "/app/alice/whip?"}) {
      const auto target = address + ("policy=" + policy_of (shape));
      const auto signed_with = [&] (const std::string &base) {
        return target + "&signature=" + signature_of (base + target);
      };
      const auto whole = signed_with ("http://live.example.com" + port);
      // A client names no port that is the usual one; signed it is with the real one.
      assert_same (shape.name, address, gate.publish ("live.example.com", whole), shape.expected);
      assert_same (
          shape.name, "with port", gate.publish ("live.example.com" + port, whole), shape.expected);
      for (const auto *scheme : {"https", "ws", "wss", "rtmp"}) // TLS is the proxy's affair
        assert_same (shape.name, scheme,
            gate.publish (
                "live.example.com", signed_with (scheme + ("://live.example.com" + port))),
            "wrong-signature");
    }
}
END_TEST

START_TEST (what_is_missing_or_twice)
{
  PolicyGate gate;
  const auto ask = [&] (const std::string &target) {
    return gate.publish ("h:1", target);
  };
  const std::string target = "/app/alice?direction=whip&policy=" + policy_of (shapes[0]);
  const auto signature = "&signature=" + signature_of ("http://h:1" + target);
  assert_text (ask (target + signature), "");
  assert_text (ask (target), "malformed");
  assert_text (ask (target + "&signature="), "malformed");
  assert_text (ask (target + "&signature=x" + signature), "malformed");
  assert_text (ask ("/app/alice?direction=whip" + signature), "malformed");
  assert_text (ask ("/app/alice?direction=whip"), "no-key");
  assert_text (ask (target + "&signature=" + signature_of ("http://h:1" + target, "another")),
      "wrong-signature");
  assert_text (ask (target + signature + "&direction=whip"), "wrong-signature");
}
END_TEST

START_TEST (only_publishers_are_taken_at_its_address)
{
  PolicyGate gate;
  const auto policy = "policy=" + policy_of (shapes[0]);
  for (const auto *target :
      {"/app/alice?", "/app/alice?direction=whep&", "/app/alice?x=direction=whip&",
          "/app/alice?direction=whipx&", "/app/alice/llhls.m3u8?direction=whip&",
          "/app/alice/master/whip?direction=whip&", "/app?direction=whip&"})
    expect_problem (Client (gate.port ()).ask (http_request ("POST", target + policy)), 404,
        "nothing at this address");
  ck_assert (gate.gate ().refused ().empty ());
  const auto options =
      Client (gate.port ())
          .ask (http_request ("OPTIONS", "/app/alice?direction=whip&" + policy,
              "Origin: https://example.org\r\nAccess-Control-Request-Method: POST\r\n"));
  ck_assert_int_eq (options.status, 200);
  ck_assert (options.has ("Accept-Post: application/sdp"));
}
END_TEST

/** What else the server has there is seen by everybody else. */
START_TEST (pages_keep_their_addresses)
{
  const auto server = http::Server::open ("127.0.0.1:0");
  ck_assert (server.has_value ());
  const auto page = (*server)->route (
      "/", 0, [] (const http::Request &r) { http::respond (r, 200, "text/plain", "a page"); });
  TestGate gate;
  const auto port = open_whip_door (*gate.pointer (), (*server)->address ());
  for (const auto *target : {"/live/demo", "/live/demo?direction=send", "/live/demo/other"})
    assert_text (Client (port).ask (get (target)).body, "a page");
  ck_assert_int_eq (Client (port).ask (whip_request ("/live/demo?direction=whip")).status, 401);
}
END_TEST

START_TEST (stream_expire_ends_it)
{
  PolicyGate gate;
  constexpr Shape soon{"", R"({"url_expire":4102444800000,"stream_expire":%})", 1200, ""};
  const auto target = "/app/alice?direction=whip&policy=" + policy_of (soon);
  const auto answer =
      gate.post ("h:1", target + "&signature=" + signature_of ("http://h:1" + target));
  ck_assert_int_eq (answer.status, 201);
  const auto publication = gate.gate ().claim ("app/alice");
  const auto end = pop_until (*publication,
      [] (const gate::Item &item) { return std::holds_alternative<gate::End> (item); });
  assert_text (std::get<gate::End> (*end).why, "the key's time is over");
  const auto late = g_get_real_time () / 1000 - publication->grant ().ends_ms;
  ck_assert_msg (late >= 0 && late < 700, "%d ms late", static_cast<int> (late));
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run (
      "ome by whip", {known_whip_vectors, other_vectors_are_for_other_doors, shapes_of_today,
                         what_is_missing_or_twice, only_publishers_are_taken_at_its_address,
                         pages_keep_their_addresses, stream_expire_ends_it});
}
