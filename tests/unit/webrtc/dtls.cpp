// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/webrtc/dtls.hpp"

#include <openssl/crypto.h>
#include <openssl/srtp.h>

#include <utility>

#include "tests/unit/suite.hpp"
#include "tests/unit/webrtc/dtls_peer.hpp"

using namespace stagedoor;
using namespace stagedoor::webrtc;
using test::DtlsPeer;
using State = DtlsServer::State;

namespace {

constexpr std::int64_t second = 1'000'000;

const std::shared_ptr<const DtlsIdentity> &
identity ()
{
  static const auto made = DtlsIdentity::generate ();
  return made;
}

/** A client and a server, with the network between them in our hands. */
struct Pair
{
  explicit Pair (const test::PeerOptions &options = {}) : Pair (options, "") {}
  Pair (const test::PeerOptions &options, const std::string &fingerprint)
      : client (options),
        server (identity (), fingerprint.empty () ? client.fingerprint () : fingerprint,
            [this] (ByteView datagram) {
              ck_assert_uint_le (datagram.size (), 1200);
              from_server.emplace_back (datagram.begin (), datagram.end ());
            })
  {
  }

  void to_server ()
  {
    while (!client.sent.empty ()) {
      const auto datagram = std::move (client.sent.front ());
      client.sent.pop_front ();
      server.feed (datagram, now);
    }
  }
  void to_client ()
  {
    while (!from_server.empty ()) {
      const auto datagram = std::move (from_server.front ());
      from_server.pop_front ();
      client.feed (datagram);
    }
  }
  void run ()
  {
    client.advance ();
    for (int i = 0; i < 6; ++i) {
      to_server ();
      to_client ();
    }
  }
  /** Lets the server's next deadline come. */
  void wait ()
  {
    ck_assert (server.deadline ().has_value ());
    now = *server.deadline ();
    server.on_time (now);
  }

  DtlsPeer client;
  std::deque<Bytes> from_server;
  DtlsServer server;
  std::int64_t now = 5 * second;
};

void
assert_same_keys (Pair &pair, SrtpProfile profile)
{
  const auto &keys = pair.server.keys ();
  ck_assert (keys.profile == profile);
  const std::size_t salt = profile == SrtpProfile::aead_aes_128_gcm ? 12 : 14;
  std::array<std::uint8_t, 60> material{};
  ck_assert_int_eq (SSL_export_keying_material (pair.client.ssl (), material.data (),
                        2 * (16 + salt), "EXTRACTOR-dtls_srtp", 19, nullptr, 0, 0),
      1);
  ck_assert_mem_eq (material.data (), keys.remote_key.data (), 16);
  ck_assert_mem_eq (material.data () + 16, keys.local_key.data (), 16);
  ck_assert_mem_eq (material.data () + 32, keys.remote_salt.data (), salt);
  ck_assert_mem_eq (material.data () + 32 + salt, keys.local_salt.data (), salt);
  for (std::size_t i = salt; i < keys.local_salt.size (); ++i)
    ck_assert_int_eq (keys.local_salt[i] | keys.remote_salt[i], 0);
}

} // namespace

START_TEST (connects_and_prefers_gcm)
{
  Pair pair;
  ck_assert (pair.server.state () == State::handshaking);
  ck_assert (!pair.server.deadline ());
  pair.run ();
  ck_assert (pair.server.state () == State::connected);
  ck_assert (pair.client.connected ());
  ck_assert (!pair.server.deadline ());
  ck_assert_str_eq (SSL_get_version (pair.client.ssl ()), "DTLSv1.2");
  assert_same_keys (pair, SrtpProfile::aead_aes_128_gcm);
  ck_assert (pair.server.failure ().empty ());
}
END_TEST

START_TEST (our_certificate_has_the_announced_fingerprint)
{
  Pair pair;
  pair.run ();
  X509 *const certificate = SSL_get1_peer_certificate (pair.client.ssl ());
  ck_assert_ptr_nonnull (certificate);
  std::array<std::uint8_t, 32> digest;
  X509_digest (certificate, EVP_sha256 (), digest.data (), nullptr);
  ck_assert (colon_hex (digest) == identity ()->fingerprint ());
  X509_free (certificate);
  ck_assert (DtlsIdentity::generate ()->fingerprint () != identity ()->fingerprint ());
}
END_TEST

START_TEST (takes_the_sha1_profile_and_rsa_certificates)
{
  Pair pair ({.srtp = "SRTP_AES128_CM_SHA1_80", .rsa = true});
  pair.run ();
  ck_assert (pair.server.state () == State::connected);
  assert_same_keys (pair, SrtpProfile::aes128_cm_sha1_80);
}
END_TEST

START_TEST (checks_other_hashes)
{
  test::PeerOptions options;
  DtlsPeer client (options);
  for (const bool long_one : {false, true}) {
    std::deque<Bytes> out;
    DtlsPeer peer;
    DtlsServer server (identity (),
        long_one ? peer.fingerprint (EVP_sha512 (), "SHA-512")
                 : peer.fingerprint (EVP_sha384 (), "sha-384"),
        [&] (ByteView d) { out.emplace_back (d.begin (), d.end ()); });
    peer.advance ();
    for (int i = 0; i < 4; ++i) {
      for (; !peer.sent.empty (); peer.sent.pop_front ())
        server.feed (peer.sent.front (), 1);
      for (; !out.empty (); out.pop_front ())
        peer.feed (out.front ());
    }
    ck_assert (server.state () == State::connected);
  }
}
END_TEST

START_TEST (refuses_another_certificate)
{
  const DtlsPeer other;
  Pair pair ({}, other.fingerprint ());
  pair.run ();
  ck_assert (pair.server.state () == State::failed);
  ck_assert (pair.server.failure ().find ("fingerprint") != std::string_view::npos);
  ck_assert (pair.client.ended);
  ck_assert (!pair.server.deadline ());
  const auto all_zero = SrtpKeys::Key{};
  ck_assert_mem_eq (pair.server.keys ().local_key.data (), all_zero.data (), all_zero.size ());
}
END_TEST

START_TEST (refuses_fingerprints_that_it_cannot_check)
{
  const DtlsPeer peer;
  const auto good = peer.fingerprint ();
  const std::string bad[] = {"", "sha-256", "sha-256 ", "sha-1 AB:CD", good + ":00",
      good.substr (0, good.size () - 1), good.substr (0, good.size () - 3), good + "\n",
      "md5" + good.substr (7), " " + good, std::string (100000, 'A')};
  for (const auto &fingerprint : bad) {
    int sent = 0;
    DtlsServer server (identity (), fingerprint, [&] (ByteView) { ++sent; });
    ck_assert (server.state () == State::failed);
    ck_assert (!server.failure ().empty ());
    DtlsPeer client;
    client.advance ();
    server.feed (client.sent.front (), 1);
    ck_assert (server.on_time (second) == State::failed);
    ck_assert_int_eq (sent, 0);
  }
}
END_TEST

START_TEST (refuses_what_is_too_old_or_missing)
{
  const test::PeerOptions all[] = {
      {.srtp = nullptr},
      {.certificate = false},
      {.ciphers = "ECDHE-ECDSA-AES128-SHA"},
      {.ciphers = "ECDHE-RSA-AES128-GCM-SHA256"},
      {.ciphers = "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:@SECLEVEL=0",
          .version = DTLS1_VERSION},
  };
  for (const auto &options : all) {
    Pair pair (options);
    pair.run ();
    ck_assert (pair.server.state () == State::failed);
    ck_assert (!pair.server.failure ().empty ());
    ck_assert (pair.client.ended);
  }
}
END_TEST

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

START_TEST (the_peer_closes)
{
  Pair pair;
  pair.run ();
  pair.client.say ("application data is of no interest");
  pair.to_server ();
  ck_assert (pair.server.state () == State::connected);
  pair.client.close ();
  const auto notify = pair.client.sent.front ();
  pair.to_server ();
  ck_assert (pair.server.state () == State::closed);
  ck_assert (pair.server.failure ().empty ());
  ck_assert (pair.server.feed (notify, pair.now) == State::closed);
  pair.to_client ();
  ck_assert (pair.client.ended);
}
END_TEST

START_TEST (we_close)
{
  Pair pair;
  pair.run ();
  const auto keys = pair.server.keys ();
  pair.server.close ();
  ck_assert (pair.server.state () == State::closed);
  ck_assert_uint_ge (pair.from_server.size (), 1);
  ck_assert_mem_eq (pair.server.keys ().local_key.data (), keys.local_key.data (), 16);
  pair.to_client ();
  ck_assert (pair.client.ended);
  pair.server.close ();
  ck_assert (pair.from_server.empty ());
}
END_TEST

START_TEST (closes_during_the_handshake)
{
  Pair pair;
  pair.client.advance ();
  pair.to_server ();
  pair.from_server.clear ();
  pair.server.close ();
  ck_assert (pair.server.state () == State::closed);
  pair.run ();
  ck_assert (pair.server.state () == State::closed);
  ck_assert (!pair.server.deadline ());
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
  return test::run (
      "dtls", {connects_and_prefers_gcm, our_certificate_has_the_announced_fingerprint,
                  takes_the_sha1_profile_and_rsa_certificates, checks_other_hashes,
                  refuses_another_certificate, refuses_fingerprints_that_it_cannot_check,
                  refuses_what_is_too_old_or_missing, sends_a_lost_flight_again,
                  sends_a_lost_flight_again_when_asked, survives_the_loss_of_the_last_flight,
                  survives_reordering_and_duplicates, survives_a_lossy_network,
                  gives_up_on_a_silent_peer, gives_up_on_garbage_alone, garbage_does_not_disturb,
                  hellos_cut_short_do_not_disturb, early_records_are_bounded, the_peer_closes,
                  we_close, closes_during_the_handshake, forged_alerts_do_not_close});
}
