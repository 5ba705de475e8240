// SPDX-License-Identifier: LGPL-2.1-or-later
// Depacketisers against our own packetisers, against loss, against other people's forms and against
// noise.
#include "libs/webrtc/depacketizer.hpp"

#include <random>
#include <utility>

#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::webrtc;

namespace {

std::mt19937 rng (20261124);
constexpr Codec codecs[] = {
    Codec::h264, Codec::h265, Codec::vp8, Codec::vp9, Codec::av1, Codec::opus};
constexpr int codec_count = 6;

Bytes
noise (Bytes head, std::size_t size)
{
  while (head.size () < size)
    head.push_back (static_cast<std::uint8_t> (2 + rng () % 250));
  return head;
}

Bytes
with_start_code (const Bytes &nal)
{
  Bytes out = {0, 0, 0, 1};
  out.insert (out.end (), nal.begin (), nal.end ());
  return out;
}

Bytes
operator+ (Bytes a, const Bytes &b)
{
  a.insert (a.end (), b.begin (), b.end ());
  return a;
}

Bytes
obu (unsigned type, std::size_t size)
{
  Bytes out = {static_cast<std::uint8_t> (type << 3 | 2)};
  for (auto rest = size; true; rest >>= 7) {
    out.push_back (static_cast<std::uint8_t> ((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0)));
    if (rest <= 0x7f)
      break;
  }
  return noise (out, out.size () + size);
}

/** A key frame, or what comes nearest. */
Bytes
unit_of (Codec codec, std::size_t size)
{
  switch (codec) {
    case Codec::h264:
      return with_start_code ({0x67, 0x42, 0xe0, 0x1f, 0x8c}) + with_start_code ({0x68, 0xce, 0x3c})
             + with_start_code (noise ({0x65}, size));
    case Codec::h265:
      return with_start_code ({0x40, 1, 7, 7}) + with_start_code ({0x42, 1, 7, 7})
             + with_start_code ({0x44, 1, 7, 7}) + with_start_code (noise ({0x26, 1}, size));
    case Codec::av1:
      return obu (1, 12) + obu (6, size);
    case Codec::opus:
      return noise ({0xfc}, std::min<std::size_t> (size, 300));
    default:
      return noise ({0x10}, size);
  }
}

struct Stream
{
  explicit Stream (Codec c) : codec (c), in (Packetizer::create (c)), out (Depacketizer::create (c))
  {
  }

  std::shared_ptr<PacketizedFrame> cut (const Bytes &unit)
  {
    timestamp += 3000;
    return in->packetize (unit, true, {});
  }
  std::vector<ReceivedUnit> feed (const PacketizedFrame &frame, std::size_t i, bool gap = false)
  {
    const auto [offset, size] = frame.payloads[i];
    return out->feed ({ByteView (frame.bytes).subspan (offset, size), timestamp,
        i + 1 == frame.payloads.size (), gap});
  }
  std::vector<ReceivedUnit> feed_all (const PacketizedFrame &frame, bool gap = false)
  {
    std::vector<ReceivedUnit> units;
    for (std::size_t i = 0; i < frame.payloads.size (); ++i)
      for (auto &unit : feed (frame, i, gap && i == 0))
        units.push_back (std::move (unit));
    return units;
  }

  const Codec codec;
  std::unique_ptr<Packetizer> in;
  std::unique_ptr<Depacketizer> out;
  std::uint32_t timestamp = 0;
};

} // namespace

START_TEST (what_was_cut_is_put_together)
{
  Stream stream (codecs[_i]);
  for (const std::size_t size : {3, 100, 1159, 1160, 1161, 5000, 90'000}) {
    const auto unit = unit_of (stream.codec, size);
    const auto units = stream.feed_all (*stream.cut (unit));
    ck_assert_uint_eq (units.size (), 1);
    ck_assert (units[0].data == unit);
    ck_assert (!units[0].gap);
    ck_assert_uint_eq (units[0].timestamp, stream.timestamp);
  }
  ck_assert_uint_eq (stream.out->broken (), 0);
}
END_TEST

START_TEST (a_lost_packet_takes_its_unit_only)
{
  const auto codec = codecs[_i];
  if (codec == Codec::opus)
    return;
  for (std::size_t lost = 0; lost < 5; ++lost) {
    Stream stream (codec);
    const auto first = stream.cut (unit_of (codec, 5000));
    ck_assert_uint_ge (first->payloads.size (), 5);
    bool gap = false;
    for (std::size_t i = 0; i < first->payloads.size (); ++i) {
      if (i == lost) {
        gap = true;
        continue;
      }
      ck_assert_uint_eq (stream.feed (*first, i, std::exchange (gap, false)).size (), 0);
    }
    const auto next = unit_of (codec, 2000);
    const auto units = stream.feed_all (*stream.cut (next), gap);
    ck_assert_uint_eq (units.size (), 1);
    ck_assert (units[0].data == next);
    ck_assert (units[0].gap);
    ck_assert_uint_eq (stream.out->broken (), 1);
  }
}
END_TEST

START_TEST (without_a_marker_the_next_time_stamp_ends_a_unit)
{
  Stream stream (Codec::vp8);
  const auto frame = stream.cut (unit_of (Codec::vp8, 100));
  const auto payload = ByteView (frame->bytes);
  ck_assert_uint_eq (stream.out->feed ({payload, 1, false, false}).size (), 0);
  const auto units = stream.out->feed ({payload, 2, true, false});
  ck_assert_uint_eq (units.size (), 2);
  ck_assert_uint_eq (units[0].timestamp, 1);
  ck_assert_uint_eq (units[1].timestamp, 2);
}
END_TEST

START_TEST (probing_packets_are_nothing)
{
  Stream stream (codecs[_i]);
  const auto unit = unit_of (stream.codec, 3000);
  const auto frame = stream.cut (unit);
  std::vector<ReceivedUnit> units;
  for (std::size_t i = 0; i < frame->payloads.size (); ++i) {
    ck_assert_uint_eq (stream.out->feed ({{}, stream.timestamp, false, false}).size (), 0);
    units = stream.feed (*frame, i);
  }
  ck_assert_uint_eq (units.size (), 1);
  ck_assert (units[0].data == unit);
  ck_assert_uint_eq (stream.out->feed ({{}, 77, true, false}).size (), 0);
  ck_assert_uint_eq (stream.out->broken (), 0);
}
END_TEST

START_TEST (descriptors_of_other_senders)
{
  const auto vp8 = Depacketizer::create (Codec::vp8);
  // I with a 15-bit id, L, T and K, as libwebrtc sends them.
  const Bytes chrome = {0x90, 0xf0, 0x81, 0x23, 7, 0x20, 0xaa, 0xbb};
  auto units = vp8->feed ({chrome, 1, true, false});
  ck_assert_uint_eq (units.size (), 1);
  ck_assert (units[0].data == (Bytes{0xaa, 0xbb}));
  const auto vp9 = Depacketizer::create (Codec::vp9);
  // I, L, B, E, V: id, layer indices, TL0PICIDX, a structure with one size and one picture.
  const Bytes key = {0xae, 0x81, 0x23, 0, 1, 0x18, 2, 0x80, 1, 0x68, 1, 0x04, 1, 0xcc};
  units = vp9->feed ({key, 1, true, false});
  ck_assert_uint_eq (units.size (), 1);
  ck_assert (units[0].data == (Bytes{0xcc}));
  // Flexible mode: two references.
  const Bytes flexible = {0xdc, 0x05, 3, 4, 0xdd};
  units = vp9->feed ({flexible, 2, true, false});
  ck_assert_uint_eq (units.size (), 1);
  ck_assert (units[0].data == (Bytes{0xdd}));
  const auto av1 = Depacketizer::create (Codec::av1);
  // W = 2, N: a temporal delimiter, which doesn't travel, and a sequence header without size.
  const Bytes counted = {0x28, 1, 0x10, 0x08, 0x55, 0x66};
  units = av1->feed ({counted, 1, true, false});
  ck_assert_uint_eq (units.size (), 1);
  ck_assert (units[0].data == (Bytes{0x0a, 2, 0x55, 0x66}));
}
END_TEST

START_TEST (what_contradicts_itself_is_dropped)
{
  const std::vector<std::pair<Codec, Bytes>> bad = {
      {Codec::h264, {0x00}},                        // no type
      {Codec::h264, {0x19, 0, 0, 1}},               // STAP-B
      {Codec::h264, {0x78, 0xff, 0xff, 1}},         // aggregate longer than its packet
      {Codec::h264, {0x78, 0, 0}},                  // an empty NAL unit in it
      {Codec::h264, {0x7c}},                        // half a fragment header
      {Codec::h264, {0x7c, 0x05, 1, 2}},            // a fragment without its first
      {Codec::h264, {0x7c, 0x85, 1, 2}},            // and one without its last
      {Codec::h265, {0x40}},                        // half a NAL header
      {Codec::h265, {0x62, 1}},                     // likewise of a fragment
      {Codec::h265, {0x64, 1, 3, 4}},               // PACI
      {Codec::vp8, {0x10}},                         // nothing but the descriptor
      {Codec::vp8, {0x90, 0xf0, 0x81}},             // half of it
      {Codec::vp8, {0x00, 1, 2}},                   // the middle of a frame
      {Codec::vp9, {0x0a, 0xf8}},                   // a structure that isn't there
      {Codec::vp9, {0xff, 0xff, 0xff, 0xff, 0xff}}, // all flags
      {Codec::av1, {0x80, 1, 0x0a}},                // goes on with what never began
      {Codec::av1, {0x40, 1, 0x0a}},                // never ends
      {Codec::av1, {0x00, 0xff, 0xff, 0xff, 0xff}}, // a length without end
      {Codec::av1, {0x10, 0x0a, 0x7f, 0x55}},       // an OBU's own size that is wrong
      {Codec::av1, {0x00, 1, 0x8a}},                // the forbidden bit
  };
  for (const auto &[codec, payload] : bad) {
    const auto depacketizer = Depacketizer::create (codec);
    ck_assert_uint_eq (depacketizer->feed ({payload, 1, true, false}).size (), 0);
    ck_assert_uint_eq (depacketizer->broken (), 1);
    const auto unit = unit_of (codec, 50);
    const auto frame = Packetizer::create (codec)->packetize (unit, true, {});
    std::vector<ReceivedUnit> units;
    for (std::size_t i = 0; i < frame->payloads.size (); ++i)
      units = depacketizer->feed (
          {ByteView (frame->bytes).subspan (frame->payloads[i].offset, frame->payloads[i].size), 2,
              i + 1 == frame->payloads.size (), false});
    ck_assert_uint_eq (units.size (), 1);
    ck_assert (units[0].data == unit && units[0].gap);
  }
}
END_TEST

START_TEST (units_are_bounded)
{
  const auto depacketizer = Depacketizer::create (Codec::vp8);
  const auto first = noise ({0x10}, 60'000), more = noise ({0x00}, 60'000);
  depacketizer->feed ({first, 1, false, false});
  for (int i = 0; i < 200; ++i)
    depacketizer->feed ({more, 1, false, false});
  ck_assert_uint_eq (depacketizer->feed ({more, 1, true, false}).size (), 0);
  ck_assert_uint_eq (depacketizer->broken (), 1);
}
END_TEST

/** An OBU that never ends isn't part of its unit yet. */
START_TEST (obus_are_bounded)
{
  const auto depacketizer = Depacketizer::create (Codec::av1);
  const auto first = noise ({0x50, 0x30}, 60'000), more = noise ({0xd0}, 60'000);
  const Bytes last = {0x90, 1};
  for (const int packets : {100, 200}) { // within the bound, and beyond it
    depacketizer->feed ({first, 1, false, false});
    for (int i = 0; i < packets; ++i)
      depacketizer->feed ({more, 1, false, false});
    const auto units = depacketizer->feed ({last, 1, true, false});
    ck_assert_uint_eq (units.size (), packets == 100 ? 1 : 0);
  }
  ck_assert_uint_eq (depacketizer->broken (), 1);
}
END_TEST

START_TEST (noise_does_no_harm)
{
  const auto depacketizer = Depacketizer::create (codecs[_i]);
  for (int i = 0; i < 100'000; ++i) {
    Bytes payload (rng () % 24);
    for (auto &byte : payload)
      byte = static_cast<std::uint8_t> (rng ());
    for (const auto &unit : depacketizer->feed (
             {payload, static_cast<std::uint32_t> (rng () % 3), rng () % 4 == 0, rng () % 8 == 0}))
      ck_assert_uint_gt (unit.data.size (), 0);
  }
}
END_TEST

int
main ()
{
  Suite *suite = suite_create ("depacketizer");
  TCase *tcase = tcase_create ("depacketizer");
  suite_add_tcase (suite, tcase);
  for (const auto *test : {what_was_cut_is_put_together, a_lost_packet_takes_its_unit_only,
           probing_packets_are_nothing, noise_does_no_harm})
    tcase_add_loop_test (tcase, test, 0, codec_count);
  for (const auto *test :
      {without_a_marker_the_next_time_stamp_ends_a_unit, descriptors_of_other_senders,
          what_contradicts_itself_is_dropped, units_are_bounded, obus_are_bounded})
    tcase_add_test (tcase, test);
  SRunner *runner = srunner_create (suite);
  srunner_run_all (runner, CK_NORMAL);
  const int failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
