// SPDX-License-Identifier: LGPL-2.1-or-later
// Who is let in, by which keys, and who closes.
#include "libs/webrtc/dtls.hpp"

#include <openssl/srtp.h>

#include "tests/unit/suite.hpp"
#include "tests/unit/webrtc/dtls_pair.hpp"

using namespace stagedoor;
using namespace stagedoor::webrtc;
using test::DtlsPeer;
using test::identity;
using test::Pair;
using test::second;
using State = DtlsServer::State;

namespace {

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

int
main ()
{
  return test::run (
      "dtls", {connects_and_prefers_gcm, our_certificate_has_the_announced_fingerprint,
                  takes_the_sha1_profile_and_rsa_certificates, checks_other_hashes,
                  refuses_another_certificate, refuses_fingerprints_that_it_cannot_check,
                  refuses_what_is_too_old_or_missing, the_peer_closes, we_close,
                  closes_during_the_handshake});
}
