// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/codecs/bits.hpp"

#include "tests/unit/codecs/writer.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::codecs;
using namespace stagedoor::test;

namespace {

template <class Read>
void
assert_fails (const Bytes &bytes, Read read)
{
  BitReader bits (bytes);
  ck_assert_uint_eq (static_cast<std::uint64_t> (read (bits)), 0);
  ck_assert (!bits.ok ());
  ck_assert_uint_eq (bits.take (8), 0); // for good
  ck_assert_uint_eq (bits.ue (), 0);
  ck_assert (!bits.ok ());
}

} // namespace

START_TEST (takes)
{
  const Bytes bytes = {0xa5, 0xff, 0x00, 0x12, 0x34, 0x56, 0x78};
  BitReader bits (bytes);
  ck_assert (bits.flag ());
  ck_assert_uint_eq (bits.take (3), 2);
  ck_assert_uint_eq (bits.take (0), 0);
  ck_assert_uint_eq (bits.take (8), 0x5f);
  bits.skip (12);
  ck_assert_uint_eq (bits.take (32), 0x12345678);
  ck_assert (bits.ok ());
  ck_assert_uint_eq (bits.take (0), 0);
  ck_assert (bits.ok ());
}
END_TEST

START_TEST (numbers)
{
  for (const std::uint32_t value :
      {0u, 1u, 2u, 3u, 6u, 7u, 8u, 254u, 255u, 65535u, 0x7fffffffu, 0xfffffffdu, 0xfffffffeu}) {
    const auto bytes = BitWriter ().u (3, 5).ue (value).u (8, 0xa5).bytes ();
    BitReader bits (bytes);
    bits.skip (3);
    ck_assert_uint_eq (bits.ue (value), value);
    ck_assert_uint_eq (bits.take (8), 0xa5);
    ck_assert (bits.ok ());
    BitReader again (bytes);
    again.skip (3);
    ck_assert_uint_eq (again.uvlc (), value);
  }
  for (const std::int64_t value :
      {0LL, 1LL, -1LL, 2LL, -2LL, 70000LL, -128LL, 2147483647LL, -2147483647LL}) {
    const auto bytes = BitWriter ().se (value).bytes ();
    BitReader bits (bytes);
    ck_assert_int_eq (bits.se (), value);
    ck_assert (bits.ok ());
  }
}
END_TEST

START_TEST (ends)
{
  const Bytes two = {0xff, 0xff}, zeros (9, 0);
  assert_fails ({}, [] (BitReader &bits) { return bits.take (1); });
  assert_fails ({}, [] (BitReader &bits) { return bits.ue (); });
  assert_fails (two, [] (BitReader &bits) { return bits.take (17); });
  assert_fails (two, [] (BitReader &bits) { return bits.take (9), bits.take (8); });
  assert_fails (two, [] (BitReader &bits) { return bits.skip (17), 0; });
  assert_fails (two, [] (BitReader &bits) { return bits.skip (SIZE_MAX), 0; });
  assert_fails (two, [] (BitReader &bits) { return bits.take (1), bits.skip (SIZE_MAX), 0; });
  assert_fails (zeros, [] (BitReader &bits) { return bits.ue (); });
  assert_fails (zeros, [] (BitReader &bits) { return bits.uvlc (); });
  assert_fails ({0x01}, [] (BitReader &bits) { return bits.ue (); });
  assert_fails ({0x00, 0x01}, [] (BitReader &bits) { return bits.se (); });
}
END_TEST

START_TEST (limits)
{
  const auto seven = BitWriter ().ue (7).bytes ();
  assert_fails (seven, [] (BitReader &bits) { return bits.ue (6); });
  assert_fails (seven, [] (BitReader &bits) { return bits.ue (0); });
  const auto too_long = BitWriter ().u (32, 0).u (1, 1).u (32, 0).bytes ();
  assert_fails (too_long, [] (BitReader &bits) { return bits.ue (); });
  BitReader bits (too_long); // AV1 has a meaning for it
  ck_assert_uint_eq (bits.uvlc (), UINT32_MAX);
  ck_assert (bits.ok ());
}
END_TEST

int
main ()
{
  return run ("bits", {takes, numbers, ends, limits});
}
