// SPDX-License-Identifier: LGPL-2.1-or-later
// Byte streams, emulation prevention, and the records of MP4.
#include "libs/codecs/nal.hpp"

#include "libs/codecs/nal_setup.hpp"
#include "tests/unit/codecs/recorded.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::codecs;
using namespace stagedoor::test;

namespace {

std::string
to_hex (ByteView bytes)
{
  constexpr const char *digits = "0123456789abcdef";
  std::string out;
  for (const auto byte : bytes)
    out += {digits[byte >> 4], digits[byte & 15]};
  return out;
}

std::string
split (std::string_view hex)
{
  const auto bytes = from_hex (hex);
  ByteStreamReader stream (bytes);
  std::string out;
  for (auto nal = stream.next (); !nal.empty (); nal = stream.next ())
    out += (out.empty () ? "" : " ") + to_hex (nal);
  ck_assert (stream.next ().empty ());
  return out;
}

std::string
sets (const std::optional<NalSetup> &setup)
{
  ck_assert (setup.has_value ());
  std::string out = std::to_string (setup->length_size);
  for (const auto unit : setup->parameter_sets)
    out += " " + to_hex (unit);
  return out;
}

constexpr const char *avcc = "014d0028ff" // lengths of 4
                             "e2"
                             "0004"
                             "674d0028"
                             "0001"
                             "67"
                             "01"
                             "0002"
                             "68ee"
                             "fdf8f800";
constexpr const char *hvcc = "0101600000009000000000005df000fcfdf8f800000d" // lengths of 2
                             "03"
                             "a0"
                             "0001"
                             "0002"
                             "4001"
                             "a1"
                             "0002"
                             "0003"
                             "420101"
                             "0000"
                             "a2"
                             "0001"
                             "0002"
                             "4401";

} // namespace

START_TEST (byte_streams)
{
  assert_text (split ("000000016742000001680000000165"), "6742 68 65");
  assert_text (split ("0000016700000300010000016800"), "670000030001 68");
  assert_text (split ("ffff0000016700000000000001"), "67"); // rubbish before, nothing behind
  assert_text (split ("000001000001000001670000010000016800"), "67 68");
  assert_text (split ("00000101"), "01");
  assert_text (split ("0000010101000001"), "0101");
  assert_text (split ("00000102010100010203"), "02010100010203");
  for (const char *none :
      {"", "00", "0000", "000001", "00000001", "00000000", "6742", "000002", "010101"})
    assert_text (split (none), "");
}
END_TEST

START_TEST (emulation_prevention)
{
  const auto plain = [] (std::string_view hex) {
    return to_hex (unescape (from_hex (hex)));
  };
  assert_text (plain ("67000003000003000003"), "67000000000000");
  assert_text (plain ("0000030300000301"), "000003000001");
  assert_text (plain ("00000003"), "000000");
  assert_text (plain ("0003000301"), "0003000301");
  assert_text (plain ("000003000301"), "0000000301");
  assert_text (plain (""), "");
}
END_TEST

START_TEST (setups)
{
  assert_text (sets (read_avcc (from_hex (avcc))), "4 674d0028 67 68ee");
  assert_text (sets (read_avcc (from_hex ("014d0028fce000"))), "1");
  assert_text (sets (read_hvcc (from_hex (hvcc))), "2 4001 420101 4401");
}
END_TEST

START_TEST (broken_setups)
{
  constexpr std::size_t extension = 4; // of avcC, which isn't read
  const auto h264 = from_hex (avcc), h265 = from_hex (hvcc);
  for (std::size_t n = 0; n + extension < h264.size (); ++n)
    ck_assert_msg (!read_avcc (ByteView (h264).first (n)), "%zu bytes", n);
  for (std::size_t n = 0; n < h265.size (); ++n)
    ck_assert_msg (!read_hvcc (ByteView (h265).first (n)), "%zu bytes", n);
  ck_assert (!read_avcc (from_hex ("004d0028fce000"))); // version
  ck_assert (!read_avcc (from_hex ("014d0028fee000"))); // lengths of 3
  auto other = h265;
  other[0] = 2;
  ck_assert (!read_hvcc (other));
  other[0] = 0;
  ck_assert (read_hvcc (other));
  other[21] = 0x0e;
  ck_assert (!read_hvcc (other));
}
END_TEST

START_TEST (many_parameter_sets)
{
  auto record = from_hex ("0101600000009000000000005df000fcfdf8f800000d01a0ffff");
  for (int i = 0; i < 0xffff; ++i)
    record.insert (record.end (), {0, 1, 0x40});
  const auto setup = read_hvcc (record);
  ck_assert (setup.has_value ());
  ck_assert_uint_eq (setup->parameter_sets.size (), max_parameter_sets);
}
END_TEST

int
main ()
{
  return run (
      "nal", {byte_streams, emulation_prevention, setups, broken_setups, many_parameter_sets});
}
