// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/keys/ome.hpp"
#include "libs/base/hmac.hpp"
#include "libs/base/text.hpp"
#include "libs/keys/flat_json.hpp"
#include "libs/keys/keyring.hpp"
#include "tests/unit/keys/ome_vectors.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::keys;

namespace {

constexpr std::int64_t now_ms = 1'790'000'000'000;

const SignedPolicy policy{.secret = "ome_is_the_best"};

std::string
verdict (const tl::expected<Grant, Refusal> &grant)
{
  return grant ? "" : std::string (name (grant.error ()));
}

std::string
ask (std::string_view url, const char *peer = "192.0.2.7", std::string_view stream = "alice",
    const SignedPolicy &with = policy, std::int64_t at = now_ms)
{
  return verdict (with.verify ({.app = "app",
      .stream = stream,
      .url = url,
      .peer = *IpAddress::parse (peer),
      .now_ms = at}));
}

std::string
signature_of (std::string_view text)
{
  return base64url_encode (hmac_sha1 (view (policy.secret), view (text)));
}

std::string
signed_url (std::string_view text)
{
  return std::string (text) + "&signature=" + signature_of (text);
}

/** What a policy of @p json is worth from @p peer. */
std::string
ask_json (std::string_view json, const char *peer = "192.0.2.7")
{
  return ask (
      signed_url ("rtmp://h:1935/app/alice?policy=" + base64url_encode (view (json))), peer);
}

const std::string good_policy = base64url_encode (view (R"({"url_expire":4102444800000})"));

} // namespace

START_TEST (known_vectors)
{
  for (const auto &vector : test::ome_vectors) {
    const SignedPolicy with{.secret = vector.secret};
    const auto url = std::string (vector.signed_text) + "&signature=" + vector.signature;
    const auto result = ask (url, "203.0.113.7", vector.stream, with, vector.now_ms);
    const std::string expected = vector.refusal ? vector.refusal : "";
    ck_assert_msg (result == expected, "%s: %s", vector.id, result.c_str ());
    // The same URL with anything changed in it.
    ck_assert (
        ask (url + "x", "203.0.113.7", vector.stream, with, vector.now_ms) == "wrong-signature");
    ck_assert (ask (url + "&transport=tcp", "203.0.113.7", vector.stream, with, vector.now_ms)
               == "wrong-signature");
  }
}
END_TEST

START_TEST (the_signature_may_stand_anywhere)
{
  const std::string base = "http://h:3333/app/alice";
  const auto text = base + "?direction=whip&policy=" + good_policy;
  const auto item = "signature=" + signature_of (text);
  ck_assert (ask (base + "?" + item + "&direction=whip&policy=" + good_policy) == "");
  ck_assert (ask (base + "?direction=whip&" + item + "&policy=" + good_policy) == "");
  ck_assert (
      ask (base + "?policy=" + good_policy + "&direction=whip&" + item) == "wrong-signature");
}
END_TEST

START_TEST (signature_is_compared_as_text)
{
  const auto text = "rtmp://h:1935/app/alice?policy=" + good_policy;
  const auto right = signature_of (text);
  ck_assert (ask (text + "&signature=" + right) == "");
  ck_assert (ask (text + "&signature=" + right + "=") == "wrong-signature");
  std::string escaped;
  for (const char c : right) {
    static constexpr char hex[] = "0123456789ABCDEF";
    escaped += {'%', hex[c >> 4], hex[c & 15]};
  }
  ck_assert (ask (text + "&signature=" + escaped) == "");
  ck_assert (ask (text + "&signature=%4") == "malformed");
  for (std::size_t n = 1; n < right.size (); ++n)
    ck_assert (ask (text + "&signature=" + right.substr (0, n)) == "wrong-signature");
}
END_TEST

START_TEST (missing_and_double_items)
{
  const auto text = "rtmp://h:1935/app/alice?policy=" + good_policy;
  ck_assert (ask ("rtmp://h:1935/app/alice") == "no-key");
  ck_assert (ask ("") == "no-key");
  ck_assert (ask (text) == "malformed");
  ck_assert (ask (text + "&signature=") == "malformed");
  ck_assert (ask (text + "&signature") == "malformed");
  ck_assert (ask ("rtmp://h:1935/app/alice?signature=abc") == "malformed");
  const auto url = signed_url (text);
  ck_assert (ask (url + "&signature=x") == "malformed");
  ck_assert (ask (url + "&SIGNATURE=x") == "malformed");
  ck_assert (ask (url + "&policy=x") == "malformed");
  ck_assert (ask (signed_url ("rtmp://h:1935/app/alice?policy=")) == "malformed");
  ck_assert (ask ("rtmp://h:1935/app/alice?policy=" + std::string (5000, 'A')) == "malformed");
}
END_TEST

START_TEST (other_query_names)
{
  const SignedPolicy with{policy.secret, "p", "s"};
  const auto text = "rtmp://h:1935/app/alice?p=" + good_policy;
  ck_assert (ask (text + "&s=" + signature_of (text), "192.0.2.7", "alice", with) == "");
  ck_assert (ask (text + "&s=" + signature_of (text)) == "no-key");
}
END_TEST

// OvenMediaEngine's URL expression is greedy: each of these moves its idea of host or query.
START_TEST (urls_are_cut_at_the_first_mark)
{
  for (const char *query : {"email=a@b", "cb=http://x/y", "a=1?b=2", "x=/other/stream", "&&", "="})
    ck_assert (ask (signed_url (
                   std::string ("http://h:3333/app/alice?") + query + "&policy=" + good_policy))
               == "");
  for (const char *base : {"h/app/alice", "http://h", "http://h?/app/alice", "://", "http:///alice",
           "http://h/app", "http://h/app/alicex", "http://h/appx/alice", "http://h//app/alice",
           "http://h/app/Alice", "http://app/alice", "http://h/x/app/alice"}) {
    const auto mark = std::string_view (base).find ('?') == std::string_view::npos ? "?" : "&";
    ck_assert_msg (
        ask (signed_url (std::string (base) + mark + "policy=" + good_policy)) == "wrong-stream",
        "%s was accepted", base);
  }
  ck_assert (ask (signed_url ("wss://id:pw@[::1]:1/app/alice/master?policy=" + good_policy)) == "");
}
END_TEST

START_TEST (what_is_opened_is_what_was_signed)
{
  const auto url = signed_url ("rtmp://h:1935/app/alice?policy=" + good_policy);
  ck_assert (ask (url, "192.0.2.7", "bob") == "wrong-stream");
  ck_assert (ask (url, "192.0.2.7", "alic") == "wrong-stream");
}
END_TEST

START_TEST (networks_are_compared_bit_by_bit)
{
  const auto from = [] (const char *member, const char *network, const char *peer) {
    return ask_json (
        std::string (R"({"url_expire":4102444800000,")") + member + "\":\"" + network + "\"}",
        peer);
  };
  for (const char *member : {"allow_ip", "real_ip"}) {
    ck_assert (from (member, "192.168.100.0/24", "192.168.100.7") == "");
    for (const char *stranger : {"10.0.0.5", "8.8.8.8", "1.2.3.255"})
      ck_assert (from (member, "192.168.100.0/24", stranger) == "wrong-network");
    ck_assert (from (member, "10.0.0.0/8", "172.16.5.5") == "wrong-network");
    ck_assert (from (member, "192.168.100.64/26", "8.8.8.100") == "wrong-network");
    ck_assert (from (member, "10.0.0.0/30", "99.99.99.2") == "wrong-network");
    ck_assert (from (member, "0.0.0.0/0", "8.8.8.8") == "");
    ck_assert (from (member, "2001:db8::/32", "2001:db8::1") == "");
    ck_assert (from (member, "2001:db8::/32", "2001:db9::1") == "wrong-network");
    ck_assert (from (member, "192.0.2.0\\/24", "192.0.2.1") == ""); // as PHP escapes it
    for (const char *bad : {"", "x", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/8 "})
      ck_assert (from (member, bad, "10.0.0.1") == "malformed");
  }
}
END_TEST

START_TEST (wrong_types_are_refused)
{
  const auto with = [] (const char *member) {
    return ask_json (std::string (R"({"url_expire":4102444800000,)") + member + "}");
  };
  for (const char *bad : {R"("stream_expire":"4102444800000")", R"("stream_expire":null)",
           R"("stream_expire":-1)", R"("stream_expire":1.5)", R"("url_activate":true)",
           R"("url_activate":[])", R"("allow_ip":5)", R"("allow_ip":{})", R"("real_ip":null)",
           R"("real_ip":["10.0.0.0/8"])", R"("stream_expire":1e400)"})
    ck_assert_msg (with (bad) == "malformed", "%s was accepted", bad);
  for (const char *bad :
      {"{}", "[]", "", "4102444800000", R"({"url_expire":-1})", R"({"url_expire":4102444800000.5})",
          R"({"url_expire":null})", R"({"url_expire":4102444800000)",
          R"({"url_expire":4102444800000} )"
          "x",
          R"({"url_expire":1,"url_expire":4102444800000})",
          R"({"url_expire":99999999999999999999999})"})
    ck_assert_msg (ask_json (bad) == "malformed", "%s was accepted", bad);
  for (const char *good : {R"({"url_expire":4102444800000.0})", R"({"url_expire":4.1024448e12})",
           R"({"url_expire":18446744073709551615})", R"({"url_\u0065xpire":4102444800000})",
           R"( { "url_expire" : 4102444800000 , "x" : [ 1 , { "y" : "\"" } , null ] } )"})
    ck_assert_msg (ask_json (good) == "", "%s was refused", good);
}
END_TEST

START_TEST (times)
{
  ck_assert (ask_json (R"({"url_expire":1790000000000})") == "");
  ck_assert (ask_json (R"({"url_expire":1789999999999})") == "expired");
  ck_assert (ask_json (R"({"url_expire":4102444800000,"url_activate":1790000000000})") == "");
  ck_assert (
      ask_json (R"({"url_expire":4102444800000,"url_activate":1790000000001})") == "not-yet-valid");
  ck_assert (
      ask_json (R"({"url_expire":4102444800000,"stream_expire":1789999999999})") == "expired");
  const auto text =
      "rtmp://h/app/alice?policy="
      + base64url_encode (view (R"({"url_expire":1790000000000,"stream_expire":1790000000007})"));
  const auto grant =
      policy.verify ({.app = "app", .stream = "alice", .url = signed_url (text), .now_ms = now_ms});
  ck_assert (grant && grant->ends_ms == 1'790'000'000'007);
  const auto endless = policy.verify ({.app = "app",
      .stream = "alice",
      .url = signed_url ("rtmp://h/app/alice?policy=" + good_policy),
      .now_ms = now_ms});
  ck_assert (endless && endless->ends_ms == 0 && endless->key_id.empty ());
}
END_TEST

START_TEST (policy_in_either_alphabet)
{
  const std::string json = R"({"url_expire":4102444800000,"x":"~~~???>>>"})";
  auto standard = base64url_encode (view (json));
  for (auto &c : standard)
    c = c == '-' ? '+' : c == '_' ? '/' : c;
  ck_assert (standard.find_first_of ("+/") != std::string::npos);
  ck_assert (ask (signed_url ("rtmp://h/app/alice?policy=" + standard)) == "");
  ck_assert (ask (signed_url ("rtmp://h/app/alice?policy=" + standard + "=")) == "");
  ck_assert (ask (signed_url ("rtmp://h/app/alice?policy=" + standard + "%3D")) == "");
  ck_assert (ask (signed_url ("rtmp://h/app/alice?policy=" + standard + "===")) == "malformed");
  ck_assert (ask (signed_url ("rtmp://h/app/alice?policy=*")) == "malformed");
}
END_TEST

START_TEST (flat_json)
{
  std::string deep = R"({"a":)" + std::string (14, '[') + std::string (14, ']') + "}";
  ck_assert (parse_flat_object (deep));
  deep = R"({"a":)" + std::string (17, '[') + std::string (17, ']') + "}";
  ck_assert (!parse_flat_object (deep));
  ck_assert (!parse_flat_object (R"({"a":)" + std::string (100000, '[')));
  for (const char *bad : {R"({"a":01})", R"({"a":-})", R"({"a":1.})", R"({"a":.5})", R"({"a":1e})",
           R"({"a":+1})", R"({"a" 1})", R"({"a":1,})", R"({a:1})", R"({"a":"\x"})",
           R"({"a":"\u12"})", R"({"a":"\u12g4"})", R"({"a":tru})", R"({"a":truefalse})",
           R"({"a":[1 2]})", R"({"a":{"b"}})", "{\"a\":\"\n\"}", R"({"a":"b)", R"({"a":"\)", "{",
           R"({"a":1}{})", R"({"a":NaN})"})
    ck_assert_msg (!parse_flat_object (bad), "%s was accepted", bad);
  const auto escapes = parse_flat_object (R"({"a":"\"\\\/\b\f\n\r\tA\u00e9\u20AC"})");
  ck_assert (escapes && escapes->at ("a").text == "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac");
}
END_TEST

START_TEST (in_a_keyring)
{
  const Keyring ring ({.ome = policy});
  const auto text = "rtmp://h:1935/app/alice?policy=" + good_policy;
  const auto url = signed_url (text);
  Request request{.app = "app", .stream = "alice", .url = url, .now_ms = now_ms};
  const auto grant = ring.verify (request);
  ck_assert (grant.has_value ());
  ck_assert (!ring.recheck (*grant));
  ck_assert (verdict (Keyring ({}).verify (request)) == "not-accepted");
  ck_assert (Keyring ({}).recheck (*grant) == Refusal::not_accepted);
  const Keyring revoked ({.revoked_credentials = {grant->credential_id}, .ome = policy});
  ck_assert (verdict (revoked.verify (request)) == "revoked");
  request.keys_only = true;
  ck_assert (verdict (ring.verify (request)) == "malformed");
  ck_assert (verdict (Keyring ({}).verify (request)) == "not-accepted");
  request.keys_only = false;
  request.url = text;
  ck_assert (verdict (ring.verify (request)) == "malformed");
  request.url = "rtmp://h:1935/app/alice";
  ck_assert (verdict (ring.verify (request)) == "no-key");
}
END_TEST

START_TEST (ports_are_filled_in)
{
  ck_assert (fill_port ("rtmp://h/app/a?policy=x:y", 1935) == "rtmp://h:1935/app/a?policy=x:y");
  ck_assert (fill_port ("rtmp://h:11935/app/a", 1935) == "rtmp://h:11935/app/a");
  ck_assert (fill_port ("http://id:pw@h/app/a", 80) == "http://id:pw@h:80/app/a");
  ck_assert (fill_port ("http://[::1]/app/a", 80) == "http://[::1]:80/app/a");
  ck_assert (fill_port ("http://[::1]:8/app/a", 80) == "http://[::1]:8/app/a");
  ck_assert (fill_port ("http://[::1", 80) == "http://[::1:80");
  ck_assert (fill_port ("http://h?a", 80) == "http://h:80?a");
  ck_assert (fill_port ("http://h", 80) == "http://h:80");
  ck_assert (fill_port ("nonsense", 80) == "nonsense");
}
END_TEST

int
main ()
{
  return test::run (
      "ome", {known_vectors, the_signature_may_stand_anywhere, signature_is_compared_as_text,
                 missing_and_double_items, other_query_names, urls_are_cut_at_the_first_mark,
                 what_is_opened_is_what_was_signed, networks_are_compared_bit_by_bit,
                 wrong_types_are_refused, times, policy_in_either_alphabet, flat_json, in_a_keyring,
                 ports_are_filled_in});
}
