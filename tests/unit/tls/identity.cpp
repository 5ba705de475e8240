// SPDX-License-Identifier: LGPL-2.1-or-later
// What is taken as a certificate with its key, and what the errors say, and don't.
#include "libs/tls/identity.hpp"

#include "tests/unit/suite.hpp"
#include "tests/unit/tls/pem.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using tls::Identity;

namespace {

std::string
error_of (const std::string &certificate, const std::string &private_key)
{
  const auto parsed = Identity::parse (certificate, private_key);
  if (parsed)
    return "";
  ck_assert_msg (parsed.error ().find ("BEGIN") == std::string::npos
                     && parsed.error ().find (private_key.substr (40, 20)) == std::string::npos,
      "%s", parsed.error ().c_str ());
  return parsed.error ();
}

START_TEST (good_ones_are_taken)
{
  const auto ec = make_pem (), rsa = make_pem ("localhost", 2048), other = make_pem ("issuer");
  assert_text (error_of (ec.certificate, ec.private_key), "");
  assert_text (error_of (rsa.certificate, rsa.private_key), "");
  assert_text (error_of (ec.certificate + other.certificate, ec.private_key), "");
  assert_text (
      error_of ("Some text before.\n" + ec.certificate + "\nand after\n", ec.private_key), "");
  assert_text (error_of (ec.certificate + ec.private_key, ec.certificate + ec.private_key), "");
}
END_TEST

START_TEST (bad_ones_are_refused)
{
  const auto pem = make_pem (), other = make_pem ();
  const auto weak = make_pem ("localhost", 1024), locked = make_pem ("localhost", 0, "opensesame");
  const auto starts = [] (const std::string &error, const char *wanted) {
    ck_assert_msg (error.starts_with (wanted), "%s", error.c_str ());
  };
  const std::string none (60, ' ');
  starts (error_of (none, pem.private_key), "there is no certificate in PEM");
  starts (error_of (pem.private_key, pem.private_key), "there is no certificate in PEM");
  starts (error_of (pem.certificate, none), "there is no private key in PEM");
  starts (error_of (pem.certificate, pem.certificate), "there is no private key in PEM");
  starts (error_of (pem.certificate, locked.private_key), "there is no private key in PEM without");
  starts (error_of (pem.certificate, other.private_key), "the private key isn't the certificate's");
  starts (error_of (weak.certificate, weak.private_key), "the certificate is of no use");
  std::string chain;
  for (int i = 0; i < 11; ++i)
    chain += pem.certificate;
  starts (error_of (chain, pem.private_key), "there are more than 10 certificates");
}
END_TEST

/** As a reader finds a file that is still being written. */
START_TEST (half_written_ones_are_refused)
{
  const auto pem = make_pem (), issuer = make_pem ("issuer");
  for (std::size_t size = 0; size + 2 < pem.certificate.size (); size += 13)
    ck_assert (!error_of (pem.certificate.substr (0, size), pem.private_key).empty ());
  for (std::size_t size = 0; size + 2 < pem.private_key.size (); size += 7)
    ck_assert (!Identity::parse (pem.certificate, pem.private_key.substr (0, size)).has_value ());
  for (std::size_t size = 40; size + 2 < issuer.certificate.size (); size += 13)
    ck_assert (!error_of (pem.certificate + issuer.certificate.substr (0, size), pem.private_key)
                    .empty ());
}
END_TEST

} // namespace

int
main ()
{
  return run (
      "tls identity", {good_ones_are_taken, bad_ones_are_refused, half_written_ones_are_refused});
}
