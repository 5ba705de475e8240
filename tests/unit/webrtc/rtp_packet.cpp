// SPDX-License-Identifier: LGPL-2.1-or-later
// RTP packets with lists and extensions, good ones and such as lie about their lengths.
#include "libs/webrtc/rtp_packet.hpp"

#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::webrtc;

namespace {

/** A packet's fixed header with @p first, and what follows it. */
Bytes
packet (std::uint8_t first, const Bytes &rest)
{
  Bytes out = {first, 96, 0, 7, 0, 0, 0, 9, 1, 2, 3, 4};
  out.insert (out.end (), rest.begin (), rest.end ());
  return out;
}

/** The size of the element 3; nullopt when there is none. */
std::optional<std::size_t>
size_of_element (const Bytes &extension)
{
  Bytes rest = {0xbe, 0xde, 0, static_cast<std::uint8_t> (extension.size () / 4)};
  rest.insert (rest.end (), extension.begin (), extension.end ());
  const auto whole = packet (0x90, rest);
  const auto rtp = parse_rtp (whole);
  ck_assert (rtp.has_value ());
  const auto found = extension_element (*rtp, 3);
  return found ? std::optional (found->size ()) : std::nullopt;
}

} // namespace

START_TEST (contributors_are_taken_out)
{
  ck_assert (without_contributors (packet (0x82, {1, 1, 1, 1, 2, 2, 2, 2, 5, 6}))
             == packet (0x80, {5, 6}));
  const Bytes extended = {0xbe, 0xde, 0, 0, 7};
  Bytes with_one = {1, 1, 1, 1};
  with_one.insert (with_one.end (), extended.begin (), extended.end ());
  ck_assert (without_contributors (packet (0x91, with_one)) == packet (0x90, extended));
  ck_assert (without_contributors (packet (0x80, {5})) == packet (0x80, {5}));
}
END_TEST

START_TEST (contributors_that_are_not_there)
{
  ck_assert (without_contributors ({}).empty ());
  ck_assert (without_contributors (Bytes{0x8f, 96, 0}).empty ());
  ck_assert (without_contributors (packet (0x81, {1, 1, 1})).empty ());
  ck_assert (without_contributors (packet (0x8f, Bytes (59))).empty ());
  ck_assert_uint_eq (without_contributors (packet (0x8f, Bytes (60))).size (), 12);
}
END_TEST

START_TEST (elements_of_extensions)
{
  ck_assert (size_of_element ({0x31, 1, 2, 0}) == 2);
  ck_assert (size_of_element ({0, 0, 0x10, 9, 0x31, 1, 2, 0}) == 2);
  ck_assert (size_of_element ({0x30, 1, 0x31, 1}) == 1);
  ck_assert (size_of_element ({0x21, 1, 2, 0}) == std::nullopt);
  ck_assert (size_of_element ({0x3f, 1, 2, 0}) == std::nullopt); // longer than what is there
  ck_assert (size_of_element ({0xf0, 0, 0x31, 1}) == std::nullopt);
}
END_TEST

/** Whoever reads the packet next finds the element of a wrong size, so we must. */
START_TEST (padding_hides_nothing)
{
  ck_assert (size_of_element ({0x05, 0, 0x30, 1}) == 1);
  ck_assert (size_of_element ({0x0f, 0x30, 1, 0}) == 1);
}
END_TEST

int
main ()
{
  return stagedoor::test::run (
      "rtp-packet", {contributors_are_taken_out, contributors_that_are_not_there,
                        elements_of_extensions, padding_hides_nothing});
}
