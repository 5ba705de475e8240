// SPDX-License-Identifier: LGPL-2.1-or-later
// Byte streams to length-prefixed NAL units.
#include "libs/media/h26x.hpp"

#include "tests/unit/suite.hpp"

using namespace stagedoor;
using media::ByteStreamConverter;
using media::NalCodec;

namespace {

const Bytes sps = {0x67, 0x42, 0xc0, 0x0a, 0xda, 0x11, 0x98}, pps = {0x68, 0xce, 0x3c, 0x80};
const Bytes other_pps = {0x68, 0x53, 0x8f, 0x20}; // id 1
const Bytes idr = {0x65, 0x88, 0x84, 0x01}, slice = {0x41, 0x9a, 0x02};

Bytes
stream (std::initializer_list<Bytes> units)
{
  Bytes out;
  for (const auto &unit : units) {
    out.insert (out.end (), {0, 0, 0, 1});
    out.insert (out.end (), unit.begin (), unit.end ());
  }
  return out;
}

} // namespace

START_TEST (parameter_sets_go_into_the_setup)
{
  ByteStreamConverter converter (NalCodec::h264);
  const auto first = converter.convert (stream ({{9, 0xf0}, sps, pps, idr}));
  ck_assert (first.keyframe && first.setup_changed);
  ck_assert (first.data == (Bytes{0, 0, 0, 4, 0x65, 0x88, 0x84, 0x01}));
  const Bytes wanted = {1, 0x42, 0xc0, 0x0a, 0xff, 0xe1, 0, 7, 0x67, 0x42, 0xc0, 0x0a, 0xda, 0x11,
      0x98, 1, 0, 4, 0x68, 0xce, 0x3c, 0x80};
  ck_assert (converter.setup () == wanted);
  const auto delta = converter.convert (stream ({slice}));
  ck_assert (!delta.keyframe && !delta.setup_changed);
  const auto again = converter.convert (stream ({sps, pps, idr}));
  ck_assert (again.keyframe && !again.setup_changed);
}
END_TEST

START_TEST (a_picture_set_may_come_alone)
{
  ByteStreamConverter converter (NalCodec::h264);
  ck_assert (!converter.convert (stream ({pps, idr})).setup_changed);
  ck_assert (converter.setup ().empty ());
  ck_assert (converter.convert (stream ({sps, idr})).setup_changed);
  ck_assert (converter.convert (stream ({other_pps, slice})).setup_changed);
  ck_assert_uint_eq (converter.setup ()[15], 2);
  ck_assert (!converter.convert (stream ({other_pps, slice})).setup_changed);
  ck_assert (converter.convert (stream ({sps, pps, idr})).setup_changed);
  ck_assert_uint_eq (converter.setup ()[15], 1);
}
END_TEST

START_TEST (recovery_point_is_a_key)
{
  const Bytes exact = {6, 6, 1, 0xc4, 0x80}, slow = {6, 6, 1, 0x14, 0x80};
  const Bytes after_another = {6, 5, 2, 1, 2, 6, 1, 0xc4, 0x80}, cut = {6, 6, 9, 0xc4};
  const Bytes half_a_number = {6, 6, 1, 0x04, 0x80};
  ByteStreamConverter converter (NalCodec::h264);
  ck_assert (converter.convert (stream ({exact, slice})).keyframe);
  ck_assert (converter.convert (stream ({after_another, slice})).keyframe);
  ck_assert (!converter.convert (stream ({slow, slice})).keyframe);
  ck_assert (!converter.convert (stream ({cut, slice})).keyframe);
  ck_assert (!converter.convert (stream ({half_a_number, slice})).keyframe);
}
END_TEST

START_TEST (a_flood_of_parameter_sets_is_bounded)
{
  for (const auto codec : {NalCodec::h264, NalCodec::h265}) {
    ByteStreamConverter converter (codec);
    Bytes bytes;
    for (unsigned i = 0; i < 3000; ++i) {
      const auto type =
          static_cast<std::uint8_t> (codec == NalCodec::h264 ? 7 + i % 2 : (32 + i % 3) * 2);
      const auto one = stream ({Bytes (i, type)});
      bytes.insert (bytes.end (), one.begin (), one.end ());
    }
    converter.convert (bytes);
    ck_assert_uint_lt (converter.setup ().size (), 3 * 16 * 1100);
  }
}
END_TEST

int
main ()
{
  return test::run ("h26x", {parameter_sets_go_into_the_setup, a_picture_set_may_come_alone,
                                recovery_point_is_a_key, a_flood_of_parameter_sets_is_bounded});
}
