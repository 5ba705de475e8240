// SPDX-License-Identifier: LGPL-2.1-or-later
// Video tags, legacy and enhanced.
#include "libs/rtmp/flv.hpp"

#include "tests/unit/rtmp/client.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

using Type = VideoTag::Type;

/** An enhanced tag: first byte, FourCC, rest. */
Bytes
enhanced (int frame_type, int packet_type, std::string_view codec, const Bytes &rest = {})
{
  Bytes out;
  Writer writer (out);
  writer.u8 (static_cast<std::uint8_t> (0x80 | frame_type << 4 | packet_type));
  writer.bytes (codec);
  writer.bytes (rest);
  return out;
}

/** What the tag says; the payload as a copy, because the tag's is a view of @p body. */
struct Parsed
{
  VideoTag tag;
  Bytes payload;
};

Parsed
parse (const Bytes &body)
{
  const auto tag = parse_video_tag (body);
  ck_assert_msg (tag.has_value (), "%s", tag ? "" : tag.error ().text.c_str ());
  return {*tag, Bytes (tag->payload.begin (), tag->payload.end ())};
}

std::string
error_of (const Bytes &body)
{
  const auto tag = parse_video_tag (body);
  ck_assert (!tag.has_value ());
  return tag.error ().text;
}

} // namespace

START_TEST (test_avc)
{
  auto got = parse ({0x17, 0, 0, 0, 0, 1, 2});
  ck_assert (got.tag.codec == VideoCodec::h264);
  ck_assert (got.tag.type == Type::sequence_start);
  ck_assert (got.payload == (Bytes{1, 2}));
  got = parse ({0x17, 1, 0, 0, 80, 9});
  ck_assert (got.tag.type == Type::coded_frames && got.tag.keyframe);
  ck_assert_int_eq (got.tag.composition_ms, 80);
  ck_assert (got.payload == Bytes{9});
  got = parse ({0x27, 1, 0xff, 0xff, 0xd8, 9});
  ck_assert (!got.tag.keyframe);
  ck_assert_int_eq (got.tag.composition_ms, -40);
  got = parse ({0x17, 2, 0, 0, 0});
  ck_assert (got.tag.type == Type::sequence_end);
}
END_TEST

START_TEST (test_legacy_hevc)
{
  const auto got = parse ({0x1c, 0, 0, 0, 0, 1});
  ck_assert (got.tag.codec == VideoCodec::h265);
  ck_assert (got.tag.type == Type::sequence_start);
}
END_TEST

START_TEST (test_ignored)
{
  ck_assert (parse ({0x57, 0}).tag.type == Type::ignored);          // player command
  ck_assert (parse ({0x17, 0, 0, 0, 0}).tag.type == Type::ignored); // empty setup
  ck_assert (parse ({0x27, 1, 0, 0, 0}).tag.type == Type::ignored); // empty frame
  ck_assert (parse ({0xd0, 0}).tag.type == Type::ignored);          // enhanced command
  ck_assert (parse (enhanced (1, 1, "av01")).tag.type == Type::ignored);
}
END_TEST

START_TEST (test_refused_codecs)
{
  const std::pair<int, const char *> names[] = {{2, "Sorenson H.263"}, {3, "Screen video"},
      {4, "On2 VP6"}, {5, "On2 VP6"}, {6, "Screen video"}, {1, "JPEG"}, {13, "codec id 13"}};
  for (const auto &[id, name] : names) {
    const auto error = error_of ({static_cast<std::uint8_t> (0x10 | id), 0, 0, 0, 0, 1});
    ck_assert (mentions (error, name));
    ck_assert (mentions (error, "set the encoder to H.264"));
  }
  ck_assert (mentions (error_of (enhanced (1, 1, "vvc1", {1})), "vvc1"));
  ck_assert (mentions (error_of (enhanced (1, 1, "\x01\x02\x03\x04", {1})), "16909060"));
}
END_TEST

START_TEST (test_four_ccs)
{
  const std::pair<const char *, VideoCodec> codecs[] = {{"avc1", VideoCodec::h264},
      {"hvc1", VideoCodec::h265}, {"av01", VideoCodec::av1}, {"vp09", VideoCodec::vp9},
      {"vp08", VideoCodec::vp8}};
  for (const auto &[name, codec] : codecs) {
    auto got = parse (enhanced (1, 0, name, {1, 2, 3, 4}));
    ck_assert (got.tag.codec == codec && got.tag.type == Type::sequence_start);
    ck_assert (got.payload == (Bytes{1, 2, 3, 4}));
    // Only H.264 and H.265 have composition times.
    got = parse (enhanced (2, 1, name, {0, 0, 40, 9}));
    const bool timed = codec == VideoCodec::h264 || codec == VideoCodec::h265;
    ck_assert (got.tag.type == Type::coded_frames && !got.tag.keyframe);
    ck_assert_int_eq (got.tag.composition_ms, timed ? 40 : 0);
    ck_assert_uint_eq (got.payload.size (), timed ? 1 : 4);
    got = parse (enhanced (1, 3, name, {0, 0, 40, 9}));
    ck_assert (got.tag.type == Type::coded_frames && got.tag.keyframe);
    ck_assert_int_eq (got.tag.composition_ms, 0);
    ck_assert_uint_eq (got.payload.size (), 4);
    ck_assert (parse (enhanced (1, 2, name)).tag.type == Type::sequence_end);
    ck_assert (parse (enhanced (5, 4, name, {2})).tag.type == Type::metadata);
    ck_assert (mentions (error_of (enhanced (1, 5, name, {1})), "MPEG-2 TS"));
    ck_assert (mentions (error_of (enhanced (1, 9, name, {1})), "packet type 9"));
  }
}
END_TEST

START_TEST (test_mod_ex)
{
  // three bytes of nanoseconds, then coded frames X
  auto got = parse ({0x97, 2, 0, 1, 0, 0x03, 'a', 'v', '0', '1', 5});
  ck_assert (got.tag.codec == VideoCodec::av1 && got.tag.type == Type::coded_frames);
  ck_assert (got.payload == Bytes{5});
  // two of them, the second one of 300 bytes
  Bytes body{0x97, 0, 7, 0x07, 255, 1, 43};
  body += Bytes (300, 1);
  body += Bytes{0x10, 'h', 'v', 'c', '1', 8};
  got = parse (body);
  ck_assert (got.tag.codec == VideoCodec::h265 && got.tag.type == Type::sequence_start);
  ck_assert (got.payload == Bytes{8});
  // a command behind it
  ck_assert (parse ({0xd7, 0, 7, 0x00, 1}).tag.type == Type::ignored);
}
END_TEST

START_TEST (test_multitrack)
{
  auto got = parse ({0x96, 0x01, 'a', 'v', 'c', '1', 0, 0, 0, 40, 9}); // one track
  ck_assert (got.tag.codec == VideoCodec::h264 && got.tag.type == Type::coded_frames);
  ck_assert_int_eq (got.tag.composition_ms, 40);
  ck_assert (got.payload == Bytes{9});
  got = parse ({0x96, 0x01, 'a', 'v', 'c', '1', 3, 0, 0, 40, 9}); // not the default one
  ck_assert (got.tag.type == Type::ignored);
  got = parse ({0x96, 0x13, 'a', 'v', 'c', '1', 1, 0, 0, 1, 7, 0, 0, 0, 2, 8, 9}); // many
  ck_assert (got.tag.type == Type::coded_frames);
  ck_assert (got.payload == (Bytes{8, 9}));
  got = parse ({0x96, 0x20, 'a', 'v', '0', '1', 1, 0, 0, 1, 7, 'h', 'v', 'c', '1', 0, 0, 0, 1, 8});
  ck_assert (got.tag.codec == VideoCodec::h265 && got.tag.type == Type::sequence_start);
  ck_assert (got.payload == Bytes{8});
  ck_assert (mentions (error_of ({0x96, 0x31, 'a', 'v', 'c', '1', 0, 1}), "multitrack"));
  ck_assert (mentions (error_of ({0x96, 0x06, 'a', 'v', 'c', '1', 0, 1}), "multitrack"));
  ck_assert (mentions (error_of ({0x96, 0x07, 'a', 'v', 'c', '1', 0, 1}), "multitrack"));
  ck_assert (mentions (error_of ({0x96, 0x13, 'a', 'v', 'c', '1', 0, 0, 0, 5, 8}), "cut short"));
}
END_TEST

START_TEST (test_truncated)
{
  ck_assert (mentions (error_of ({}), "empty"));
  const Bytes bodies[] = {{0x17, 1, 0, 0, 80}, enhanced (1, 1, "hvc1", {0, 0, 0}),
      {0x97, 2, 0, 1, 0, 0x03, 'a', 'v', '0', '1'}, {0x96, 0x01, 'a', 'v', 'c', '1', 0}};
  for (const auto &body : bodies)
    for (std::size_t size = 1; size < body.size (); ++size)
      ck_assert (mentions (error_of (Bytes (body.begin (), body.begin () + size)), "cut short"));
}
END_TEST

int
main ()
{
  return test::run (
      "rtmp-flv-video", {test_avc, test_legacy_hevc, test_ignored, test_refused_codecs,
                            test_four_ccs, test_mod_ex, test_multitrack, test_truncated});
}
