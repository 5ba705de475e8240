// SPDX-License-Identifier: LGPL-2.1-or-later
// Wrong keys: after a few the address has to wait, and who has a right one has not.
#include <srt/access_control.h>

#include "gst-plugins/common/gate/doorkeeper.hpp"
#include "libs/base/hmac.hpp"
#include "libs/base/text.hpp"
#include "libs/keys/public.hpp"
#include "tests/check/gate/fixture.hpp"
#include "tests/check/gate/srt_caller.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using namespace std::chrono_literals;
using gate::BackOff;
using gate::Limits;

namespace {

const BackOff::Time start{1h};

IpAddress
ip (const char *text)
{
  return *IpAddress::parse (text);
}

void
give_wrong_keys (BackOff &back_off, const IpAddress &site, int count, BackOff::Time when = start)
{
  for (int i = 0; i < count; ++i)
    back_off.wrong_key (site, when);
}

Limits
three_strikes (std::chrono::milliseconds first = 60s)
{
  Limits out;
  out.wrong_keys = 3;
  out.back_off_first = first;
  return out;
}

std::string
wrong_key ()
{
  return key_for ("live/demo", keys::Role::publish, 3600, false);
}

/** Knocks by RTMP; why it was refused, or nothing. */
std::string
knock (TestGate &gate, const std::string &key, const char *from = "127.0.0.1",
    const char *stream = "demo")
{
  const auto before = gate.refused ().size ();
  Publisher publisher (gate.port (), from);
  if (publisher.publish (stream + ("?key=" + key)))
    return "";
  ck_assert (eventually ([&] { return gate.refused ().size () > before; }));
  const auto refused = gate.refused ().back ();
  ck_assert (publisher.received ().find (refused.text) != std::string::npos);
  return refused.reason;
}

void
strike_out (TestGate &gate, const char *from = "127.0.0.1")
{
  for (int i = 0; i < 3; ++i)
    assert_text (knock (gate, wrong_key (), from), "wrong-signature");
}

START_TEST (it_doubles_up_to_the_most)
{
  BackOff back_off (Limits{});
  const auto site = ip ("192.0.2.1");
  give_wrong_keys (back_off, site, 4);
  ck_assert (back_off.left (site, start) == 0ms);
  auto now = start;
  for (const auto expected : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    back_off.wrong_key (site, now);
    ck_assert (back_off.left (site, now) == expected);
    give_wrong_keys (back_off, site, 100, now + expected - 1ms); // as they are not looked at
    ck_assert (back_off.left (site, now + expected - 1ms) == 1ms);
    now += expected;
    ck_assert (back_off.left (site, now) == 0ms);
  }
}
END_TEST

START_TEST (it_is_forgotten)
{
  BackOff back_off (Limits{});
  const auto site = ip ("192.0.2.1");
  give_wrong_keys (back_off, site, 4);
  back_off.wrong_key (site, start + 60s); // a minute later is a new beginning
  ck_assert (back_off.left (site, start + 60s) == 0ms);
  give_wrong_keys (back_off, site, 4, start + 61s);
  ck_assert (back_off.left (site, start + 61s) == 1s);
  back_off.wrong_key (site, start + 62s + 60s); // a minute after its end likewise
  ck_assert (back_off.left (site, start + 122s) == 0ms);
  give_wrong_keys (back_off, site, 4, start + 122s);
  ck_assert (back_off.left (site, start + 122s) == 1s);
  back_off.right_key (site);
  ck_assert (back_off.left (site, start + 122s) == 0ms);
  ck_assert_uint_eq (back_off.sites (), 0);
  back_off.right_key (site);
}
END_TEST

START_TEST (limits_are_kept)
{
  Limits limits;
  limits.wrong_keys = 0;
  BackOff never (limits);
  give_wrong_keys (never, ip ("192.0.2.1"), 1000);
  ck_assert (never.left (ip ("192.0.2.1"), start) == 0ms);
  ck_assert_uint_eq (never.sites (), 0);
  limits.wrong_keys = 1;
  limits.back_off_first = 10s;
  limits.back_off_most = 5s;
  BackOff inverted (limits);
  give_wrong_keys (inverted, ip ("192.0.2.1"), 1);
  ck_assert (inverted.left (ip ("192.0.2.1"), start) == 5s);
}
END_TEST

START_TEST (memory_is_bounded)
{
  Limits limits = three_strikes ();
  limits.back_off_sites = 100;
  BackOff back_off (limits);
  give_wrong_keys (back_off, IpAddress::from_v4 (0), 3);
  for (std::uint32_t i = 1; i < 100'000; ++i) {
    back_off.wrong_key (IpAddress::from_v4 (i), start);
    if (i < 1000)
      back_off.wrong_key (IpAddress::from_v4 (0), start + 70s + i * 60s); // keeps itself in mind
  }
  ck_assert_uint_eq (back_off.sites (), 100);
  ck_assert (back_off.left (IpAddress::from_v4 (0), start) == 0ms);
}
END_TEST

START_TEST (an_ipv6_address_is_its_network)
{
  gate::Doorkeeper doorkeeper (three_strikes ());
  for (const char *from : {"2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::"})
    doorkeeper.wrong_key (ip (from));
  ck_assert (doorkeeper.back_off (ip ("2001:db8::77")) > 0ms);
  ck_assert (doorkeeper.back_off (ip ("2001:db8:0:1::1")) == 0ms);
  doorkeeper.wrong_key (ip ("192.0.2.1"));
  ck_assert (doorkeeper.back_off (ip ("192.0.2.1")) == 0ms);
  doorkeeper.right_key (ip ("2001:db8::3"));
  ck_assert (doorkeeper.back_off (ip ("2001:db8::1")) == 0ms);
}
END_TEST

START_TEST (wrong_keys_are_not_looked_at_for_a_while)
{
  TestGate gate (three_strikes ());
  strike_out (gate);
  for (const auto &key : {wrong_key (), std::string ("rubbish"), "1k9" + wrong_key ().substr (3)})
    assert_text (knock (gate, key), "back-off");
  const auto text = gate.refused ().back ().text;
  ck_assert_msg (text.starts_with ("too many wrong keys came from your address; try again in "),
      "%s", text.c_str ());
  ck_assert_uint_eq (gate->counters ().refused, 3);
  ck_assert_uint_eq (gate->counters ().refused_back_off, 3);
  assert_text (knock (gate, wrong_key (), "127.0.0.2"), "wrong-signature");
}
END_TEST

START_TEST (a_right_key_gets_in_and_ends_it)
{
  TestGate gate (three_strikes ());
  const auto key = key_for ("live/demo");
  Publisher live (gate.port ());
  ck_assert (live.publish ("demo?key=" + key));
  strike_out (gate);
  assert_text (knock (gate, wrong_key ()), "back-off");
  live.send_aac_setup ();
  live.send_audio (0);
  const auto publication = gate.claim ();
  ck_assert (pop_until (*publication,
      [] (const gate::Item &item) { return std::holds_alternative<gate::Frame> (item); }));
  assert_text (knock (gate, key), ""); // takes over
  assert_text (knock (gate, wrong_key ()), "wrong-signature");
}
END_TEST

/** Nobody is punished for what no guess brings about. */
START_TEST (other_refusals_do_not_count)
{
  TestGate gate (three_strikes ());
  const auto open = gate->admit ("live/open", std::make_shared<keys::Public> ());
  for (int i = 0; i < 4; ++i) {
    assert_text (knock (gate, key_for ("live/demo", keys::Role::publish, -1)), "expired");
    assert_text (knock (gate, key_for ("live/demo", keys::Role::play)), "wrong-role");
    assert_text (knock (gate, "", "127.0.0.1", "nobody"), "wrong-stream");
    assert_text (knock (gate, "x", "127.0.0.1", "%2e%2e"), "bad-name");
  }
  strike_out (gate);
  assert_text (knock (gate, key_for ("live/demo", keys::Role::publish, -1)), "expired");
  assert_text (knock (gate, wrong_key (), "127.0.0.1", "open"), "");
  assert_text (knock (gate, wrong_key ()), "back-off"); // a public stream proves nothing
}
END_TEST

START_TEST (policies_wait_even_when_they_are_right)
{
  TestGate gate (three_strikes (500ms));
  keys::KeyringSettings settings;
  settings.ome = keys::SignedPolicy{.secret = "made up"};
  const auto token = gate->admit ("live/ome", std::make_shared<keys::Keyring> (settings));
  const auto text = "rtmp://127.0.0.1:" + std::to_string (gate.port ())
                    + "/live/ome?policy=eyJ1cmxfZXhwaXJlIjo0MTAyNDQ0ODAwMDAwfQ";
  const auto policy = text.substr (text.find ("ome?")) + "&signature=";
  const auto signature =
      base64url_encode (hmac_sha1 (view (std::string_view ("made up")), view (text)));
  const auto ask = [&] (const std::string &query) {
    return Publisher (gate.port ()).publish (query);
  };
  for (int i = 0; i < 3; ++i)
    ck_assert (!ask (policy + "x"));
  ck_assert (!ask (policy + signature));
  ck_assert (eventually ([&] { return gate.refused ().size () == 4; }));
  assert_text (gate.refused ().back ().reason, "back-off");
  ck_assert (eventually ([&] { return ask (policy + signature); }));
}
END_TEST

START_TEST (it_ends_by_itself_and_comes_back_longer)
{
  TestGate gate (three_strikes (300ms));
  strike_out (gate);
  std::string reason;
  const auto tried = [&] {
    g_usleep (30000); // of more refusals than that not all are told
    return reason = knock (gate, wrong_key ()), reason != "back-off";
  };
  ck_assert (eventually (tried));
  assert_text (reason, "wrong-signature");
  const auto begin = BackOff::Time::clock::now ();
  ck_assert (eventually (tried));
  ck_assert (BackOff::Time::clock::now () - begin >= 550ms);
}
END_TEST

START_TEST (all_doors_count_together)
{
  TestGate gate (three_strikes ());
  const auto port = open_srt_door (*gate.pointer ());
  const auto call = [&] (const std::string &key) {
    return SrtCaller (port, {"publish:live/demo?key=" + key}).reject_reason ();
  };
  ck_assert_int_eq (call ("rubbish"), SRT_REJX_UNAUTHORIZED);
  ck_assert_int_eq (call (wrong_key ()), SRT_REJX_UNAUTHORIZED);
  assert_text (knock (gate, wrong_key ()), "wrong-signature");
  ck_assert_int_eq (call (wrong_key ()), SRT_REJX_OVERLOAD);
  assert_text (knock (gate, wrong_key ()), "back-off");
  ck_assert_int_eq (call (key_for ("live/demo")), 0);
  ck_assert_int_eq (call ("rubbish"), SRT_REJX_UNAUTHORIZED);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run (
      "back-off", {it_doubles_up_to_the_most, it_is_forgotten, limits_are_kept, memory_is_bounded,
                      an_ipv6_address_is_its_network, wrong_keys_are_not_looked_at_for_a_while,
                      a_right_key_gets_in_and_ends_it, other_refusals_do_not_count,
                      policies_wait_even_when_they_are_right,
                      it_ends_by_itself_and_comes_back_longer, all_doors_count_together});
}
