// SPDX-License-Identifier: LGPL-2.1-or-later
// The simple handshake, both signed ones, and peers that speak something else.
#include "libs/rtmp/handshake.hpp"

#include "libs/base/hmac.hpp"
#include "tests/unit/rtmp/client.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

constexpr std::string_view player_key = "Genuine Adobe Flash Player 001";
constexpr std::string_view server_key = "Genuine Adobe Flash Media Server 001";

/** The 32 bytes behind both names, read off the wire rather than off the code under test. */
Bytes
full_server_key ()
{
  Bytes key (server_key.begin (), server_key.end ());
  for (const std::uint32_t word : {0xf0eec24au, 0x8068bee8u, 0x2e00d0d1u, 0x029e7e57u, 0x6eec5d2du,
           0x29806fabu, 0x93b8e636u, 0xcfeb31aeu})
    Writer (key).u32 (word);
  return key;
}

std::size_t
digest_place (ByteView packet, std::size_t base)
{
  int sum = 0;
  for (std::size_t i = 0; i < 4; ++i)
    sum += packet[base + i];
  return base + 4 + static_cast<std::size_t> (sum % 728);
}

Sha256Mac
digest (ByteView packet, std::size_t place, std::string_view key)
{
  Bytes rest (packet.begin (), packet.end ());
  rest.erase (rest.begin () + place, rest.begin () + place + 32);
  return hmac_sha256 (view (key), rest);
}

/** C0, C1 and C2 of a client that signs at @p base, whose offset bytes sum up to @p sum. */
Bytes
signed_handshake (std::size_t base, int sum)
{
  Bytes out = simple_handshake ();
  for (std::size_t i = 1; i < out.size (); ++i)
    out[i] = static_cast<std::uint8_t> (i * 31);
  for (std::size_t i = 0; i < 4; ++i) {
    const int part = std::min (sum, 255);
    out[1 + base + i] = static_cast<std::uint8_t> (part);
    sum -= part;
  }
  const auto c1 = ByteView (out).subspan (1, 1536);
  const auto place = digest_place (c1, base);
  std::ranges::copy (digest (c1, place, player_key), out.begin () + 1 + place);
  return out;
}

Bytes
answer_to (ByteView in)
{
  Handshake handshake (99);
  Bytes out;
  ck_assert (handshake.feed (in, out).has_value ());
  ck_assert (handshake.done ());
  ck_assert (in.empty ());
  ck_assert_uint_eq (out.size (), handshake_size);
  ck_assert_uint_eq (out[0], 3);
  return out;
}

std::string
error_of (Bytes bytes)
{
  Handshake handshake (1);
  Bytes out;
  ByteView in (bytes);
  const auto fed = handshake.feed (in, out);
  ck_assert (!fed.has_value ());
  ck_assert (out.empty ());
  return fed.error ();
}

} // namespace

START_TEST (test_simple_is_echoed)
{
  const auto sent = simple_handshake ();
  const auto got = answer_to (sent);
  ck_assert (std::equal (got.begin () + 1 + 1536, got.end (), sent.begin () + 1));
  for (int i = 5; i < 9; ++i) // S1 says that it isn't signed
    ck_assert_uint_eq (got[i], 0);
}
END_TEST

START_TEST (test_both_schemas)
{
  for (const std::size_t base : {8u, 772u})
    for (const int sum : {0, 1, 727, 728, 1020}) {
      const auto sent = signed_handshake (base, sum);
      const auto got = answer_to (sent);
      const auto s1 = ByteView (got).subspan (1, 1536);
      const auto place = digest_place (s1, base);
      ck_assert (equal_constant_time (digest (s1, place, server_key), s1.subspan (place, 32)));
      ck_assert_uint_ge (s1[4], 3);
      const auto c1 = ByteView (sent).subspan (1, 1536);
      const auto client_digest = c1.subspan (digest_place (c1, base), 32);
      const auto s2 = ByteView (got).subspan (1 + 1536);
      const auto expected =
          hmac_sha256 (hmac_sha256 (full_server_key (), client_digest), s2.first (1504));
      ck_assert (equal_constant_time (expected, s2.last (32)));
    }
}
END_TEST

START_TEST (test_wrong_digest_is_simple)
{
  auto sent = signed_handshake (8, 300);
  sent[1 + 8 + 4 + 300] ^= 1;
  const auto got = answer_to (sent);
  ck_assert (std::equal (got.begin () + 1 + 1536, got.end (), sent.begin () + 1));
}
END_TEST

START_TEST (test_answers_before_c2)
{
  const auto sent = simple_handshake ();
  Handshake handshake (1);
  Bytes out;
  ByteView in = ByteView (sent).first (1536);
  ck_assert (handshake.feed (in, out).has_value ());
  ck_assert (out.empty ());
  in = ByteView (sent).subspan (1536, 1);
  ck_assert (handshake.feed (in, out).has_value ());
  ck_assert_uint_eq (out.size (), handshake_size);
  ck_assert (!handshake.done ());
}
END_TEST

START_TEST (test_takes_no_more_than_its_own)
{
  auto sent = simple_handshake ();
  sent.push_back (0x42);
  Handshake handshake (1);
  Bytes out;
  ByteView in (sent);
  ck_assert (handshake.feed (in, out).has_value ());
  ck_assert_uint_eq (in.size (), 1);
  ck_assert_uint_eq (in[0], 0x42);
}
END_TEST

START_TEST (test_other_protocols)
{
  ck_assert (mentions (error_of ({6}), "RTMPE"));
  ck_assert (mentions (error_of ({0x16, 3, 1}), "TLS"));
  ck_assert (mentions (error_of ({'G', 'E', 'T'}), "HTTP"));
  ck_assert (mentions (error_of ({'P'}), "HTTP"));
  ck_assert (mentions (error_of ({2}), "version 2"));
  ck_assert (mentions (error_of ({255}), "version 255"));
}
END_TEST

START_TEST (test_seeds_differ)
{
  const auto sent = simple_handshake ();
  Bytes a, b;
  ByteView in (sent);
  ck_assert (Handshake (1).feed (in, a).has_value ());
  in = sent;
  ck_assert (Handshake (2).feed (in, b).has_value ());
  ck_assert (!std::equal (a.begin (), a.begin () + 1537, b.begin ()));
}
END_TEST

int
main ()
{
  return test::run (
      "rtmp-handshake", {test_simple_is_echoed, test_both_schemas, test_wrong_digest_is_simple,
                            test_answers_before_c2, test_takes_no_more_than_its_own,
                            test_other_protocols, test_seeds_differ});
}
