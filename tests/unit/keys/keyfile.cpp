// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/keys/keyfile.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::keys;

START_TEST (round_trip)
{
  KeyringSettings settings;
  settings.secrets = {{"k1", Bytes (32, 0xab)}, {"k2", Bytes (16, 0xff)}};
  settings.revoked_keys = {"k0"};
  settings.revoked_credentials = {"AAAABBBBCCCCDDDD"};
  settings.ome = SignedPolicy{"1k8DD# with space", "p", "s"};
  const auto back = parse_keyfile (format_keyfile (settings));
  ck_assert_msg (back.has_value (), "%s", back ? "" : back.error ().c_str ());
  ck_assert_uint_eq (back->secrets.size (), 2);
  ck_assert (back->secrets[0].id == "k1" && back->secrets[0].bytes == Bytes (32, 0xab));
  ck_assert (back->secrets[1].id == "k2" && back->secrets[1].bytes == Bytes (16, 0xff));
  ck_assert (back->revoked_keys == settings.revoked_keys);
  ck_assert (back->revoked_credentials == settings.revoked_credentials);
  ck_assert (back->ome && back->ome->secret == "1k8DD# with space");
  ck_assert (back->ome->policy_name == "p" && back->ome->signature_name == "s");
}
END_TEST

START_TEST (comments_and_line_ends)
{
  const auto read = parse_keyfile ("# hello\r\n\r\n\nsecret k1 AAAAAAAAAAAAAAAAAAAAAA\r\nome x");
  ck_assert (read && read->secrets.size () == 1 && read->secrets[0].bytes == Bytes (16, 0));
  ck_assert (read->ome && read->ome->secret == "x" && read->ome->policy_name == "policy");
  ck_assert (parse_keyfile ("") && parse_keyfile ("")->secrets.empty ());
}
END_TEST

START_TEST (bad_lines_are_named)
{
  for (const char *bad : {"secret", "secret k1", "secret k1 AAAA",
           "secret k_1 AAAAAAAAAAAAAAAAAAAAAA", "secret  k1 AAAAAAAAAAAAAAAAAAAAAA",
           "secret k1 AAAAAAAAAAAAAAAAAAAAAA==", "secret k0 AAAAAAAAAAAAAAAAAAAAAA", "revoked-key",
           "revoked-key a b", "revoked", "revoked short", "revoked ABCDEFGHIJKLMNO*", "ome",
           "ome a\nome b", "ome-names", "ome-names p", "ome-names p p", "ome-names p s x",
           "Secret k1 x", " ", "unknown thing"}) {
    const auto read = parse_keyfile (std::string ("secret k0 AAAAAAAAAAAAAAAAAAAAAA\n") + bad);
    ck_assert_msg (!read, "%s was accepted", bad);
    ck_assert (read.error ().starts_with ("line "));
    ck_assert (read.error ().find ("AAAA") == std::string::npos);
  }
}
END_TEST

int
main ()
{
  return test::run ("keyfile", {round_trip, comments_and_line_ends, bad_lines_are_named});
}
