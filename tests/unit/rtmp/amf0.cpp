// SPDX-License-Identifier: LGPL-2.1-or-later
// AMF 0: what it can say, and everything that can be wrong with it.
#include "libs/rtmp/amf0.hpp"

#include <cmath>

#include "tests/unit/rtmp/client.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

constexpr int depth = 16;

Bytes
nested (std::uint8_t marker, int times)
{
  Bytes out;
  Writer writer (out);
  for (int i = 0; i < times; ++i) {
    writer.u8 (marker);
    if (marker == 0x10)
      writer.u16 (0); // class name
    if (marker == 0x08 || marker == 0x0a)
      writer.u32 (1);
    if (marker != 0x0a) {
      writer.u16 (1);
      writer.u8 ('a');
    }
  }
  writer.u8 (0x05);
  if (marker != 0x0a)
    for (int i = 0; i < times; ++i)
      writer.u24 (9);
  return out;
}

AmfError
error_of (const Bytes &bytes)
{
  const auto parsed = parse_amf0 (bytes, depth);
  ck_assert (!parsed.has_value ());
  return parsed.error ();
}

Bytes
every_type ()
{
  Bytes out;
  AmfWriter amf (out);
  amf.string ("hello").number (-1.5).boolean (true).null ().undefined ();
  amf.begin_object ().name ("a").number (1).name ("b").begin_object ().end_object ().end_object ();
  amf.begin_strict_array (2).string ("x").boolean (false);
  Writer writer (out);
  writer.u8 (0x08); // ECMA array whose count lies
  writer.u32 (99);
  amf.name ("width").number (64).end_object ();
  writer.u8 (0x0b); // date
  writer.u64 (0x4024000000000000);
  writer.u16 (60);
  writer.u8 (0x0c); // long string
  writer.u32 (4);
  writer.bytes ("long");
  writer.u8 (0x10); // typed object
  amf.name ("Class").name ("k").string ("v").end_object ();
  writer.u8 (0x0d); // unsupported
  return out;
}

} // namespace

START_TEST (test_every_type)
{
  const auto values = parse_amf0 (every_type (), depth).value ();
  ck_assert_uint_eq (values.size (), 12);
  ck_assert_str_eq (values[0].string.c_str (), "hello");
  ck_assert_double_eq (values[1].number, -1.5);
  ck_assert (values[2].type == Amf::Type::boolean && values[2].boolean);
  ck_assert (values[3].type == Amf::Type::null);
  ck_assert (values[4].type == Amf::Type::undefined);
  ck_assert_double_eq (values[5].member ("a").number, 1);
  ck_assert (values[5].member ("b").type == Amf::Type::object);
  ck_assert (values[5].member ("c").type == Amf::Type::undefined);
  ck_assert (values[6].type == Amf::Type::strict_array);
  ck_assert_uint_eq (values[6].members.size (), 2);
  ck_assert_double_eq (values[7].member ("width").number, 64);
  ck_assert_double_eq (values[8].number, 10);
  ck_assert_str_eq (values[9].string.c_str (), "long");
  ck_assert_str_eq (values[10].member ("k").string.c_str (), "v");
  ck_assert (values[11].type == Amf::Type::undefined);
}
END_TEST

START_TEST (test_truncated_anywhere)
{
  const auto whole = every_type ();
  // Between two values of the top level a message may end.
  std::size_t ends = 0;
  for (std::size_t size = 0; size < whole.size (); ++size) {
    const auto parsed = parse_amf0 (ByteView (whole).first (size), depth);
    ends += parsed.has_value ();
    if (!parsed) {
      ck_assert (parsed.error ().kind == AmfError::Kind::malformed);
      ck_assert (mentions (parsed.error ().text, "ends in the middle"));
    }
  }
  ck_assert_uint_eq (ends, 12);
}
END_TEST

START_TEST (test_depth)
{
  for (const std::uint8_t marker : {0x03, 0x08, 0x0a, 0x10}) {
    ck_assert (parse_amf0 (nested (marker, depth), depth).has_value ());
    const auto error = error_of (nested (marker, depth + 1));
    ck_assert (error.kind == AmfError::Kind::over_bound);
    ck_assert (mentions (error.text, "16"));
    ck_assert (error_of (nested (marker, 10'000)).kind == AmfError::Kind::over_bound);
  }
}
END_TEST

START_TEST (test_count)
{
  ck_assert (parse_amf0 (Bytes (amf_most_values, 0x05), depth).has_value ());
  const auto error = error_of (Bytes (amf_most_values + 1, 0x05));
  ck_assert (error.kind == AmfError::Kind::over_bound);
  ck_assert (mentions (error.text, std::to_string (amf_most_values)));
  Bytes array{0x0a, 0xff, 0xff, 0xff, 0xff}; // four thousand million elements, of which none came
  ck_assert (error_of (array).kind == AmfError::Kind::malformed);
  array.resize (10'000, 0x05);
  ck_assert (error_of (array).kind == AmfError::Kind::over_bound);
}
END_TEST

START_TEST (test_lengths_that_lie)
{
  ck_assert (mentions (error_of ({0x02, 0xff, 0xff, 'a'}).text, "middle"));
  ck_assert (mentions (error_of ({0x0c, 0xff, 0xff, 0xff, 0xff, 'a'}).text, "middle"));
  ck_assert (mentions (error_of ({0x03, 0xff, 0xff, 'a'}).text, "middle"));
  ck_assert (mentions (error_of ({0x03, 0, 0}).text, "middle"));
  ck_assert (mentions (error_of ({0x10, 0xff, 0xff}).text, "middle"));
}
END_TEST

START_TEST (test_refused_markers)
{
  ck_assert (mentions (error_of ({0x07, 0, 0}).text, "references"));
  ck_assert (mentions (error_of ({0x11, 0x01}).text, "AMF 3"));
  for (const std::uint8_t marker : {0x04, 0x09, 0x0e, 0x12, 0xff})
    ck_assert (mentions (error_of ({marker}).text, "marker " + std::to_string (marker)));
}
END_TEST

START_TEST (test_empty)
{
  ck_assert_uint_eq (parse_amf0 ({}, depth)->size (), 0);
}
END_TEST

START_TEST (test_long_strings_are_cut)
{
  Bytes out;
  AmfWriter (out).string (std::string (70'000, 'x'));
  ck_assert_uint_eq (parse_amf0 (out, depth).value ()[0].string.size (), 65'535);
}
END_TEST

int
main ()
{
  return test::run ("rtmp-amf0",
      {test_every_type, test_truncated_anywhere, test_depth, test_count, test_lengths_that_lie,
          test_refused_markers, test_empty, test_long_strings_are_cut});
}
