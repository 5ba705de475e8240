// SPDX-License-Identifier: LGPL-2.1-or-later
// Loss, reordering, duplicates, garbage and forgeries.
#include "libs/webrtc/dtls.hpp"

#include "tests/unit/suite.hpp"
#include "tests/unit/webrtc/dtls_pair.hpp"

using namespace stagedoor;
using namespace stagedoor::webrtc;
using test::DtlsPeer;
using test::identity;
using test::Pair;
using test::second;
using State = DtlsServer::State;

START_TEST (sends_a_lost_flight_again)
{
  Pair pair;
  pair.client.advance ();
  pair.to_server ();
  const auto started = pair.now;
  ck_assert_uint_ge (pair.from_server.size (), 1);
  const auto lost = std::exchange (pair.from_server, {});
  ck_assert (pair.server.on_time (*pair.server.deadline () - 1) == State::handshaking);
  ck_assert (pair.from_server.empty ());

  std::int64_t before = started, interval = 0;
  for (int i = 0; i < 4; ++i) {
    pair.from_server.clear ();
    pair.wait ();
    ck_assert (pair.from_server == lost);
    ck_assert_int_ge (pair.now - before, interval);
    interval = pair.now - before;
    before = pair.now;
  }
  ck_assert_int_gt (interval, second / 4);
  pair.to_client ();
  pair.run ();
  ck_assert (pair.server.state () == State::connected);
  ck_assert (pair.client.connected ());
}
END_TEST

START_TEST (sends_a_lost_flight_again_when_asked)
{
  Pair pair;
  pair.client.advance ();
  const auto hello = pair.client.sent.front ();
  pair.to_server ();
  const auto lost = std::exchange (pair.from_server, {});
  // Another copy right away is the network's doing, one after a while the peer's.
  pair.server.feed (hello, pair.now + 1);
  ck_assert (pair.from_server.empty ());
  pair.now += second / 10;
  ck_assert_int_lt (pair.now, *pair.server.deadline ());
  pair.server.feed (hello, pair.now);
  ck_assert (pair.from_server == lost);
  for (int i = 0; i < 100; ++i)
    pair.server.feed (hello, pair.now + i);
  ck_assert_uint_eq (pair.from_server.size (), lost.size ());
  pair.to_client ();
  pair.run ();
  ck_assert (pair.server.state () == State::connected);
}
END_TEST

START_TEST (survives_the_loss_of_the_last_flight)
{
  Pair pair;
  pair.client.advance ();
  pair.to_server ();
  pair.to_client ();
  pair.to_server ();
  ck_assert (pair.server.state () == State::connected);
  pair.from_server.clear ();
  ck_assert (!pair.client.connected ());
  pair.client.resend ();
  pair.to_server ();
  ck_assert (!pair.from_server.empty ());
  pair.to_client ();
  ck_assert (pair.client.connected ());
  ck_assert (pair.server.state () == State::connected);
}
END_TEST

START_TEST (survives_reordering_and_duplicates)
{
  Pair pair;
  pair.client.advance ();
  pair.client.sent.push_back (pair.client.sent.front ());
  pair.to_server ();
  for (const auto &datagram : std::deque<Bytes> (pair.from_server))
    pair.from_server.push_back (datagram);
  pair.to_client ();
  ck_assert_uint_ge (pair.client.sent.size (), 1);
  std::ranges::reverse (pair.client.sent);
  const auto flight = pair.client.sent;
  pair.client.sent.insert (pair.client.sent.end (), flight.begin (), flight.end ());
  pair.to_server ();
  pair.to_client ();
  ck_assert (pair.server.state () == State::connected);
  ck_assert (pair.client.connected ());
}
END_TEST

START_TEST (survives_a_lossy_network)
{
  for (unsigned seed = 1; seed <= 64; ++seed) {
    Pair pair;
    unsigned random = seed * 2654435761u;
    const auto lost = [&] {
      return (random = random * 1664525u + 1013904223u) >> 30 == 0;
    };
    pair.client.advance ();
    for (int round = 0;
         round < 60 && !(pair.client.connected () && pair.server.state () == State::connected);
         ++round) {
      std::erase_if (pair.client.sent, [&] (const Bytes &) { return lost (); });
      pair.to_server ();
      std::erase_if (pair.from_server, [&] (const Bytes &) { return lost (); });
      pair.to_client ();
      pair.client.resend ();
      pair.now += second / 20;
      pair.server.on_time (pair.now);
    }
    ck_assert (pair.server.state () == State::connected);
    ck_assert (pair.client.connected ());
  }
}
END_TEST

START_TEST (gives_up_on_a_silent_peer)
{
  Pair pair;
  pair.client.advance ();
  pair.to_server ();
  const auto started = pair.now;
  int waits = 0;
  while (pair.server.state () == State::handshaking && ++waits < 100)
    pair.wait ();
  ck_assert (pair.server.state () == State::failed);
  ck_assert_int_le (pair.now - started, 20 * second);
  ck_assert_int_lt (waits, 30);
  ck_assert (!pair.server.deadline ());
  const auto sent = pair.from_server.size ();
  pair.server.on_time (pair.now + 100 * second);
  pair.server.feed (pair.from_server.front (), pair.now);
  ck_assert_uint_eq (pair.from_server.size (), sent);
}
END_TEST

START_TEST (gives_up_on_garbage_alone)
{
  Pair pair;
  ck_assert (pair.server.feed (Bytes (50, 0x16), pair.now) == State::handshaking);
  ck_assert (!pair.server.deadline ());
  // The first byte of a ClientHello of 100, and never the rest.
  const std::uint8_t record[] = {
      22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 13, 1, 0, 0, 100, 0, 0, 0, 0, 0, 0, 0, 1, 0xfe};
  ck_assert (pair.server.feed (record, pair.now) == State::handshaking);
  pair.wait ();
  ck_assert (pair.server.state () == State::failed);
  ck_assert (pair.from_server.empty ());
}
END_TEST

START_TEST (garbage_does_not_disturb)
{
  Pair pair;
  const auto disturb = [&] {
    for (std::size_t size : {0, 1, 12, 13, 14, 100, 1500, 20000, 65507})
      for (int first : {0, 20, 21, 22, 23, 63, 255}) {
        Bytes garbage (size, 0xff);
        if (size > 0)
          garbage[0] = static_cast<std::uint8_t> (first);
        pair.server.feed (garbage, pair.now);
      }
  };
  disturb ();
  pair.client.advance ();
  pair.to_server ();
  disturb ();
  pair.to_client ();
  pair.to_server ();
  ck_assert (pair.server.state () == State::connected);
  disturb ();
  pair.to_client ();
  ck_assert (pair.client.connected ());
  ck_assert (pair.server.state () == State::connected);
}
END_TEST

START_TEST (hellos_cut_short_do_not_disturb)
{
  Pair pair;
  pair.client.advance ();
  const auto hello = pair.client.sent.front ();
  for (std::size_t size = 0; size < hello.size (); ++size)
    ck_assert (pair.server.feed (ByteView (hello).first (size), pair.now) == State::handshaking);
  ck_assert (pair.from_server.empty ());
  pair.to_server ();
  ck_assert (!pair.from_server.empty ());
}
END_TEST

START_TEST (early_records_are_bounded)
{
  Pair pair;
  pair.client.advance ();
  pair.to_server ();
  // A whole datagram of records of epoch 1, each of which OpenSSL would keep.
  Bytes early;
  for (int i = 0; i < 80; ++i) {
    const std::uint8_t record[] = {
        22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, static_cast<std::uint8_t> (i), 0, 1, 0};
    early.insert (early.end (), std::begin (record), std::end (record));
  }
  for (int i = 0; i < 100; ++i)
    ck_assert (pair.server.feed (early, pair.now) == State::handshaking);
}
END_TEST

START_TEST (forged_alerts_do_not_close)
{
  Pair pair;
  pair.run ();
  const std::uint8_t plain[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 99, 0, 2, 1, 0};
  const std::uint8_t fatal[] = {21, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 99, 0, 2, 2, 40};
  ck_assert (pair.server.feed (plain, pair.now) == State::connected);
  ck_assert (pair.server.feed (fatal, pair.now) == State::connected);
}
END_TEST

int
main ()
{
  return test::run ("dtls-network",
      {sends_a_lost_flight_again, sends_a_lost_flight_again_when_asked,
          survives_the_loss_of_the_last_flight, survives_reordering_and_duplicates,
          survives_a_lossy_network, gives_up_on_a_silent_peer, gives_up_on_garbage_alone,
          garbage_does_not_disturb, hellos_cut_short_do_not_disturb, early_records_are_bounded,
          forged_alerts_do_not_close});
}
