// SPDX-License-Identifier: LGPL-2.1-or-later
// Who may watch by SRT, which reason the others get, and when watching ends.
#include <srt/access_control.h>

#include "libs/keys/public.hpp"
#include "tests/check/gate/outlet.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

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
  assert_text (gate.refused ().back ().reason, bad.reason);
}

/** Is live, and starts with 0. */
std::shared_ptr<gate::Outlet>
serve (TestGate &gate, const std::string &name = "live/demo",
    std::shared_ptr<const keys::Verifier> verifier = nullptr)
{
  auto out = gate->serve (name, std::move (verifier));
  push (*out, 0);
  return out;
}

/** What comes before the caller's libsrt has heard that it is connected is lost, and is repeated
 * only when something comes after it, as in a stream it does. */
void
assert_watches (SrtCaller &caller, gate::Outlet &outlet)
{
  ck_assert_int_eq (caller.reject_reason (), 0);
  std::optional<std::uint64_t> first;
  ck_assert (eventually ([&] {
    push (outlet, filler);
    first = receive (caller, 20);
    return first.has_value ();
  }));
  ck_assert_uint_eq (*first, 0);
}

} // namespace

START_TEST (each_refusal_has_its_code)
{
  TestGate gate;
  const auto port = open_srt_door (*gate.pointer ());
  const auto outlet = serve (gate);
  const auto key = play_key ();
  const std::vector<Bad> all = {{"request:live/demo", SRT_REJX_UNAUTHORIZED, "no-key"},
      {request ("rubbish"), SRT_REJX_UNAUTHORIZED, "malformed"},
      {request (play_key ("live/other")), SRT_REJX_UNAUTHORIZED, "wrong-signature"},
      {request (play_key ("live/demo", -1)), SRT_REJX_UNAUTHORIZED, "expired"},
      {request (key_for ("live/demo")), SRT_REJX_FORBIDDEN, "wrong-role"},
      {"publish:live/demo?key=" + key, SRT_REJX_FORBIDDEN, "wrong-role"},
      {"live/demo?key=" + key, SRT_REJX_FORBIDDEN, "wrong-role"},
      {"request:live/other?key=" + play_key ("live/other"), SRT_REJX_FORBIDDEN, "wrong-stream"},
      {"request:live/../demo?key=" + key, SRT_REJX_BAD_REQUEST, "bad-name"},
      {"#!::r=live/demo,m=play,key=" + key, SRT_REJX_BAD_REQUEST, "bad-name"},
      {"request:" + std::string (504, 'a'), SRT_REJX_BAD_REQUEST, "bad-name"}};
  for (const auto &bad : all)
    assert_refused (gate, port, bad);
  ck_assert (gate.refused ()[0].role == keys::Role::play);
  ck_assert (gate.refused ()[5].role == keys::Role::publish);
  ck_assert_uint_eq (gate->counters ().refused, all.size ());
  ck_assert_uint_eq (gate->counters ().viewers, 0);
  ck_assert_uint_eq (outlet->stats ().joined, 0);
}
END_TEST

START_TEST (every_form_of_streamid_plays)
{
  TestGate gate;
  const auto port = open_srt_door (*gate.pointer ());
  const auto outlet = serve (gate);
  const auto key = play_key ();
  auto longest = "request:live/demo?key=" + key + "&x=";
  longest.resize (512, 'x');
  for (const auto &streamid : {request (), "#!::r=live/demo,key=" + key,
           "request:live/demo?key=" + key, "request:default/live/demo?key=" + key,
           "request%3Alive%2Fdemo%3Fkey%3D" + key, longest}) {
    SrtCaller caller (port, {streamid});
    ck_assert_msg (caller.reject_reason () == 0, "%s", streamid.c_str ());
    assert_watches (caller, *outlet);
    caller.close ();
    ck_assert (eventually ([&] { return outlet->stats ().viewers == 0; }));
  }
  ck_assert_uint_eq (outlet->stats ().joined, 6);
  ck_assert (eventually ([&] { return gate->counters ().open == 0; }));
  ck_assert_uint_eq (gate->counters ().admitted, 0);
}
END_TEST

START_TEST (offline_is_told_to_who_may_know)
{
  TestGate gate;
  const auto port = open_srt_door (*gate.pointer ());
  assert_refused (gate, port, {request (), SRT_REJX_NOTFOUND, "offline"});
  assert_refused (gate, port, {request ("rubbish"), SRT_REJX_UNAUTHORIZED, "malformed"});
  auto outlet = gate->serve ("live/demo", nullptr);
  assert_refused (gate, port, {request (), SRT_REJX_NOTFOUND, "offline"});
  push (*outlet, 0);
  SrtCaller caller (port, {request ()});
  assert_watches (caller, *outlet);
  for (std::uint64_t i = 1; i <= 20; ++i)
    push (*outlet, i);
  outlet.reset ();
  for (std::uint64_t i = 1; i <= 20; ++i)
    ck_assert (receive (caller) == i); // to the last message
  ck_assert (caller.closed_by_peer ());
  assert_refused (gate, port, {request (), SRT_REJX_NOTFOUND, "offline"});
  ck_assert (eventually ([&] { return gate->counters ().viewers == 0; }));
}
END_TEST

START_TEST (an_outlet_may_decide_itself)
{
  TestGate gate;
  const auto port = open_srt_door (*gate.pointer ());
  const auto open = serve (gate, "live/open", std::make_shared<keys::Public> ());
  SrtCaller caller (port, {"request:live/open"});
  assert_watches (caller, *open);
  assert_refused (gate, port, {"publish:live/open", SRT_REJX_FORBIDDEN, "wrong-stream"});
}
END_TEST

START_TEST (the_next_outlet_replaces_the_last_one)
{
  TestGate gate;
  const auto port = open_srt_door (*gate.pointer ());
  auto first = serve (gate);
  SrtCaller before (port, {request ()});
  assert_watches (before, *first);
  const auto second = serve (gate);
  ck_assert (before.closed_by_peer ());
  first.reset ();
  SrtCaller after (port, {request ()});
  assert_watches (after, *second);
}
END_TEST

START_TEST (passphrases_are_for_viewers_too)
{
  TestGate gate;
  const auto port = open_srt_door (*gate.pointer (), {.passphrase = [] (const std::string &name) {
    return name == "live/demo" ? std::string ("right passphrase") : std::string ();
  }});
  const auto outlet = serve (gate);
  ck_assert_int_eq (
      SrtCaller (port, {request (), "wrong passphrase"}).reject_reason (), SRT_REJ_BADSECRET);
  ck_assert_int_eq (SrtCaller (port, {request ()}).reject_reason (), SRT_REJ_UNSECURE);
  SrtCaller caller (port, {request (), "right passphrase"});
  assert_watches (caller, *outlet);
  ck_assert_uint_eq (outlet->stats ().joined, 1);
}
END_TEST

START_TEST (the_end_of_the_key_ends_it)
{
  TestGate gate;
  const auto port = open_srt_door (*gate.pointer ());
  const auto outlet = serve (gate);
  SrtCaller stays (port, {request ()});
  assert_watches (stays, *outlet);
  SrtCaller goes (port, {request (play_key ("live/demo", 2))});
  ck_assert (eventually ([&] { return outlet->stats ().viewers == 2; }));
  ck_assert (goes.closed_by_peer ()); // though nothing is sent meanwhile
  ck_assert (eventually ([&] { return outlet->stats ().viewers == 1; }));
  const auto credential = keys::credential_id (play_key ());
  gate->close_viewers_where (
      [&] (const gate::Viewer &viewer) {
        assert_text (viewer.name, "live/demo");
        assert_text (viewer.peer.ip.to_string (), "127.0.0.1");
        return viewer.grant.key_id == "k1";
      },
      "key revoked");
  ck_assert (stays.closed_by_peer ());
  ck_assert (eventually ([&] { return gate->counters ().open == 0; }));
}
END_TEST

START_TEST (limits_count_viewers)
{
  gate::Limits limits;
  limits.connections_per_address = 2;
  TestGate gate (limits);
  const auto port = open_srt_door (*gate.pointer ());
  const auto outlet = serve (gate);
  SrtCaller one (port, {request ()});
  assert_watches (one, *outlet);
  SrtCaller two (port, {request ()});
  ck_assert (eventually ([&] { return gate->counters ().viewers == 2; }));
  assert_refused (gate, port, {request (), SRT_REJX_OVERLOAD, "limit"});
  one.close ();
  ck_assert (eventually ([&] { return gate->counters ().viewers == 1; }));
  const SrtCaller three (port, {request ()});
  ck_assert_int_eq (three.reject_reason (), 0);
}
END_TEST

START_TEST (viewers_are_closed_when_the_gate_goes)
{
  std::optional<TestGate> gate (std::in_place);
  const auto port = open_srt_door (*gate->pointer ());
  const auto outlet = serve (*gate);
  SrtCaller caller (port, {request ()});
  assert_watches (caller, *outlet);
  gate.reset ();
  ck_assert (caller.closed_by_peer ());
  push (*outlet, 1); // nobody is there
  ck_assert_uint_eq (outlet->stats ().viewers, 0);
}
END_TEST

START_TEST (a_flood_of_requests_keeps_nobody_out)
{
  TestGate gate;
  const auto port = open_srt_door (*gate.pointer ());
  const auto outlet = serve (gate);
  SrtCaller before (port, {request ()});
  assert_watches (before, *outlet);
  for (int i = 0; i < 100; ++i) {
    auto streamid = "request:live/demo?key=" + std::to_string (i) + "&x=";
    streamid.resize (512, 'x');
    ck_assert_int_ne (SrtCaller (port, {streamid}).reject_reason (), 0);
  }
  push (*outlet, 1);
  ck_assert (receive (before) == 1u);
  SrtCaller after (port, {request ()});
  assert_watches (after, *outlet); // from the start that there was
  ck_assert_uint_eq (gate->counters ().open, 2);
}
END_TEST

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("srt serve",
      {each_refusal_has_its_code, every_form_of_streamid_plays, offline_is_told_to_who_may_know,
          an_outlet_may_decide_itself, the_next_outlet_replaces_the_last_one,
          passphrases_are_for_viewers_too, the_end_of_the_key_ends_it, limits_count_viewers,
          viewers_are_closed_when_the_gate_goes, a_flood_of_requests_keeps_nobody_out});
}
