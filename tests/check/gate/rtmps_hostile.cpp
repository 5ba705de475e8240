// SPDX-License-Identifier: LGPL-2.1-or-later
// Strangers at a gate with a certificate: handshakes that stall, break off or never were any.
#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>

#include <unistd.h>

#include "tests/check/gate/certificate_files.hpp"
#include "tests/unit/tls/client.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using gate::Limits;

namespace {

using Guests = std::vector<std::unique_ptr<Publisher>>;

Bytes
client_hello (int version = 0)
{
  TlsClient client (version);
  client.shake_hands ();
  return client.said ();
}

void
assert_honest_gets_in (std::uint16_t port)
{
  Publisher honest (port, "127.0.0.9");
  ck_assert (honest.start_tls ());
  ck_assert (honest.publish ("demo?key=" + key_for ("live/demo")));
}

bool
was_refused (const TestGate &gate, std::string_view reason, std::string_view text)
{
  const auto all = gate.refused ();
  return std::ranges::any_of (all, [&] (const gate::Refused &refused) {
    return refused.reason == reason && refused.text.find (text) != std::string::npos;
  });
}

std::uint16_t
open_rtmps_door (TestGate &gate, const std::shared_ptr<Certificate> &certificate)
{
  return port_of (*gate->add_door ("rtmps://127.0.0.1:0", {.certificate = certificate}));
}

/** Cut at each place, and the rest never comes. */
START_TEST (stalled_handshakes_run_out_of_time)
{
  Limits limits;
  limits.authentication_time = std::chrono::milliseconds (1500);
  limits.unauthenticated_per_address = limits.connections_per_address = 1000;
  CertificateFiles files;
  TestGate gate (limits, {.certificate = files.open ()});
  const auto hello = client_hello ();
  std::uint64_t stalled = 0;
  Guests guests;
  for (std::size_t size = 1; size <= hello.size (); size += 3, ++stalled) {
    guests.push_back (std::make_unique<Publisher> (gate.port ()));
    guests.back ()->send (ByteView (hello).first (size));
  }
  for (const auto &guest : guests)
    ck_assert (guest->closed_by_peer ());
  ck_assert (eventually ([&] { return gate->counters ().open == 0; }));
  ck_assert_uint_eq (gate->counters ().refused_limits, stalled);
  ck_assert (was_refused (gate, "timeout", ""));
  assert_honest_gets_in (gate.port ());
}
END_TEST

/** Cut at each place, and the peer is gone. */
START_TEST (handshakes_that_break_off_leave_nothing)
{
  CertificateFiles files;
  TestGate gate ({}, {.certificate = files.open ()});
  const auto hello = client_hello ();
  for (std::size_t size = 1; size <= hello.size (); size += 2) {
    Publisher stranger (gate.port ());
    stranger.send (ByteView (hello).first (size));
  }
  ck_assert (eventually ([&] {
    const auto counters = gate->counters ();
    return counters.connections == (hello.size () + 1) / 2 && counters.open == 0;
  }));
  assert_honest_gets_in (gate.port ());
}
END_TEST

/** After the handshake the same clock runs on. */
START_TEST (who_shows_no_key_runs_out_of_time)
{
  Limits limits;
  limits.authentication_time = std::chrono::milliseconds (200);
  CertificateFiles files;
  TestGate gate (limits, {.certificate = files.open ()});
  Publisher stranger (gate.port ());
  ck_assert (stranger.start_tls ());
  ck_assert (stranger.closed_by_peer () || SSL_get_error (stranger.tls (), -1) != 0);
  ck_assert (eventually ([&] { return was_refused (gate, "timeout", ""); }));
  ck_assert_uint_eq (gate->counters ().open, 0);
}
END_TEST

START_TEST (garbage_is_a_protocol_error)
{
  CertificateFiles files;
  const auto certificate = files.open ();
  TestGate gate;
  const auto port = open_rtmps_door (gate, certificate);
  const std::vector<std::string> all = {"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      std::string (70000, '\xff'), std::string (70000, '\x16'), std::string (1600, '\x03'),
      std::string ("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10),
      std::string ("\x16\x03\x01\xff\xff", 5) + std::string (70000, '\x01')};
  std::uint64_t strangers = 0;
  for (const auto &noise : all) {
    Publisher stranger (port);
    stranger.send (view (noise));
    ck_assert (stranger.closed_by_peer ());
    ck_assert_uint_eq (gate->counters ().protocol_errors, ++strangers);
  }
  assert_honest_gets_in (port);
}
END_TEST

START_TEST (an_alert_tells_why)
{
  CertificateFiles files;
  TestGate gate ({}, {.certificate = files.open ()});
  Publisher careful (gate.port ());
  ck_assert (!careful.start_tls (0, true)); // as OBS: it doesn't know who signed the certificate
  careful.close ();
  ck_assert (eventually ([&] { return was_refused (gate, "protocol", "unknown ca"); }));
}
END_TEST

START_TEST (plain_rtmp_at_the_port_for_tls)
{
  CertificateFiles files;
  const auto certificate = files.open ();
  TestGate gate;
  const auto port = open_rtmps_door (gate, certificate);
  Publisher stranger (port);
  stranger.send (Bytes (1, 3));
  errno = 0;
  ck_assert (stranger.closed_by_peer ());
  ck_assert_int_eq (errno, 0); // in order, not reset
  ck_assert (eventually ([&] { return was_refused (gate, "protocol", "RTMPS only"); }));
}
END_TEST

START_TEST (tls_at_a_gate_without_certificate)
{
  TestGate gate;
  Publisher stranger (gate.port ());
  ck_assert (!stranger.start_tls ());
  ck_assert (eventually ([&] { return was_refused (gate, "protocol", "no certificate"); }));
  Publisher second (gate.port ());
  second.send (client_hello ());
  errno = 0;
  ck_assert (second.closed_by_peer ());
  ck_assert_int_eq (errno, 0); // in order, not reset
  ck_assert_uint_eq (gate->counters ().open, 0);
}
END_TEST

/** Within TLS the bounds of RTMP hold as ever. */
START_TEST (garbage_within_tls)
{
  CertificateFiles files;
  TestGate gate ({}, {.certificate = files.open ()});
  for (const auto &noise : {Bytes (70000, 0xff), Bytes (70000, 0x16), Bytes (70000, 3)}) {
    Publisher stranger (gate.port ());
    ck_assert (stranger.start_tls ());
    stranger.send (noise);
    ck_assert (eventually ([&] { return gate->counters ().open == 0; }));
  }
  ck_assert_uint_eq (gate->counters ().protocol_errors, 3);
}
END_TEST

START_TEST (who_breaks_a_record_while_publishing_is_closed)
{
  CertificateFiles files;
  TestGate gate ({}, {.certificate = files.open ()});
  Publisher publisher (gate.port ());
  ck_assert (publisher.start_tls ());
  ck_assert (publisher.publish ("demo?key=" + key_for ("live/demo")));
  const auto publication = gate.claim ();
  publisher.send_unsealed (Bytes (100, 0x17));
  const auto end = pop_until (*publication,
      [] (const gate::Item &item) { return std::holds_alternative<gate::End> (item); });
  ck_assert (std::get<gate::End> (*end).why.starts_with ("TLS: "));
  ck_assert (eventually ([&] { return gate->counters ().open == 0; }));
  ck_assert_uint_eq (gate->counters ().protocol_errors, 1);
}
END_TEST

/** A sanitizer keeps what was freed. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
constexpr bool memory_is_real = false;
#else
constexpr bool memory_is_real = true;
#endif

long
resident_kib ()
{
  long pages = 0, resident = 0;
  std::ifstream ("/proc/self/statm") >> pages >> resident;
  return resident * (sysconf (_SC_PAGESIZE) / 1024);
}

std::ptrdiff_t
threads ()
{
  return std::distance (std::filesystem::directory_iterator ("/proc/self/task"), {});
}

/** @p count handshakes that stall, from 100 addresses: a third before the ClientHello is whole, a
 * third after the server's answer, and a third with the handshake done and nothing after it. */
void
stall (Guests &guests, std::uint16_t port, int count)
{
  const auto hello = client_hello (TLS1_2_VERSION);
  for (int i = 0; i < count; ++i) {
    const auto from = "127.0.1." + std::to_string (1 + i % 100);
    guests.push_back (std::make_unique<Publisher> (port, from.c_str ()));
    if (i % 3 == 2)
      ck_assert (guests.back ()->start_tls ());
    else
      guests.back ()->send (
          ByteView (hello).first (i % 3 == 0 ? hello.size () - 1 : hello.size ()));
  }
}

START_TEST (three_hundred_stalled_handshakes)
{
  CertificateFiles files;
  const auto certificate = files.open ();
  TestGate gate ({}, {.certificate = certificate});
  const auto port = open_rtmps_door (gate, certificate);
  assert_honest_gets_in (port);
  const auto before = threads ();
  const auto resident = resident_kib ();
  Guests guests;
  stall (guests, gate.port (), 150);
  stall (guests, port, 150);
  ck_assert (eventually ([&] { return gate->counters ().connections == 301; }));
  assert_honest_gets_in (port);
  assert_honest_gets_in (gate.port ());
  ck_assert_int_eq (threads (), before);
  // A third of them has its client here, too.
  if (memory_is_real)
    ck_assert_int_lt (resident_kib () - resident, 300 * 100);
  guests.clear ();
  ck_assert (eventually ([&] { return gate->counters ().open == 0; }));
}
END_TEST

START_TEST (the_oldest_handshake_makes_room)
{
  Limits limits;
  limits.unauthenticated = 20;
  CertificateFiles files;
  TestGate gate (limits, {.certificate = files.open ()});
  Guests guests;
  stall (guests, gate.port (), 60);
  ck_assert (eventually ([&] { return gate->counters ().connections == 60; }));
  ck_assert_uint_le (gate->counters ().open, 20);
  assert_honest_gets_in (gate.port ());
  ck_assert (was_refused (gate, "limit", ""));
}
END_TEST

/** They may have come through the other door. */
START_TEST (doors_make_room_for_each_other)
{
  Limits limits;
  limits.unauthenticated = 10;
  CertificateFiles files;
  TestGate gate (limits);
  const auto port = open_rtmps_door (gate, files.open ());
  Guests guests;
  for (int i = 0; i < 50; ++i) {
    guests.push_back (std::make_unique<Publisher> (i / 7 % 2 == 0 ? port : gate.port ()));
    ck_assert (guests.back ()->connected ());
  }
  ck_assert (eventually ([&] { return gate->counters ().connections == 50; }));
  ck_assert_uint_eq (gate->counters ().open, 10);
  assert_honest_gets_in (port);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("rtmps hostile",
      {stalled_handshakes_run_out_of_time, handshakes_that_break_off_leave_nothing,
          who_shows_no_key_runs_out_of_time, garbage_is_a_protocol_error, an_alert_tells_why,
          plain_rtmp_at_the_port_for_tls, tls_at_a_gate_without_certificate, garbage_within_tls,
          who_breaks_a_record_while_publishing_is_closed, three_hundred_stalled_handshakes,
          the_oldest_handshake_makes_room, doors_make_room_for_each_other});
}
