// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/base/address.hpp"
#include "libs/base/hmac.hpp"
#include "libs/base/text.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;

START_TEST (reader_stops_at_the_end)
{
  const Bytes bytes = {1, 2, 3, 4, 5};
  Reader reader (bytes);
  ck_assert_uint_eq (reader.u16 (), 0x0102);
  ck_assert_uint_eq (reader.u24 (), 0x030405);
  ck_assert (reader.ok ());
  ck_assert_uint_eq (reader.u8 (), 0);
  ck_assert (!reader.ok ());
  Reader whole (bytes);
  ck_assert (whole.take (6).empty ());
  ck_assert (!whole.ok ());
  ck_assert_uint_eq (whole.remaining (), 0);
}
END_TEST

START_TEST (base64url_is_strict_and_round_trips)
{
  Bytes bytes;
  for (int n = 0; n < 70; ++n) {
    const auto encoded = base64url_encode (bytes);
    const auto decoded = base64url_decode (encoded);
    ck_assert (decoded && *decoded == bytes);
    bytes.push_back (static_cast<std::uint8_t> (n * 37));
  }
  for (const char *bad : {"A", "AA=", "AA==", "A+AA", "A/AA", "AB", "AAB", "A A", "AAAA\n"})
    ck_assert_msg (!base64url_decode (bad), "%s was accepted", bad);
}
END_TEST

START_TEST (percent_and_query)
{
  ck_assert (percent_decode ("a%2Fb+c%41") == "a/b+cA");
  for (const char *bad : {"%", "%4", "%4g", "abc%"})
    ck_assert (!percent_decode (bad));
  ck_assert (query_value ("a=1&key=x=y&b", "key") == "x=y");
  ck_assert (query_value ("a=1&b", "b") == "");
  ck_assert (!query_value ("a=1&a=2", "a"));
  ck_assert (!query_value ("akey=1", "key"));
  ck_assert (!query_value ("", "key"));
}
END_TEST

START_TEST (names)
{
  for (const char *good : {"a", "live", "A.b-c_9", "0"})
    ck_assert (is_valid_name (good));
  for (const char *bad : {"", ".", "..", "-a", "_a", "a/b", "a b", "a%", "a\n", "\xc3\xa4"})
    ck_assert (!is_valid_name (bad));
  ck_assert (is_valid_name (std::string (64, 'a')));
  ck_assert (!is_valid_name (std::string (65, 'a')));
  ck_assert (!is_valid_name (std::string_view ("a\0b", 3)));
}
END_TEST

START_TEST (networks)
{
  const auto in = [] (const char *network, const char *address) {
    return Network::parse (network)->contains (*IpAddress::parse (address));
  };
  ck_assert (in ("192.168.100.0/24", "192.168.100.7"));
  ck_assert (!in ("192.168.100.0/24", "10.0.0.5"));
  ck_assert (!in ("10.0.0.0/8", "172.16.5.5"));
  ck_assert (!in ("192.168.100.64/26", "8.8.8.100"));
  ck_assert (in ("192.168.100.64/26", "192.168.100.127"));
  ck_assert (in ("0.0.0.0/0", "8.8.8.8"));
  ck_assert (!in ("0.0.0.0/0", "2001:db8::1"));
  ck_assert (in ("2001:db8::/33", "2001:db8:7fff::1"));
  ck_assert (!in ("2001:db8::/33", "2001:db8:8000::1"));
  ck_assert (in ("203.0.113.7", "::ffff:203.0.113.7"));
  for (const char *bad :
      {"", "1.2.3", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/", "::/129", "1.2.3.4/8x"})
    ck_assert_msg (!Network::parse (bad), "%s was accepted", bad);
  ck_assert (IpAddress::parse ("2001:DB8::1")->to_string () == "2001:db8::1");
  ck_assert (IpAddress::from_v4 (0x7f000001).to_string () == "127.0.0.1");
}
END_TEST

START_TEST (macs)
{
  // RFC 2202 and RFC 4231, test case 2.
  const auto sha1 = hmac_sha1 (view ("Jefe"), view ("what do ya want for nothing?"));
  ck_assert (base64url_encode (sha1) == "7_zfauXrL6LSdBbV8YTfnCWafHk");
  const auto sha256 = hmac_sha256 (view ("Jefe"), view ("what do ya want for nothing?"));
  ck_assert (sha256[0] == 0x5b && sha256[1] == 0xdc && sha256[31] == 0x43);
  ck_assert (equal_constant_time (view ("abc"), view ("abc")));
  ck_assert (!equal_constant_time (view ("abc"), view ("abd")));
  ck_assert (!equal_constant_time (view ("abc"), view ("ab")));
}
END_TEST

int
main ()
{
  return test::run ("base", {reader_stops_at_the_end, base64url_is_strict_and_round_trips,
                                percent_and_query, names, networks, macs});
}
