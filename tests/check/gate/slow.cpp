// SPDX-License-Identifier: LGPL-2.1-or-later
// Slow and half-open strangers at every door of the gate: the honest publisher still gets in, and
// whoever publishes goes on.
#include <cstring>

#include "tests/check/gate/fixture.hpp"
#include "tests/check/gate/srt_caller.hpp"
#include "tests/check/gate/srt_noise.hpp"
#include "tests/check/slow_crowd.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using gate::Limits;

namespace {

/** A handshake and the begin of a connect that never ends. */
std::string
slow_opening ()
{
  std::string out (1 + 1536 + 1536, '\0');
  out[0] = 3;
  return out + std::string ("\x03\0\0\0\0\x10\0\x14\0\0\0\0\x02", 13);
}

/** As an encoder does, it tries again when it was turned away; how often it took. */
int
attempts_until_live (TestGate &gate, const char *from)
{
  int attempts = 0;
  const auto query = "demo?key=" + key_for ("live/demo");
  ck_assert (eventually ([&] {
    ++attempts;
    Publisher honest (gate.port (), from);
    return honest.publish (query);
  }));
  return attempts;
}

void
assert_goes_on (Publisher &publisher, gate::Publication &publication, std::uint32_t ms)
{
  publisher.send_audio (ms);
  const auto item = pop_until (publication, [] (const gate::Item &item) {
    return std::holds_alternative<gate::End> (item) || std::holds_alternative<gate::Frame> (item);
  });
  const auto *end = std::get_if<gate::End> (&*item);
  ck_assert_msg (end == nullptr, "%s", end->why.c_str ());
}

Limits
hurried ()
{
  Limits out;
  out.authentication_time = std::chrono::milliseconds (2000);
  return out;
}

START_TEST (slow_rtmp_from_one_address)
{
  TestGate gate (hurried ());
  const auto opening = slow_opening ();
  const SlowCrowd crowd ({.port = gate.port (), .opening = opening, .addresses = 1});
  ck_assert (eventually ([&] { return crowd.is_there (); }));
  // Its own address is full: only those who share it have to try more than once.
  ck_assert_int_eq (attempts_until_live (gate, "127.0.0.9"), 1);
  attempts_until_live (gate, "127.0.2.1");
  ck_assert (eventually ([&] { return crowd.closed () > 400; }));
  ck_assert_uint_le (gate->counters ().open, Limits{}.unauthenticated_per_address + 2);
}
END_TEST

START_TEST (slow_rtmp_from_everywhere)
{
  TestGate gate (hurried ());
  const auto token = gate->admit ("live/other", keyring ());
  const auto opening = slow_opening ();
  Publisher live (gate.port ());
  ck_assert (live.publish ("other?key=" + key_for ("live/other")));
  live.send_aac_setup ();
  const auto publication = gate.claim ("live/other");
  const SlowCrowd crowd (
      {.port = gate.port (), .opening = opening, .connections = 800, .addresses = 200});
  ck_assert (eventually ([&] { return crowd.is_there (); }));
  for (std::uint32_t i = 1; i <= 5; ++i) {
    attempts_until_live (gate, "127.0.0.9");
    assert_goes_on (live, *publication, 100 * i);
  }
  ck_assert (eventually ([&] { return crowd.closed () > 800; }));
  ck_assert_uint_le (gate->counters ().open, Limits{}.unauthenticated + 2);
}
END_TEST

START_TEST (srt_half_handshakes)
{
  TestGate gate;
  const auto token = gate->admit ("live/other", keyring ());
  const auto port = open_srt_door (*gate.pointer ());
  SrtCaller live (port, {"publish:live/other?key=" + key_for ("live/other")});
  ck_assert_int_eq (live.reject_reason (), 0);
  const auto publication = gate.claim ("live/other");
  const SrtNoise noise (port);
  ck_assert (eventually ([&] { return noise.answers () > 200; }));
  const auto streamid = "publish:live/demo?key=" + key_for ("live/demo");
  for (int i = 0; i < 5; ++i) {
    SrtCaller honest (port, {streamid});
    ck_assert_int_eq (honest.reject_reason (), 0);
    const auto admitted = gate.claim ();
    ck_assert (honest.send (transport_stream ("h264-aac.mpegts")));
    ck_assert (pop_until (*admitted,
        [] (const gate::Item &item) { return std::holds_alternative<gate::Frame> (item); }));
    honest.close ();
    ck_assert (pop_until (*admitted,
        [] (const gate::Item &item) { return std::holds_alternative<gate::End> (item); }));
  }
  ck_assert (live.send (transport_stream ("h264-aac.mpegts")));
  ck_assert (pop_until (*publication,
      [] (const gate::Item &item) { return std::holds_alternative<gate::Frame> (item); }));
  ck_assert_uint_eq (gate->counters ().admitted, 6);
}
END_TEST

/** Without anybody else: what strangers send keeps libsrt awake, but makes nothing grow. */
START_TEST (srt_noise_leaves_nothing_behind)
{
  TestGate gate;
  const auto port = open_srt_door (*gate.pointer ());
  {
    const SrtNoise noise (port);
    ck_assert (eventually ([&] { return noise.answers () > 500; }));
  }
  ck_assert_uint_eq (gate->counters ().open, 0);
  ck_assert_uint_eq (gate->counters ().admitted, 0);
  SrtCaller honest (port, {"publish:live/demo?key=" + key_for ("live/demo")});
  ck_assert_int_eq (honest.reject_reason (), 0);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("slow", {slow_rtmp_from_one_address, slow_rtmp_from_everywhere, srt_half_handshakes,
                          srt_noise_leaves_nothing_behind});
}
