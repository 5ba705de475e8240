// SPDX-License-Identifier: LGPL-2.1-or-later
// Who is let in by SRT, and which reason the others get.
#include <thread>

#include <srt/access_control.h>

#include "tests/check/gate/srt_caller.hpp"

#include "libs/keys/public.hpp"
#include "tests/check/gate/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using gate::End;
using gate::Item;

namespace {

std::string
why_ended (gate::Publication &publication)
{
  const auto end =
      pop_until (publication, [] (const Item &item) { return std::holds_alternative<End> (item); });
  ck_assert (end.has_value ());
  return std::get<End> (*end).why;
}

struct Bad
{
  std::string streamid;
  int code;
  const char *reason;
};

void
assert_refused (TestGate &gate, std::uint16_t port, const Bad &bad)
{
  const auto before = gate.refused ().size ();
  const SrtCaller caller (port, {bad.streamid});
  ck_assert_msg (caller.reject_reason () == bad.code, "%s: %d, not %d", bad.streamid.c_str (),
      caller.reject_reason (), bad.code);
  ck_assert (eventually ([&] { return gate.refused ().size () == before + 1; }));
  const auto refused = gate.refused ().back ();
  assert_text (refused.reason, bad.reason);
  assert_text (refused.peer.ip.to_string (), "127.0.0.1");
}

} // namespace

START_TEST (each_refusal_has_its_code)
{
  TestGate gate;
  const auto port = open_srt_door (*gate.pointer ());
  const auto key = key_for ("live/demo");
  const std::vector<Bad> all = {{"", SRT_REJX_BAD_REQUEST, "bad-name"},
      {"live", SRT_REJX_BAD_REQUEST, "bad-name"},
      {"publish:live/../etc?key=" + key, SRT_REJX_BAD_REQUEST, "bad-name"},
      {std::string (512, 'a'), SRT_REJX_BAD_REQUEST, "bad-name"},
      {"#!::r=live/demo,key=" + key, SRT_REJX_FORBIDDEN, "wrong-role"}, // it asks to watch
      {"publish:live/demo", SRT_REJX_UNAUTHORIZED, "no-key"},
      {"publish:live/demo?key=rubbish", SRT_REJX_UNAUTHORIZED, "malformed"},
      {"live/demo?key=" + key_for ("live/other"), SRT_REJX_UNAUTHORIZED, "wrong-signature"},
      {"live/demo?key=" + key_for ("live/demo", keys::Role::publish, -1), SRT_REJX_UNAUTHORIZED,
          "expired"},
      {"live/demo?key=" + key_for ("live/demo", keys::Role::play), SRT_REJX_FORBIDDEN,
          "wrong-role"},
      {"live/other?key=" + key_for ("live/other"), SRT_REJX_FORBIDDEN, "wrong-stream"}};
  for (const auto &bad : all)
    assert_refused (gate, port, bad);
  const auto counters = gate->counters ();
  ck_assert_uint_eq (counters.refused, all.size ());
  ck_assert_uint_eq (counters.connections, all.size ());
  ck_assert_uint_eq (counters.admitted, 0);
  ck_assert_uint_eq (counters.open, 0);
}
END_TEST

START_TEST (every_form_of_streamid_opens)
{
  TestGate gate;
  const auto port = open_srt_door (*gate.pointer ());
  const auto key = key_for ("live/demo");
  auto longest = "publish:live/demo?key=" + key + "&x=";
  longest.resize (512, 'x');
  for (const auto &streamid :
      {"#!::r=live/demo,m=publish,key=" + key, "publish:live/demo?key=" + key,
          "live/demo?key=" + key, "live%2Fdemo%3Fkey%3D" + key, longest}) {
    SrtCaller caller (port, {streamid});
    ck_assert_msg (caller.reject_reason () == 0, "%s", streamid.c_str ());
    const auto publication = gate.claim ();
    assert_text (publication->protocol (), "srt");
    assert_text (publication->grant ().key_id, "k1");
    caller.close ();
    assert_text (why_ended (*publication), "the publisher closed the connection, or it broke");
  }
  ck_assert (eventually ([&] { return gate->counters ().open == 0; }));
  ck_assert_uint_eq (gate->counters ().admitted, 5);
}
END_TEST

START_TEST (signed_policy_is_over_the_streamid)
{
  TestGate gate;
  keys::KeyringSettings settings;
  settings.ome = keys::SignedPolicy{.secret = "ome_is_the_best"};
  const auto token = gate->admit ("app/alice", std::make_shared<keys::Keyring> (settings));
  const auto port = open_srt_door (*gate.pointer ());
  const std::string policy = "?policy=eyJ1cmxfZXhwaXJlIjo0MTAyNDQ0ODAwMDAwfQ&signature=";
  const auto fresh = "default/app/alice" + policy + "Aa4AZP42_GbhzkTf9rRIfbQBooE";
  const auto old = "srt://live.example.com:9999/app/alice" + policy + "mnsmm-cQQeu9YccbrpjF8BXX-iA";
  for (const auto &streamid : {fresh, old, "#!::bmd_uuid=1234,u=" + fresh}) {
    SrtCaller caller (port, {streamid});
    ck_assert_int_eq (caller.reject_reason (), 0);
    const auto publication = gate.claim ("app/alice");
    caller.close ();
    why_ended (*publication);
  }
  assert_refused (gate, port, {"x" + fresh, SRT_REJX_UNAUTHORIZED, "wrong-signature"});
  assert_refused (gate, port, {"app/alice" + policy + "x", SRT_REJX_UNAUTHORIZED, "no-key"});
}
END_TEST

START_TEST (passphrase_of_the_stream_must_be_right)
{
  TestGate gate;
  const auto open = gate->admit ("live/open", std::make_shared<keys::Public> ());
  const auto port = open_srt_door (*gate.pointer (), {.passphrase = [] (const std::string &name) {
    return name == "live/demo" ? std::string ("right passphrase") : std::string ();
  }});
  const auto streamid = "publish:live/demo?key=" + key_for ("live/demo");
  ck_assert_int_eq (
      SrtCaller (port, {streamid, "wrong passphrase"}).reject_reason (), SRT_REJ_BADSECRET);
  ck_assert_int_eq (SrtCaller (port, {streamid}).reject_reason (), SRT_REJ_UNSECURE);
  ck_assert_int_eq (SrtCaller (port, {"publish:live/open", "right passphrase"}).reject_reason (),
      SRT_REJ_UNSECURE);
  ck_assert (eventually ([&] { return gate->counters ().refused == 3; }));
  for (const auto &refused : gate.refused ()) { // in any order
    assert_text (refused.reason, "wrong-passphrase");
    assert_text (refused.text, refused.name == "live/open"
                                   ? "the publisher encrypts, but the stream has no passphrase"
                                   : "the passphrase is wrong, or there is none");
  }
  ck_assert_uint_eq (gate->counters ().connections, 3);
  ck_assert_uint_eq (gate->counters ().admitted, 0);
  ck_assert_uint_eq (gate->counters ().open, 0);
  for (const int bytes : {16, 24, 32}) {
    SrtCaller caller (port, {streamid, "right passphrase", bytes});
    ck_assert_int_eq (caller.reject_reason (), 0);
    ck_assert (caller.send (transport_stream ("h264-aac.mpegts")));
    const auto publication = gate.claim ();
    ck_assert (pop_until (*publication,
        [] (const Item &item) { return std::holds_alternative<gate::Frame> (item); }));
    caller.close ();
    why_ended (*publication);
  }
}
END_TEST

START_TEST (a_passphrase_that_cant_be_refuses_all)
{
  TestGate gate;
  const auto port = open_srt_door (*gate.pointer (), {.passphrase = [] (const std::string &) {
    return std::string ("short");
  }});
  const SrtCaller caller (
      port, {"publish:live/demo?key=" + key_for ("live/demo"), "right passphrase"});
  ck_assert_int_eq (caller.reject_reason (), SRT_REJX_ISE);
  ck_assert_uint_eq (gate->counters ().admitted, 0);
}
END_TEST

START_TEST (another_key_finds_the_name_busy)
{
  TestGate gate;
  const auto port = open_srt_door (*gate.pointer ());
  SrtCaller first (port, {"publish:live/demo?key=" + key_for ("live/demo")});
  const auto publication = gate.claim ();
  const auto other = key_for ("live/demo", keys::Role::publish, 7200);
  assert_refused (gate, port, {"publish:live/demo?key=" + other, SRT_REJX_CONFLICT, "busy"});
  Publisher by_rtmp (gate.port ());
  ck_assert (!by_rtmp.publish ("demo?key=" + other));
  ck_assert (first.send (transport_stream ("h264-aac.mpegts")));
  ck_assert (pop_until (
      *publication, [] (const Item &item) { return std::holds_alternative<gate::Frame> (item); }));
}
END_TEST

START_TEST (the_same_key_takes_over_through_any_door)
{
  TestGate gate;
  const auto port = open_srt_door (*gate.pointer ());
  const auto key = key_for ("live/demo");
  const char *taken_over = "the same key publishes from another connection now";
  Publisher by_rtmp (gate.port ());
  ck_assert (by_rtmp.publish ("demo?key=" + key));
  const auto first = gate.claim ();
  SrtCaller by_srt (port, {"publish:live/demo?key=" + key});
  ck_assert_int_eq (by_srt.reject_reason (), 0);
  ck_assert (by_rtmp.expect (taken_over));
  assert_text (why_ended (*first), taken_over);
  const auto second = gate.claim ();
  assert_text (second->protocol (), "srt");
  SrtCaller by_srt_again (port, {"publish:live/demo?key=" + key});
  ck_assert (by_srt.closed_by_peer ());
  assert_text (why_ended (*second), taken_over);
  const auto third = gate.claim ();
  Publisher by_rtmp_again (gate.port ());
  ck_assert (by_rtmp_again.publish ("demo?key=" + key));
  ck_assert (by_srt_again.closed_by_peer ());
  assert_text (why_ended (*third), taken_over);
  assert_text (gate.claim ()->protocol (), "rtmp");
}
END_TEST

START_TEST (limits_count_all_doors)
{
  gate::Limits limits;
  limits.connections = 2;
  TestGate gate (limits);
  const auto open = gate->admit ("*", std::make_shared<keys::Public> ());
  const auto port = open_srt_door (*gate.pointer ());
  SrtCaller one (port, {"publish:live/one"});
  const auto publication = gate.claim ("live/one");
  Publisher two (gate.port ());
  ck_assert (two.publish ("two"));
  assert_refused (gate, port, {"publish:live/three", SRT_REJX_OVERLOAD, "limit"});
  ck_assert_uint_eq (gate->counters ().refused_limits, 1);
  one.close ();
  ck_assert (eventually ([&] { return gate->counters ().open == 1; }));
  SrtCaller three (port, {"publish:live/three"});
  ck_assert_int_eq (three.reject_reason (), 0);
}
END_TEST

START_TEST (closing_reaches_the_publisher)
{
  TestGate gate;
  const auto port = open_srt_door (*gate.pointer ());
  const auto streamid = "publish:live/demo?key=" + key_for ("live/demo");
  SrtCaller one (port, {streamid});
  auto publication = gate.claim ();
  publication->close ("enough");
  assert_text (why_ended (*publication), "enough");
  ck_assert (one.closed_by_peer ());
  SrtCaller two (port, {streamid});
  publication = gate.claim ();
  gate->close_where ([] (const gate::Publication &) { return true; }, "key revoked");
  assert_text (why_ended (*publication), "key revoked");
  ck_assert (two.closed_by_peer ());
}
END_TEST

START_TEST (closed_when_it_is_heard_of)
{
  TestGate gate;
  const auto port = open_srt_door (*gate.pointer ());
  const auto token = gate->on_published ([&] (const std::shared_ptr<gate::Publication> &) {
    gate->close_where ([] (const gate::Publication &) { return true; }, "not now");
  });
  const auto key = key_for ("live/demo");
  const SrtCaller caller (port, {"publish:live/demo?key=" + key});
  assert_text (why_ended (*gate.claim ()), "not now");
  Publisher by_rtmp (gate.port ());
  by_rtmp.publish ("demo?key=" + key);
  assert_text (why_ended (*gate.claim ()), "not now");
  ck_assert (by_rtmp.closed_by_peer ());
  ck_assert (eventually ([&] { return gate->counters ().open == 0; }));
}
END_TEST

START_TEST (silence_and_the_end_of_the_key_end_it)
{
  gate::Limits limits;
  limits.silence = std::chrono::milliseconds (500);
  TestGate gate (limits);
  const auto port = open_srt_door (*gate.pointer ());
  SrtCaller silent (port, {"publish:live/demo?key=" + key_for ("live/demo")});
  assert_text (why_ended (*gate.claim ()), "the publisher sent nothing for too long");
  ck_assert (silent.closed_by_peer ());
  SrtCaller caller (
      port, {"publish:live/demo?key=" + key_for ("live/demo", keys::Role::publish, 2)});
  const auto publication = gate.claim ();
  std::jthread sender ([&] (const std::stop_token &stop) {
    while (!stop.stop_requested () && caller.send (Bytes (188, 0x47)))
      g_usleep (50'000);
  });
  assert_text (why_ended (*publication), "the key's time is over");
}
END_TEST

START_TEST (publishers_are_told_when_the_gate_goes)
{
  std::optional<TestGate> gate (std::in_place);
  const auto port = open_srt_door (*gate->pointer ());
  SrtCaller caller (port, {"publish:live/demo?key=" + key_for ("live/demo")});
  auto publication = gate->claim ();
  gate.reset ();
  assert_text (why_ended (*publication), "the server closes this stream's door");
  ck_assert (caller.closed_by_peer ());
  ck_assert_int_ne (SrtCaller (port, {"publish:live/demo"}).reject_reason (), 0);
}
END_TEST

START_TEST (doors_have_addresses)
{
  const auto alone = gate::Gate::open ("srt://127.0.0.1:0");
  ck_assert (alone.has_value ());
  const auto address = (*alone)->address ();
  ck_assert_msg (address.starts_with ("srt://127.0.0.1:"), "%s", address.c_str ());
  ck_assert (*gate::Gate::open (address) == *alone);
  ck_assert (!(*alone)->add_door (address).has_value ());
  const auto second = (*alone)->add_door ("srt://127.0.0.1:0");
  ck_assert (second.has_value ());
  ck_assert (*gate::Gate::open (*second) == *alone);
  const auto rtmp = (*alone)->add_door ("rtmp://127.0.0.1:0");
  ck_assert_msg (rtmp && rtmp->starts_with ("127.0.0.1:"), "%s", rtmp ? rtmp->c_str () : "none");
  ck_assert (*gate::Gate::open ("rtmp://" + *rtmp) == *alone);
  for (const char *bad :
      {"", "srt://", "srt://nowhere", "http://127.0.0.1:0", "srt://127.0.0.1:99999"})
    ck_assert_msg (!(*alone)->add_door (bad).has_value (), "%s", bad);
  ck_assert (
      !(*alone)->add_door ("srt://127.0.0.1:0", {.srt = {.latency = std::chrono::hours (1)}}));
}
END_TEST

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("srt admission",
      {each_refusal_has_its_code, every_form_of_streamid_opens, signed_policy_is_over_the_streamid,
          passphrase_of_the_stream_must_be_right, a_passphrase_that_cant_be_refuses_all,
          another_key_finds_the_name_busy, the_same_key_takes_over_through_any_door,
          limits_count_all_doors, closing_reaches_the_publisher, closed_when_it_is_heard_of,
          silence_and_the_end_of_the_key_end_it, publishers_are_told_when_the_gate_goes,
          doors_have_addresses});
}
