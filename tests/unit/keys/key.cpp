// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/keys/key.hpp"
#include "libs/base/text.hpp"
#include "libs/keys/keyring.hpp"
#include "libs/keys/public.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::keys;

namespace {

constexpr std::int64_t now = 1'790'000'000;

// The test vector of docs/keys.md.
constexpr std::string_view documented_secret = "000102030405060708090a0b0c0d0e0f";
constexpr std::string_view documented_token = "1k1.1798761600.p.QLc-tBXdUzZlXuKPNyb0UQ";

Secret
secret (std::string id, char fill = 's')
{
  return {std::move (id), Bytes (32, static_cast<std::uint8_t> (fill))};
}

Claims
claims (const char *scope, Role role = Role::publish)
{
  return {.role = role, .scope = *Scope::parse (scope), .expires = now + 3600};
}

std::string
minted (const Claims &claims, const Secret &with)
{
  const auto token = mint (with, claims);
  ck_assert_msg (token.has_value (), "%s", token ? "" : token.error ().c_str ());
  return *token;
}

std::string
minted (const Claims &claims)
{
  return minted (claims, secret ("k1"));
}

/** "" when it passes, else the refusal's name. */
std::string
ask (const Keyring &ring, std::string_view token, std::string_view stream,
    Role role = Role::publish, std::int64_t at = now, const char *peer = "192.0.2.7")
{
  const std::string query = "x=1&key=" + std::string (token) + "&y=2";
  const auto slash = stream.find ('/');
  const Request request{.role = role,
      .app = stream.substr (0, slash),
      .stream = stream.substr (slash + 1),
      .query = query,
      .peer = *IpAddress::parse (peer),
      .now_ms = at * 1000};
  const auto grant = ring.verify (request);
  return grant ? "" : std::string (name (grant.error ()));
}

Keyring
ring ()
{
  return Keyring ({.secrets = {secret ("k1")}});
}

} // namespace

START_TEST (documented_vector)
{
  const Secret with{
      "k1", Bytes (view (documented_secret).begin (), view (documented_secret).end ())};
  Claims claims{.scope = {"live", "demo"}, .expires = 1'798'761'600};
  const auto token = minted (claims, with);
  ck_assert_msg (token == documented_token, "%s", token.c_str ());
  ck_assert (ask (Keyring ({.secrets = {with}}), documented_token, "live/demo") == "");
  ck_assert (credential_id (documented_token) == "cjuFkdqy0Qw7hbNb");
  claims = {.scope = {"live", "cam", true}, .not_before = 1'796'083'200, .expires = 1'798'761'600};
  claims.network = Network::parse ("192.0.2.0/24");
  ck_assert (
      minted (claims, with) == "1k1.1796083200-1798761600.p3.424wAAC.jcvYae60AUnQz8FX7H-lpA");
}
END_TEST

START_TEST (exact_scope)
{
  const auto token = minted (claims ("live/demo"));
  ck_assert (ask (ring (), token, "live/demo") == "");
  for (const char *other : {"live/demo2", "live/dem", "live/Demo", "liv/edemo", "other/demo"})
    ck_assert (ask (ring (), token, other) == "wrong-signature");
  for (const char *bad : {"live/", "/demo", "live/..", "live/a/b", "live/d mo"})
    ck_assert (ask (ring (), token, bad) == "wrong-stream");
}
END_TEST

START_TEST (prefix_scope)
{
  const auto token = minted (claims ("live/cam*"));
  for (const char *good : {"live/cam", "live/cam1", "live/camera-2.x"})
    ck_assert (ask (ring (), token, good) == "");
  for (const char *other : {"live/ca", "live/Cam1", "live/xcam", "app/cam1"})
    ck_assert (ask (ring (), token, other) == "wrong-signature");
  const auto all = minted (claims ("live/*"));
  ck_assert (ask (ring (), all, "live/x") == "");
  ck_assert (ask (ring (), all, "live2/x") == "wrong-signature");
}
END_TEST

START_TEST (roles_never_mix)
{
  const auto play = minted (claims ("live/demo", Role::play));
  const auto publish = minted (claims ("live/demo"));
  ck_assert (ask (ring (), play, "live/demo", Role::play) == "");
  ck_assert (ask (ring (), play, "live/demo", Role::publish) == "wrong-role");
  ck_assert (ask (ring (), publish, "live/demo", Role::play) == "wrong-role");
  auto forged = play;
  forged[forged.find (".v") + 1] = 'p';
  ck_assert (ask (ring (), forged, "live/demo") == "wrong-signature");
}
END_TEST

START_TEST (times)
{
  auto wanted = claims ("live/demo");
  wanted.not_before = now;
  const auto token = minted (wanted);
  ck_assert (ask (ring (), token, "live/demo", Role::publish, now - 1) == "not-yet-valid");
  ck_assert (ask (ring (), token, "live/demo", Role::publish, now) == "");
  ck_assert (ask (ring (), token, "live/demo", Role::publish, now + 3599) == "");
  ck_assert (ask (ring (), token, "live/demo", Role::publish, now + 3600) == "expired");
  // Whoever has no right key learns nothing of the times.
  ck_assert (ask (ring (), token, "live/bob", Role::publish, now + 3600) == "wrong-signature");
  wanted.not_before = wanted.expires = 0;
  const auto forever = minted (wanted);
  ck_assert (ask (ring (), forever, "live/demo", Role::publish, 0) == "");
  ck_assert (ask (ring (), forever, "live/demo", Role::publish, 99'999'999'999) == "");
}
END_TEST

START_TEST (grants)
{
  const auto token = minted (claims ("live/demo"));
  const Request request{.app = "live", .stream = "demo", .bearer = token, .now_ms = now * 1000};
  const auto grant = ring ().verify (request);
  ck_assert (grant.has_value ());
  ck_assert (grant->ends_ms == (now + 3600) * 1000);
  ck_assert (grant->key_id == "k1");
  ck_assert (grant->credential_id == credential_id (token));
  ck_assert_uint_eq (grant->credential_id.size (), 16);
  ck_assert (token.find (grant->credential_id) == std::string::npos);
  ck_assert (Public ().verify (request)->ends_ms == 0);
}
END_TEST

START_TEST (networks)
{
  struct Case
  {
    const char *network, *inside, *outside;
  };
  for (const auto &[network, inside, outside] :
      {Case{"192.168.100.0/24", "192.168.100.7", "10.0.0.5"},
          Case{"192.168.100.77/26", "192.168.100.64", "192.168.100.128"},
          Case{"203.0.113.7", "203.0.113.7", "203.0.113.6"},
          Case{"0.0.0.0/0", "8.8.8.8", "2001:db8::1"}, Case{"10.0.0.0/1", "127.0.0.1", "128.0.0.1"},
          Case{"2001:db8::/64", "2001:db8::5", "2001:db8:0:1::5"},
          Case{"2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"}}) {
    auto wanted = claims ("live/demo");
    wanted.network = Network::parse (network);
    const auto token = minted (wanted);
    ck_assert (ask (ring (), token, "live/demo", Role::publish, now, inside) == "");
    ck_assert (ask (ring (), token, "live/demo", Role::publish, now, outside) == "wrong-network");
  }
  auto wanted = claims ("live/demo");
  wanted.network = Network::parse ("2001:db8::/65");
  ck_assert (!mint (secret ("k1"), wanted));
}
END_TEST

START_TEST (never_longer_than_promised)
{
  const std::string longest (64, 'a');
  for (const bool any : {false, true})
    for (const auto role : {Role::publish, Role::play})
      for (const char *network : {"255.255.255.255", "ffff:ffff:ffff:ffff::/64"}) {
        const Claims wanted{
            role, {longest, longest, any}, 9'999'999'998, 9'999'999'999, Network::parse (network)};
        const auto token = minted (wanted, secret ("abcdefgh"));
        ck_assert_uint_le (("?key=" + token).size (), 80);
        const auto key = Key::parse (token);
        ck_assert (key && key->role == role && key->expires == 9'999'999'999);
      }
}
END_TEST

START_TEST (every_truncation_and_bit_flip_is_refused)
{
  auto full = claims ("live/cam*");
  full.not_before = now - 10;
  full.network = Network::parse ("192.0.2.0/24");
  for (const auto &token : {minted (claims ("live/cam1")), minted (full)}) {
    ck_assert (ask (ring (), token, "live/cam1") == "");
    for (std::size_t n = 0; n < token.size (); ++n) {
      ck_assert (ask (ring (), token.substr (0, n), "live/cam1") != "");
      ck_assert (ask (ring (), token.substr (n + 1), "live/cam1") != "");
      for (int bit = 0; bit < 8; ++bit) {
        auto flipped = token;
        flipped[n] = static_cast<char> (flipped[n] ^ 1 << bit);
        ck_assert_msg (ask (ring (), flipped, "live/cam1") != "", "%s", flipped.c_str ());
      }
    }
    ck_assert (ask (ring (), token + "A", "live/cam1") == "malformed");
  }
}
END_TEST

START_TEST (one_spelling_only)
{
  const auto mac = std::string (".") + std::string (22, 'A');
  ck_assert (Key::parse ("1k1.5.p" + mac));
  ck_assert (Key::parse ("1k1.3-5.v12.424wKgB" + mac));
  for (const char *bad : {"", "1", "2k1.5.p", "1.5.p", "1k_1.5.p", "1k1.05.p", "1k1.+5.p", "1k1..p",
           "1k1.0-5.p", "1k1.-5.p", "1k1.5-.p", "1k1.12345678901.p", "1k1.5.", "1k1.5.x",
           "1k1.5.pp", "1k1.5.p01", "1k1.5.p65", "1k1.5.p-1", "1k1.5.p.", "1k1.5.p.4",
           "1k1.5.p.433AAAAA", "1k1.5.p.665AAAAAAAAAAAA", "1k1.5.p.424wKgBAA", "1k1.5.p.408wK",
           "1k1.5.p.404_w", "1k1.5.p.5", "1k1.5.p.4:0", "1k123456789.5.p", "1k1.5.p.424wKgB.x"})
    ck_assert_msg (!Key::parse (bad + mac), "%s was accepted", bad);
  ck_assert (!Key::parse ("1k1.5.p." + std::string (22, 'B'))); // stray bits in the last letter
  ck_assert (!Key::parse ("1k1.5.p." + std::string (21, 'A')));
  ck_assert (!Key::parse (std::string (5000, '1')));
}
END_TEST

START_TEST (rotation_and_revocation)
{
  const auto old_token = minted (claims ("live/demo"), secret ("old", 'o'));
  const auto new_token = minted (claims ("live/demo"), secret ("new", 'n'));
  KeyringSettings settings{.secrets = {secret ("old", 'o'), secret ("new", 'n')}};
  ck_assert (ask (Keyring (settings), old_token, "live/demo") == "");
  ck_assert (ask (Keyring (settings), new_token, "live/demo") == "");
  const Grant of_old{credential_id (old_token), "old", 0};
  ck_assert (!Keyring (settings).recheck (of_old));

  settings.revoked_credentials = {credential_id (old_token)};
  ck_assert (ask (Keyring (settings), old_token, "live/demo") == "revoked");
  ck_assert (ask (Keyring (settings), new_token, "live/demo") == "");
  ck_assert (Keyring (settings).recheck (of_old) == Refusal::revoked);

  settings.revoked_credentials.clear ();
  settings.revoked_keys = {"old"};
  ck_assert (ask (Keyring (settings), old_token, "live/demo") == "revoked");
  ck_assert (Keyring (settings).recheck (of_old) == Refusal::revoked);

  settings.secrets.erase (settings.secrets.begin ());
  ck_assert (ask (Keyring (settings), old_token, "live/demo") == "unknown-key-id");
  settings.revoked_keys.clear ();
  ck_assert (Keyring (settings).recheck (of_old) == Refusal::unknown_key_id);
  // The same id with another secret is another key.
  settings.secrets.push_back (secret ("old", 'x'));
  ck_assert (ask (Keyring (settings), old_token, "live/demo") == "wrong-signature");
}
END_TEST

START_TEST (where_the_key_stands)
{
  const auto token = minted (claims ("live/demo"));
  Request request{.app = "live", .stream = "demo", .now_ms = now * 1000};
  const auto result = [&] (std::string_view query, std::string_view bearer = {}) {
    request.query = query;
    request.bearer = bearer;
    const auto grant = ring ().verify (request);
    return grant ? "" : std::string (name (grant.error ()));
  };
  ck_assert (result ("") == "no-key");
  ck_assert (result ("Key=" + token) == "no-key");
  ck_assert (result ("monkey=" + token) == "no-key");
  ck_assert (result ("key=") == "malformed");
  ck_assert (result ("key") == "malformed");
  ck_assert (result ("key=" + token) == "");
  ck_assert (result ("key=" + token + "&key=" + token) == "malformed");
  ck_assert (result ("", token) == "");
  ck_assert (result ("", "nonsense") == "malformed");
  ck_assert (result ("key=nonsense", token) == "");
  request.keys_only = true;
  ck_assert (result ("key=" + token) == "");
  const Keyring only_ome ({.ome = SignedPolicy{.secret = "s"}});
  request.bearer = token;
  ck_assert (only_ome.verify (request).error () == Refusal::not_accepted);
}
END_TEST

START_TEST (refusals_to_mint)
{
  ck_assert (!mint (secret ("toolongid"), claims ("live/demo")));
  ck_assert (!mint (secret (""), claims ("live/demo")));
  ck_assert (!mint ({"k", Bytes (15, 1)}, claims ("live/demo")));
  auto wanted = claims ("live/demo");
  wanted.not_before = wanted.expires;
  ck_assert (!mint (secret ("k"), wanted));
  wanted = claims ("live/demo");
  wanted.expires = 10'000'000'000;
  ck_assert (!mint (secret ("k"), wanted));
  wanted.expires = -1;
  ck_assert (!mint (secret ("k"), wanted));
  wanted = claims ("live/demo");
  wanted.scope.stream = "";
  ck_assert (!mint (secret ("k"), wanted));
  for (const char *bad : {"", "live", "live/", "/demo", "live/de*mo", "live/**", "*/demo", "*",
           "live/a/b", "live/-*", "live/a b"})
    ck_assert_msg (!Scope::parse (bad), "%s was accepted", bad);
}
END_TEST

START_TEST (every_refusal_has_words)
{
  for (int i = 0; i <= static_cast<int> (Refusal::not_accepted); ++i) {
    ck_assert (name (static_cast<Refusal> (i)) != "refused");
    ck_assert (explain (static_cast<Refusal> (i)).size () > 15);
  }
}
END_TEST

int
main ()
{
  return test::run (
      "key", {documented_vector, exact_scope, prefix_scope, roles_never_mix, times, grants,
                 networks, never_longer_than_promised, every_truncation_and_bit_flip_is_refused,
                 one_spelling_only, rotation_and_revocation, where_the_key_stands, refusals_to_mint,
                 every_refusal_has_words});
}
