// SPDX-License-Identifier: LGPL-2.1-or-later
// One TLS connection: handshakes in any pieces, and peers that don't keep to the rules.
#include "libs/tls/session.hpp"

#include <algorithm>

#include "tests/unit/suite.hpp"
#include "tests/unit/tls/client.hpp"
#include "tests/unit/tls/pem.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using tls::ServerSession;

namespace {

const tls::Identity &
identity ()
{
  static const auto pem = make_pem ();
  static const auto made = tls::Identity::parse (pem.certificate, pem.private_key);
  ck_assert_msg (made.has_value (), "%s", made ? "" : made.error ().c_str ());
  return **made;
}

struct Pair
{
  ServerSession server{identity ()};
  TlsClient client;
  Bytes heard;
  std::string error;

  explicit Pair (int version = 0) : client (version) {}

  /** Carries what the client says, in pieces of @p size, and the answers back. */
  void carry (std::size_t size = 1 << 20)
  {
    const auto said = client.said ();
    for (ByteView rest (said); !rest.empty () && error.empty ();) {
      const auto piece = rest.first (std::min (size, rest.size ()));
      if (const auto fed = server.feed (piece, heard); !fed)
        error = fed.error ();
      rest = rest.subspan (piece.size ());
    }
    client.hear (server.take_output ());
  }
  bool connect (std::size_t size = 1 << 20)
  {
    for (int i = 0; i < 4 && error.empty () && !(client.shake_hands () && server.is_open ()); ++i)
      carry (size);
    return server.is_open ();
  }
};

Bytes
pattern (std::size_t size)
{
  Bytes out (size);
  for (std::size_t i = 0; i < size; ++i)
    out[i] = static_cast<std::uint8_t> (i * 7);
  return out;
}

START_TEST (both_versions_carry_bytes_both_ways)
{
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Pair pair (version);
    ck_assert_msg (pair.connect (), "%s", pair.error.c_str ());
    const auto there = pattern (100000), back = pattern (70000);
    ck_assert (pair.client.say (there));
    pair.carry ();
    ck_assert (pair.heard == there);
    pair.server.send (back);
    pair.client.hear (pair.server.take_output ());
    ck_assert (pair.client.read () == back);
    pair.server.close ();
    pair.server.close ();
    const auto farewell = pair.server.take_output ();
    ck_assert_uint_lt (farewell.size (), 64);
    pair.client.hear (farewell);
    ck_assert (pair.client.was_told_the_end ());
  }
}
END_TEST

START_TEST (pieces_may_be_of_any_size)
{
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION})
    for (const std::size_t size : {1, 2, 3, 5, 7, 64, 517}) {
      Pair pair (version);
      ck_assert_msg (pair.connect (size), "%zu: %s", size, pair.error.c_str ());
      const auto there = pattern (3000);
      pair.client.say (there);
      pair.carry (size);
      ck_assert (pair.heard == there);
    }
}
END_TEST

START_TEST (older_versions_are_refused)
{
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    Pair pair (version);
    ck_assert (!pair.connect ());
    assert_text (pair.error, "TLS: unsupported protocol");
  }
}
END_TEST

START_TEST (nothing_is_said_before_the_handshake)
{
  ServerSession server (identity ());
  server.send (pattern (10));
  server.close ();
  ck_assert (server.take_output ().empty ());
  ck_assert (!server.is_open () && !server.is_over ());
}
END_TEST

START_TEST (noise_fails_for_good)
{
  for (const auto &noise : {std::string ("GET / HTTP/1.1\r\n\r\n"), std::string (20000, '\x16'),
           std::string ("\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00", 10), std::string (1600, '\x03'),
           std::string ("\x15\x03\x01\x00\x02\x02\x28", 7),
           std::string ("\x17\x03\x03\x00\x01x", 6)}) {
    ServerSession server (identity ());
    Bytes plain;
    const auto fed = server.feed (view (noise), plain);
    ck_assert (!fed.has_value ());
    ck_assert (fed.error ().starts_with ("TLS: "));
    ck_assert (plain.empty ());
    ck_assert_uint_le (server.take_output ().size (), 64);
    ck_assert (!server.feed (pattern (100), plain).has_value ());
    server.send (pattern (100));
    server.close ();
    ck_assert (server.take_output ().empty ());
  }
}
END_TEST

/** Each byte of the ClientHello wrong, in turn: the session may only fail or wait. */
START_TEST (broken_hellos_open_nothing)
{
  TlsClient client;
  client.shake_hands ();
  const auto hello = client.said ();
  ck_assert_uint_gt (hello.size (), 100);
  for (std::size_t i = 0; i < hello.size (); ++i) {
    auto broken = hello;
    broken[i] ^= 0x5a;
    ServerSession server (identity ());
    Bytes plain;
    (void)server.feed (broken, plain);
    ck_assert (plain.empty () && !server.is_open ());
    ck_assert_uint_lt (server.take_output ().size (), 4096);
  }
}
END_TEST

START_TEST (broken_records_end_it)
{
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Pair pair (version);
    ck_assert (pair.connect ());
    pair.client.say (pattern (100));
    auto said = pair.client.said ();
    said[said.size () / 2] ^= 1;
    ck_assert (!pair.server.feed (said, pair.heard).has_value ());
    ck_assert (pair.heard.empty ());
  }
}
END_TEST

START_TEST (renegotiation_is_refused)
{
  Pair pair (TLS1_2_VERSION);
  ck_assert (pair.connect ());
  ck_assert_int_eq (SSL_renegotiate (pair.client.ssl ()), 1);
  pair.client.shake_hands ();
  pair.carry ();
  ck_assert (!pair.client.shake_hands ());
  const auto after = pattern (5);
  (void)pair.client.say (after); // whoever goes on may; OpenSSL's client doesn't
  pair.carry ();
  ck_assert (pair.heard.empty () || pair.heard == after);
}
END_TEST

START_TEST (key_updates_are_bounded_work)
{
  Pair pair (TLS1_3_VERSION);
  ck_assert (pair.connect ());
  for (int i = 0; i < 100 && pair.error.empty (); ++i) {
    SSL_key_update (pair.client.ssl (), SSL_KEY_UPDATE_REQUESTED);
    pair.client.shake_hands ();
    pair.carry ();
  }
  ck_assert_uint_lt (pair.server.take_output ().size (), 4096);
  if (!pair.error.empty ())
    return;
  pair.client.say (pattern (5));
  pair.carry ();
  ck_assert (pair.heard == pattern (5));
}
END_TEST

START_TEST (the_peers_end_is_noticed)
{
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Pair pair (version);
    ck_assert (pair.connect ());
    pair.client.say (pattern (9));
    SSL_shutdown (pair.client.ssl ());
    pair.carry ();
    ck_assert (pair.server.is_over ());
    ck_assert (pair.heard == pattern (9));
    pair.server.close ();
    pair.client.hear (pair.server.take_output ());
    ck_assert (pair.client.was_told_the_end ());
  }
}
END_TEST

START_TEST (nothing_is_resumed)
{
  Pair pair;
  ck_assert (pair.connect ());
  pair.client.read ();
  const OpenSslPtr<SSL_SESSION, SSL_SESSION_free> session (SSL_get1_session (pair.client.ssl ()));
  Pair second;
  SSL_set_session (second.client.ssl (), session.get ());
  ck_assert (second.connect ());
  ck_assert_int_eq (SSL_session_reused (second.client.ssl ()), 0);
}
END_TEST

} // namespace

int
main ()
{
  return run ("tls session",
      {both_versions_carry_bytes_both_ways, pieces_may_be_of_any_size, older_versions_are_refused,
          nothing_is_said_before_the_handshake, noise_fails_for_good, broken_hellos_open_nothing,
          broken_records_end_it, renegotiation_is_refused, key_updates_are_bounded_work,
          the_peers_end_is_noticed, nothing_is_resumed});
}
