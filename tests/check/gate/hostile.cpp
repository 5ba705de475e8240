// SPDX-License-Identifier: LGPL-2.1-or-later
// Strangers at the gate: silent, many, noisy, slow. It stays up, bounded, and open to others.
#include <cstdio>
#include <fstream>
#include <optional>

#include <sys/resource.h>
#include <unistd.h>

#include "tests/check/gate/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using gate::Limits;

namespace {

using Guests = std::vector<std::unique_ptr<Publisher>>;

void
assert_honest_gets_in (TestGate &gate, const char *from = "127.0.0.1")
{
  Publisher honest (gate.port (), from);
  ck_assert (honest.publish ("demo?key=" + key_for ("live/demo")));
}

bool
was_refused (const TestGate &gate, const char *reason)
{
  for (const auto &refused : gate.refused ())
    if (refused.reason == reason)
      return true;
  return false;
}

START_TEST (silent_stranger_runs_out_of_time)
{
  Limits limits;
  limits.authentication_time = std::chrono::milliseconds (100);
  TestGate gate (limits);
  Publisher stranger (gate.port ());
  ck_assert (stranger.closed_by_peer ());
  Publisher half (gate.port ());
  half.handshake ();
  ck_assert (half.closed_by_peer ());
  ck_assert (eventually ([&] { return was_refused (gate, "timeout"); }));
  ck_assert_uint_eq (gate->counters ().refused_limits, 2);
}
END_TEST

START_TEST (trickling_stranger_runs_out_of_time)
{
  Limits limits;
  limits.authentication_time = std::chrono::milliseconds (200);
  TestGate gate (limits);
  Publisher stranger (gate.port ());
  stranger.send (Bytes{3});
  ck_assert (eventually ([&] { return !stranger.send (Bytes{0}); })); // 1536 would be a handshake
}
END_TEST

START_TEST (silent_publisher_is_gone)
{
  Limits limits;
  limits.silence = std::chrono::milliseconds (150);
  TestGate gate (limits);
  Publisher publisher (gate.port ());
  ck_assert (publisher.publish ("demo?key=" + key_for ("live/demo")));
  ck_assert (publisher.expect ("sent nothing for too long"));
  ck_assert (publisher.closed_by_peer ());
}
END_TEST

START_TEST (bytes_keep_a_publisher)
{
  Limits limits;
  limits.silence = std::chrono::milliseconds (400);
  TestGate gate (limits);
  Publisher publisher (gate.port ());
  ck_assert (publisher.publish ("demo?key=" + key_for ("live/demo")));
  const auto end = g_get_monotonic_time () + G_USEC_PER_SEC;
  publisher.send_aac_setup ();
  for (std::uint32_t ms = 0; g_get_monotonic_time () < end; ms += 20) {
    publisher.send_audio (ms);
    g_usleep (20000); // the pace of the stream
  }
  ck_assert_uint_eq (gate->counters ().open, 1);
}
END_TEST

START_TEST (connections_per_address_are_limited)
{
  Limits limits;
  limits.connections_per_address = 3;
  TestGate gate (limits);
  Guests guests;
  for (int i = 0; i < 3; ++i)
    guests.push_back (std::make_unique<Publisher> (gate.port (), "127.0.0.2"));
  ck_assert (eventually ([&] { return gate->counters ().open == 3; }));
  Publisher fourth (gate.port (), "127.0.0.2");
  ck_assert (fourth.closed_by_peer ());
  ck_assert (was_refused (gate, "limit"));
  assert_honest_gets_in (gate, "127.0.0.3");
  guests.pop_back ();
  ck_assert (eventually ([&] { return gate->counters ().open <= 2; }));
  assert_honest_gets_in (gate, "127.0.0.2");
}
END_TEST

START_TEST (oldest_stranger_of_an_address_is_pushed_out)
{
  Limits limits;
  limits.unauthenticated_per_address = 2;
  TestGate gate (limits);
  Publisher elsewhere (gate.port (), "127.0.0.9");
  Publisher oldest (gate.port (), "127.0.0.2"), second (gate.port (), "127.0.0.2");
  ck_assert (eventually ([&] { return gate->counters ().open == 3; }));
  Publisher third (gate.port (), "127.0.0.2");
  ck_assert (oldest.closed_by_peer ());
  ck_assert (third.publish ("demo?key=" + key_for ("live/demo")));
  ck_assert_uint_eq (gate->counters ().open, 3);
}
END_TEST

START_TEST (all_connections_are_limited)
{
  Limits limits;
  limits.connections = 4;
  TestGate gate (limits);
  Guests guests;
  for (int i = 0; i < 4; ++i)
    guests.push_back (std::make_unique<Publisher> (gate.port ()));
  ck_assert (eventually ([&] { return gate->counters ().open == 4; }));
  Publisher fifth (gate.port (), "127.0.0.5");
  ck_assert (fifth.closed_by_peer ());
}
END_TEST

/** @p count half-open connections from 200 addresses, a third of them within the handshake. */
void
flood (TestGate &gate, Guests &guests, int count)
{
  for (int i = 0; i < count; ++i) {
    const auto from = "127.0.1." + std::to_string (1 + i % 200);
    guests.push_back (std::make_unique<Publisher> (gate.port (), from.c_str ()));
    ck_assert (guests.back ()->connected ());
    if (i % 3 == 0)
      guests.back ()->send (Bytes (700, 3));
  }
}

long
resident_kib ()
{
  long pages = 0, resident = 0;
  std::ifstream ("/proc/self/statm") >> pages >> resident;
  return resident * (sysconf (_SC_PAGESIZE) / 1024);
}

START_TEST (flood_is_bounded)
{
  TestGate gate;
  Guests guests;
  flood (gate, guests, 600);
  ck_assert (eventually ([&] { return gate->counters ().connections == 600; }));
  ck_assert_uint_eq (gate->counters ().open, Limits{}.unauthenticated);
  assert_honest_gets_in (gate);
  guests.clear ();
  ck_assert (eventually ([&] { return gate->counters ().open == 0; }));
}
END_TEST

START_TEST (ten_thousand_half_open_connections)
{
  TestGate gate;
  Guests guests;
  flood (gate, guests, 1000);
  ck_assert (eventually ([&] { return gate->counters ().connections == 1000; }));
  const auto before = resident_kib ();
  flood (gate, guests, 9000);
  ck_assert (eventually ([&] { return gate->counters ().connections == 10000; }));
  ck_assert_uint_eq (gate->counters ().open, Limits{}.unauthenticated);
  assert_honest_gets_in (gate);
  ck_assert_int_lt (resident_kib () - before, 16 * 1024);
}
END_TEST

/** Takes all descriptors, so that this process gets none while it lives but by give_back_one(). */
class Scarcity
{
public:
  Scarcity ()
  {
    getrlimit (RLIMIT_NOFILE, &normal_);
    const rlimit low{256, normal_.rlim_max};
    setrlimit (RLIMIT_NOFILE, &low);
    for (int fd = 0; (fd = dup (STDERR_FILENO)) >= 0;)
      taken_.push_back (fd);
  }
  ~Scarcity ()
  {
    while (!taken_.empty ())
      give_back_one ();
    setrlimit (RLIMIT_NOFILE, &normal_);
  }
  void give_back_one ()
  {
    ::close (taken_.back ());
    taken_.pop_back ();
  }

private:
  rlimit normal_{};
  std::vector<int> taken_;
};

long
processor_time_us ()
{
  rusage used{};
  getrusage (RUSAGE_SELF, &used);
  return used.ru_utime.tv_sec * 1000000L + used.ru_utime.tv_usec;
}

/** No assertion while descriptors are scarce: a failure would take the other tests along. Nor does
 * anybody wait at the gate while one is given back, as the gate would take that one. */
START_TEST (no_descriptors_left)
{
  TestGate gate;
  const auto query = "demo?key=" + key_for ("live/demo");
  Publisher stranger (gate.port ());
  ck_assert (eventually ([&] { return gate->counters ().open == 1; }));
  auto scarcity = std::make_optional<Scarcity> ();
  scarcity->give_back_one ();
  Publisher honest (gate.port ()); // takes it; the gate must push the stranger out
  const bool got_in = honest.publish (query);
  scarcity->give_back_one ();
  Publisher late (gate.port ()); // nobody is left to be pushed out
  const auto start = processor_time_us ();
  g_usleep (300000); // a span over which the gate must not spin
  const auto used = processor_time_us () - start;
  scarcity.reset ();
  ck_assert (got_in);
  ck_assert (late.connected ());
  ck_assert_int_lt (used, 150000);
  ck_assert (was_refused (gate, "limit"));
  ck_assert (eventually ([&] { return gate->counters ().open == 2; }));
}
END_TEST

/** What strangers do is counted, but doesn't fill a log. */
START_TEST (a_flood_of_refusals_is_summed_up)
{
  TestGate gate;
  std::uint64_t strangers = 0;
  const auto knock = [&] {
    Publisher stranger (gate.port ());
    stranger.send (view (std::string_view ("GET / HTTP/1.1\r\n\r\n")));
    ck_assert (stranger.closed_by_peer ());
    ++strangers;
    return gate.refused ().back ().untold;
  };
  while (strangers < 200)
    knock ();
  ck_assert_uint_lt (gate.refused ().size (), 200);
  ck_assert (eventually ([&] { return knock () > 0; }));
  std::uint64_t known = 0;
  for (const auto &refused : gate.refused ())
    known += 1 + refused.untold;
  ck_assert_uint_le (known, strangers);
  ck_assert_uint_eq (gate->counters ().protocol_errors, strangers);
  // Noise takes nothing from what concerns a stream.
  Publisher wrong (gate.port ());
  ck_assert (!wrong.publish ("demo?key=none"));
  ck_assert (eventually ([&] { return gate.refused ().back ().name == "live/demo"; }));
  ck_assert_uint_eq (gate.refused ().back ().untold, 0);
}
END_TEST

START_TEST (garbage_is_a_protocol_error)
{
  TestGate gate;
  const std::vector<std::string> all = {"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      std::string (70000, '\xff'),
      std::string ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)};
  for (const auto &noise : all) {
    Publisher stranger (gate.port ());
    stranger.send (view (noise));
    ck_assert (stranger.closed_by_peer ());
  }
  Publisher later (gate.port ());
  later.handshake ();
  later.send (Bytes (5000, 0xee));
  ck_assert (later.closed_by_peer ());
  ck_assert_uint_eq (gate->counters ().protocol_errors, all.size () + 1);
  ck_assert (was_refused (gate, "protocol"));
  assert_honest_gets_in (gate);
}
END_TEST

START_TEST (unsupported_codec_is_told_to_the_publisher)
{
  TestGate gate;
  Publisher publisher (gate.port ());
  ck_assert (publisher.publish ("demo?key=" + key_for ("live/demo")));
  publisher.send_tag (9, 0, {0x12, 0, 0, 0, 0, 0}); // Sorenson H.263
  ck_assert (publisher.expect ("H.263"));
  ck_assert (publisher.closed_by_peer ());
  ck_assert_uint_eq (gate->counters ().protocol_errors, 1);
}
END_TEST

START_TEST (broken_setup_is_told_to_the_publisher)
{
  TestGate gate;
  Publisher publisher (gate.port ());
  ck_assert (publisher.publish ("demo?key=" + key_for ("live/demo")));
  publisher.send_tag (9, 0, {0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x0d, 0xff, 0xe1, 0x40, 0});
  ck_assert (publisher.expect ("avcC"));
  ck_assert (publisher.closed_by_peer ());
}
END_TEST

START_TEST (who_does_not_read_is_closed)
{
  TestGate gate;
  Publisher publisher (gate.port ());
  ck_assert (publisher.publish ("demo?key=" + key_for ("live/demo")));
  // Each ping (event 6) is answered; none of the answers is read.
  Bytes pings;
  for (int i = 0; i < 2000; ++i) {
    Writer writer (pings);
    writer.u8 (2);
    writer.u24 (0);
    writer.u24 (6);
    writer.u8 (4);
    writer.u32 (0);
    writer.u16 (6);
    writer.u32 (1);
  }
  ck_assert (eventually ([&] { return !publisher.send (pings); }));
  ck_assert (eventually ([&] { return gate->counters ().open == 0; }));
}
END_TEST

/** For both ends of what the gate keeps, and the other end of what it doesn't. */
bool
has_descriptors (rlim_t wanted)
{
  rlimit files{};
  getrlimit (RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  return files.rlim_max >= wanted && setrlimit (RLIMIT_NOFILE, &files) == 0;
}

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  if (argc > 1 && std::string (argv[1]) == "slow") {
    if (!has_descriptors (11000)) {
      puts ("skipped: this needs 11000 file descriptors (ulimit -Hn)");
      return 77;
    }
    return run ("hostile", {ten_thousand_half_open_connections});
  }
  return run ("hostile",
      {silent_stranger_runs_out_of_time, trickling_stranger_runs_out_of_time,
          silent_publisher_is_gone, bytes_keep_a_publisher, connections_per_address_are_limited,
          oldest_stranger_of_an_address_is_pushed_out, all_connections_are_limited,
          flood_is_bounded, no_descriptors_left, a_flood_of_refusals_is_summed_up,
          garbage_is_a_protocol_error, unsupported_codec_is_told_to_the_publisher,
          broken_setup_is_told_to_the_publisher, who_does_not_read_is_closed});
}
