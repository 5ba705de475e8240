// SPDX-License-Identifier: LGPL-2.1-or-later
// Events as they are written and signed, and answers: the right ones, and many that lie.
#include "libs/webhook/webhook.hpp"

#include "libs/base/text.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using webhook::Answer;
using webhook::Dialect;
using webhook::Event;

namespace {

Event
opening ()
{
  return {.kind = Event::Kind::opening,
      .id = "AAECAwQFBgcICQoLDA0ODw",
      .protocol = "rtmp",
      .app = "live",
      .stream = "demo",
      .url = "rtmp://host:1935/live/demo?key=cjuFkdqy0Qw7hbNb",
      .published_as = {},
      .peer = {*IpAddress::parse ("192.0.2.7"), 4711},
      .credential = "cjuFkdqy0Qw7hbNb",
      .time_ms = 1620827100007};
}

Answer
read (Dialect dialect, const std::string &body)
{
  const auto answer = webhook::read_answer (dialect, body, "live");
  ck_assert_msg (answer.has_value (), "%s: %s", body.c_str (), answer.error ().c_str ());
  return *answer;
}

START_TEST (own_event_is_compact_json)
{
  auto event = opening ();
  assert_text (webhook::write_event (Dialect::stagedoor, event),
      R"({"event":"opening","id":"AAECAwQFBgcICQoLDA0ODw","time":"2021-05-12T13:45:00.007Z",)"
      R"("protocol":"rtmp","app":"live","stream":"demo",)"
      R"("url":"rtmp://host:1935/live/demo?key=cjuFkdqy0Qw7hbNb",)"
      R"("peer":"192.0.2.7","peer-port":4711,"credential":"cjuFkdqy0Qw7hbNb"})");
  event.kind = Event::Kind::closing;
  event.published_as = "live/other";
  const auto text = webhook::write_event (Dialect::stagedoor, event);
  ck_assert (text.find (R"({"event":"closing",)") == 0);
  ck_assert (text.find (R"("stream":"demo","published-as":"live/other",)") != std::string::npos);
}
END_TEST

START_TEST (ome_event_has_its_fields)
{
  auto event = opening ();
  event.peer.ip = *IpAddress::parse ("2001:db8::7");
  assert_text (webhook::write_event (Dialect::ome, event),
      R"({"client":{"address":"2001:db8::7","port":4711,"real_ip":"2001:db8::7"},)"
      R"("request":{"direction":"incoming","protocol":"RTMP","status":"opening",)"
      R"("url":"rtmp://host:1935/live/demo?key=cjuFkdqy0Qw7hbNb",)"
      R"("time":"2021-05-12T13:45:00.007Z"}})");
  event.kind = Event::Kind::closing;
  event.protocol = "srt";
  event.published_as = "app2/other";
  const auto text = webhook::write_event (Dialect::ome, event);
  ck_assert (text.find (R"("protocol":"SRT","status":"closing")") != std::string::npos);
  ck_assert (text.find (R"("new_url":"rtmp://host:1935/app2/other?key=cjuFkdqy0Qw7hbNb")")
             != std::string::npos);
  event.protocol = "whip";
  ck_assert (webhook::write_event (Dialect::ome, event).find ("\"WebRTC\"") != std::string::npos);
}
END_TEST

START_TEST (hostile_url_stays_json)
{
  auto event = opening ();
  event.url = "rtmp://h/live/demo?a=\"},{\\\n\xff\x01 <b>";
  for (const auto dialect : {Dialect::stagedoor, Dialect::ome}) {
    const auto text = webhook::write_event (dialect, event);
    ck_assert (text.find ("?a=%22},{%5c%0a%ff%01%20%3cb%3e\"") != std::string::npos);
  }
  event.url = "rtmp://h/live/demo?" + std::string (5000, 'x');
  ck_assert (
      webhook::write_event (Dialect::ome, event).find ("/live/demo\",") != std::string::npos);
  event.url = std::string (9000, 'x');
  ck_assert_uint_lt (webhook::write_event (Dialect::ome, event).size (), 4500);
}
END_TEST

START_TEST (signatures_are_those_of_other_programs)
{
  // openssl dgst -sha256 -hmac secret, and -sha1 … -binary | basenc --base64url
  const auto own = webhook::sign (Dialect::stagedoor, "secret", "{\"a\":1}");
  assert_text (own.name, "X-Stagedoor-Signature");
  assert_text (
      own.value, "sha256=aa9e2e3575f5d7098b6caccd790888c36d5fdb63342a73bada2d6a51747a8494");
  const auto ome = webhook::sign (Dialect::ome, "secret", "{\"a\":1}");
  assert_text (ome.name, "X-OME-Signature");
  assert_text (ome.value, "-ERmcvAz5LK-r8XKOnHq_NLK-24");
}
END_TEST

START_TEST (honest_answers_are_read)
{
  ck_assert (read (Dialect::stagedoor, R"({"allowed":true})").allowed);
  const auto all = read (Dialect::stagedoor,
      R"( { "allowed" : true, "stream":"other","lifetime-ms":6e4,"reason":null,"more":[{}] } )");
  assert_text (all.name, "live/other");
  ck_assert_int_eq (all.lifetime_ms, 60000);
  const auto no =
      read (Dialect::stagedoor, R"({"allowed":false,"reason":"not \u00fcber \ud83d\ude00"})");
  ck_assert (!no.allowed);
  assert_text (no.reason, "not \xc3\xbc"
                          "ber \xf0\x9f\x98\x80");
  const auto ome = read (Dialect::ome,
      R"({"allowed":true,"new_url":"rtmp://x:1935/app2/other/file?a=b/c","lifetime":0,"reason":"ok"})");
  assert_text (ome.name, "app2/other");
  ck_assert_int_eq (ome.lifetime_ms, 0);
  // What a refusal says besides doesn't matter.
  ck_assert (!read (Dialect::ome, R"({"allowed":false,"new_url":7,"lifetime":"x"})").allowed);
  // Each dialect knows its own members only.
  assert_text (read (Dialect::ome, R"({"allowed":true,"stream":"x"})").name, "");
}
END_TEST

START_TEST (lies_let_nobody_in)
{
  for (const char *body : {"", "{", "null", "true", "[]", "{}", "<html>", R"({"allowed":"true"})",
           R"({"allowed":1})", R"({"allowed":null})", R"({"allowed":[true]})",
           R"({"Allowed":true})", R"({"allowed":true,"allowed":false})", R"({"allowed":true} x)",
           R"({"allowed":true,"reason":1})", R"({"allowed":true,"stream":""})",
           R"({"allowed":true,"stream":"a/b"})", R"({"allowed":true,"stream":"../x"})",
           R"({"allowed":true,"stream":".x"})", R"({"allowed":true,"stream":true})",
           R"({"allowed":true,"stream":{}})", R"({"allowed":true,"lifetime-ms":-1})",
           R"({"allowed":true,"lifetime-ms":0})", R"({"allowed":true,"lifetime-ms":1.5})",
           R"({"allowed":true,"lifetime-ms":"60"})", R"({"allowed":true,"lifetime-ms":1e300})",
           R"({"allowed":true,"lifetime-ms":18446744073709551615})"}) {
    const auto answer = webhook::read_answer (Dialect::stagedoor, body, "live");
    ck_assert_msg (!answer.has_value (), "%s", body);
  }
  for (const char *body : {R"({"allowed":true,"new_url":"x"})", R"({"allowed":true,"new_url":""})",
           R"({"allowed":true,"new_url":"rtmp://host"})",
           R"({"allowed":true,"new_url":"rtmp://host/live"})",
           R"({"allowed":true,"new_url":"rtmp://host/live/"})",
           R"({"allowed":true,"new_url":"rtmp://host//demo"})",
           R"({"allowed":true,"new_url":"rtmp://host/live/a%2fb"})",
           R"({"allowed":true,"new_url":"rtmp://host?/live/demo"})",
           R"({"allowed":true,"new_url":["rtmp://host/live/demo"]})",
           R"({"allowed":true,"lifetime":-1})", R"({"allowed":true,"lifetime":"1"})"})
    ck_assert_msg (!webhook::read_answer (Dialect::ome, body, "live").has_value (), "%s", body);
  ck_assert (!webhook::read_answer (
      Dialect::ome, "{\"allowed\":true,\"x\":\"" + std::string (70000, 'x') + "\"}", "live"));
}
END_TEST

START_TEST (reason_is_made_fit_to_show)
{
  const auto reason = [] (const std::string &json) {
    return read (Dialect::stagedoor, R"({"allowed":false,"reason":")" + json + "\"}").reason;
  };
  assert_text (
      reason (R"(a\u0000b\n\u001b[31m\u007f\u0085\u202e\u2028\ud800c)"), "a b  [31m       c");
  assert_text (reason ("\xff\xc0\xaf\xed\xa0\x80ok"), "      ok");
  assert_text (reason (std::string (400, 'x')), std::string (200, 'x'));
  std::string many;
  for (int i = 0; i < 300; ++i)
    many += "\xe2\x82\xac";
  ck_assert_uint_eq (reason (many).size (), 600);
  assert_text (printable ("\xf4\x90\x80\x80", 9), "    ");
  assert_text (printable ("caf\xc3", 9), "caf ");
}
END_TEST

} // namespace

int
main ()
{
  return run (
      "webhook", {own_event_is_compact_json, ome_event_has_its_fields, hostile_url_stays_json,
                     signatures_are_those_of_other_programs, honest_answers_are_read,
                     lies_let_nobody_in, reason_is_made_fit_to_show});
}
