// SPDX-License-Identifier: LGPL-2.1-or-later
// Audio tags, legacy and enhanced.
#include "libs/rtmp/flv.hpp"

#include "tests/unit/rtmp/client.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

using Type = AudioTag::Type;

void
check (const Bytes &body, AudioCodec codec, Type type, const Bytes &payload)
{
  const auto tag = parse_audio_tag (body);
  ck_assert_msg (tag.has_value (), "%s", tag ? "" : tag.error ().text.c_str ());
  ck_assert (tag->codec == codec);
  ck_assert (tag->type == type);
  ck_assert (std::ranges::equal (tag->payload, payload));
}

bool
is_ignored (const Bytes &body)
{
  const auto tag = parse_audio_tag (body);
  return tag && tag->type == Type::ignored;
}

std::string
error_of (const Bytes &body)
{
  const auto tag = parse_audio_tag (body);
  ck_assert (!tag.has_value ());
  return tag.error ().text;
}

Bytes
enhanced (int packet_type, std::string_view codec, const Bytes &rest = {})
{
  Bytes out;
  Writer writer (out);
  writer.u8 (static_cast<std::uint8_t> (0x90 | packet_type));
  writer.bytes (codec);
  writer.bytes (rest);
  return out;
}

} // namespace

START_TEST (test_legacy)
{
  check ({0xaf, 0, 0x12, 0x10}, AudioCodec::aac, Type::sequence_start, {0x12, 0x10});
  check ({0xaf, 1, 7}, AudioCodec::aac, Type::coded_frames, {7});
  check ({0x2f, 0xff, 0xfb}, AudioCodec::mp3, Type::coded_frames, {0xff, 0xfb});
  check ({0xef, 0xff, 0xfb}, AudioCodec::mp3, Type::coded_frames, {0xff, 0xfb});
  ck_assert (is_ignored ({0xaf, 0}));
  ck_assert (is_ignored ({0xaf, 1}));
  ck_assert (is_ignored ({0x2f}));
}
END_TEST

START_TEST (test_refused)
{
  const std::pair<int, const char *> names[] = {{0, "PCM"}, {1, "ADPCM"}, {3, "PCM"},
      {4, "Nellymoser"}, {6, "Nellymoser"}, {7, "G.711"}, {8, "G.711"}, {11, "Speex"},
      {13, "Format 13"}, {15, "Format 15"}};
  for (const auto &[format, name] : names) {
    const auto error = error_of ({static_cast<std::uint8_t> (format << 4 | 0xf), 1, 1});
    ck_assert (mentions (error, name));
    ck_assert (mentions (error, "set the encoder to AAC"));
  }
  ck_assert (mentions (error_of ({0xaf, 2, 1}), "packet type 2"));
  ck_assert (mentions (error_of (enhanced (1, "ec-3", {1})), "ec-3"));
}
END_TEST

START_TEST (test_four_ccs)
{
  const std::pair<const char *, AudioCodec> codecs[] = {{"mp4a", AudioCodec::aac},
      {".mp3", AudioCodec::mp3}, {"Opus", AudioCodec::opus}, {"ac-3", AudioCodec::ac3},
      {"fLaC", AudioCodec::flac}};
  for (const auto &[name, codec] : codecs) {
    check (enhanced (0, name, {1, 2}), codec, Type::sequence_start, {1, 2});
    check (enhanced (1, name, {3}), codec, Type::coded_frames, {3});
    check (enhanced (2, name), codec, Type::sequence_end, {});
    ck_assert (is_ignored (enhanced (4, name, {1, 2})));
    ck_assert (is_ignored (enhanced (1, name)));
    ck_assert (mentions (error_of (enhanced (3, name, {1})), "packet type 3"));
  }
}
END_TEST

START_TEST (test_mod_ex_and_multitrack)
{
  check (
      {0x97, 2, 0, 0, 1, 0x01, 'O', 'p', 'u', 's', 5}, AudioCodec::opus, Type::coded_frames, {5});
  check ({0x95, 0x01, 'O', 'p', 'u', 's', 0, 5}, AudioCodec::opus, Type::coded_frames, {5});
  ck_assert (is_ignored ({0x95, 0x01, 'O', 'p', 'u', 's', 1, 5}));
  check ({0x95, 0x21, 'm', 'p', '4', 'a', 2, 0, 0, 1, 4, 'O', 'p', 'u', 's', 0, 0, 0, 1, 5},
      AudioCodec::opus, Type::coded_frames, {5});
  ck_assert (mentions (error_of ({0x95, 0x51, 'O', 'p', 'u', 's', 0, 5}), "multitrack"));
}
END_TEST

START_TEST (test_truncated)
{
  ck_assert (mentions (error_of ({}), "empty"));
  ck_assert (mentions (error_of ({0xaf}), "cut short"));
  const Bytes bodies[] = {enhanced (0, "Opus"), {0x97, 2, 0, 0, 1, 0x01, 'O', 'p', 'u', 's'},
      {0x95, 0x11, 'O', 'p', 'u', 's', 0, 0, 0, 1, 5}};
  for (const auto &body : bodies)
    for (std::size_t size = 1; size < body.size (); ++size)
      ck_assert (mentions (error_of (Bytes (body.begin (), body.begin () + size)), "cut short"));
}
END_TEST

int
main ()
{
  return test::run ("rtmp-flv-audio",
      {test_legacy, test_refused, test_four_ccs, test_mod_ex_and_multitrack, test_truncated});
}
