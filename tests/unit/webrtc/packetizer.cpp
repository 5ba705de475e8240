// SPDX-License-Identifier: LGPL-2.1-or-later
// Packetisers against strict receivers: what goes in comes out, whatever the sizes.
#include "libs/webrtc/packetizer.hpp"

#include <algorithm>
#include <random>

#include "tests/unit/suite.hpp"
#include "tests/unit/webrtc/depacketize.hpp"

using namespace stagedoor;
using namespace stagedoor::webrtc;
using namespace stagedoor::test;

namespace {

std::mt19937 rng (20261122);

std::size_t
pick (std::size_t low, std::size_t high)
{
  return std::uniform_int_distribution<std::size_t> (low, high) (rng);
}

/** No byte is 0, 1 or 0xff: no start code can come about. */
Bytes
noise (Bytes head, std::size_t size)
{
  while (head.size () < size)
    head.push_back (static_cast<std::uint8_t> (pick (2, 254)));
  return head;
}

Bytes
annex_b (const Units &nals)
{
  Bytes out;
  for (const auto &nal : nals) {
    const Bytes code = pick (0, 1) ? Bytes{0, 0, 0, 1} : Bytes{0, 0, 1};
    out.insert (out.end (), code.begin (), code.end ());
    out.insert (out.end (), nal.begin (), nal.end ());
  }
  return out;
}

Bytes
obu (std::uint8_t type, std::size_t size, bool extension = false)
{
  Bytes out = {static_cast<std::uint8_t> (type << 3 | 2 | (extension ? 4 : 0))};
  if (extension)
    out.push_back (0x20);
  for (auto rest = size; true; rest >>= 7) {
    out.push_back (static_cast<std::uint8_t> ((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0)));
    if (rest <= 0x7f)
      break;
  }
  return noise (out, out.size () + size);
}

/** @p with_size as obu() makes it. */
Bytes
without_size (Bytes with_size)
{
  const std::ptrdiff_t at = with_size[0] & 4 ? 2 : 1;
  auto end = with_size.begin () + at;
  while (*end & 0x80)
    ++end;
  with_size.erase (with_size.begin () + at, end + 1);
  with_size[0] &= 0xfc;
  return with_size;
}

Bytes
joined (const Units &units)
{
  Bytes out;
  for (const auto &unit : units)
    out.insert (out.end (), unit.begin (), unit.end ());
  return out;
}

std::shared_ptr<PacketizedFrame>
packetize (Codec codec, const Bytes &unit, bool keyframe = false, const Bytes &sets = {},
    std::size_t max_payload = 1160)
{
  return Packetizer::create (codec, max_payload)->packetize (unit, keyframe, sets);
}

/** Payloads lie one behind the other, none is empty or too large. */
void
check_layout (const PacketizedFrame &frame, std::size_t max_payload)
{
  std::size_t at = 0;
  for (const auto &payload : frame.payloads) {
    ck_assert_uint_eq (payload.offset, at);
    ck_assert_uint_gt (payload.size, 0);
    ck_assert_uint_le (payload.size, max_payload);
    at += payload.size;
  }
  ck_assert_uint_eq (at, frame.bytes.size ());
}

const Bytes sps = {0x67, 0x42, 0xe0, 0x1f, 0x8c, 0x68}, pps = {0x68, 0xce, 0x3c, 0x80, 0x55};

Bytes
random_nal (Codec codec)
{
  const auto size = pick (0, 3) ? pick (2, 40) : pick (2, 9000);
  if (codec == Codec::h264)
    return noise ({static_cast<std::uint8_t> (pick (0, 3) << 5 | pick (1, 8))}, size);
  const auto type = pick (0, 34);
  return noise ({static_cast<std::uint8_t> (type << 1), static_cast<std::uint8_t> (pick (1, 7))},
      std::max<std::size_t> (size, 3));
}

} // namespace

START_TEST (nal_units_survive_any_sizes)
{
  const auto codec = _i == 0 ? Codec::h264 : Codec::h265;
  for (int round = 0; round < 600; ++round) {
    const auto max_payload = pick (0, 2) ? pick (16, 200) : pick (16, 9000);
    Units nals (pick (1, 12));
    for (auto &nal : nals)
      nal = random_nal (codec);
    const auto frame = packetize (codec, annex_b (nals), false, {}, max_payload);
    ck_assert (frame != nullptr);
    check_layout (*frame, max_payload);
    const auto out = depacketize (*frame);
    ck_assert_msg (out.has_value (), "round %d: malformed", round);
    ck_assert_msg (*out == nals, "round %d: not what went in", round);
  }
}
END_TEST

START_TEST (parameter_sets_and_small_units_share_a_packet)
{
  const auto sei = noise ({6}, 30), idr = noise ({0x65}, 5000);
  const auto frame = packetize (Codec::h264, annex_b ({sps, pps, sei, idr}), true);
  ck_assert (payload_of (*frame, 0)[0] == (0x60 | 24)); // the highest NRI
  ck_assert_uint_eq (frame->payloads[0].size, 1 + 3 * 2 + sps.size () + pps.size () + sei.size ());
  // All fragments are of the full size but the last.
  for (std::size_t i = 1; i + 1 < frame->payloads.size (); ++i)
    ck_assert_uint_eq (frame->payloads[i].size, 1160);
  ck_assert (depacketize (*frame) == (Units{sps, pps, sei, idr}));
  ck_assert (frame->keyframe);
  ck_assert (frame->codec == Codec::h264);
}
END_TEST

START_TEST (parameter_sets_are_put_before_key_frames_without)
{
  const auto idr = noise ({0x65}, 100), slice = noise ({0x41}, 100);
  const auto sets = annex_b ({sps, pps});
  ck_assert (depacketize (*packetize (Codec::h264, annex_b ({idr}), true, sets))
             == (Units{sps, pps, idr}));
  ck_assert (
      depacketize (*packetize (Codec::h264, annex_b ({slice}), false, sets)) == Units{slice});
  const auto own = noise ({0x67}, 12);
  ck_assert (depacketize (*packetize (Codec::h264, annex_b ({own, pps, idr}), true, sets))
             == (Units{own, pps, idr}));
  // Only one of both: the other is needed.
  ck_assert (depacketize (*packetize (Codec::h264, annex_b ({own, idr}), true, sets))
             == (Units{sps, pps, own, idr}));

  const Bytes vps5 = {0x40, 1, 9}, sps5 = {0x42, 1, 9}, pps5 = {0x44, 1, 9};
  const auto idr5 = noise ({0x26, 1}, 3000);
  const auto frame = packetize (Codec::h265, annex_b ({idr5}), true, annex_b ({vps5, sps5, pps5}));
  ck_assert (depacketize (*frame) == (Units{vps5, sps5, pps5, idr5}));
  ck_assert_uint_eq (frame->payloads[0].size, 2 + 3 * 5);
}
END_TEST

START_TEST (useless_and_malformed_nal_units_are_left_out)
{
  const auto slice = noise ({0x41}, 50);
  const Units mixed = {{9, 0xf0}, {0x0c, 0xff, 0xff, 0x80}, {0x80 | 0x41, 2, 3}, {0x18, 2, 3},
      {0x1c, 0x85, 3}, {0x40, 5}, slice};
  ck_assert (depacketize (*packetize (Codec::h264, annex_b (mixed))) == Units{slice});
  const auto slice5 = noise ({0x02, 1}, 50);
  const Units mixed5 = {{0x46, 1, 0x50}, {0x4c, 1, 0xff}, {0x82, 1, 9}, {0x02, 0x08, 9},
      {0x60, 1, 9}, {0x62, 1, 9}, {0x7e, 1, 9}, {0x02}, slice5};
  ck_assert (depacketize (*packetize (Codec::h265, annex_b (mixed5))) == Units{slice5});
  for (const Bytes &nothing : {Bytes{}, Bytes{0}, Bytes{0, 0}, Bytes{0, 0, 1}, Bytes{0, 0, 0, 1},
           Bytes{0x65, 2, 3, 4}, Bytes{0, 0, 1, 0, 0, 1, 0, 0, 0, 0}, Bytes{0, 0, 1, 9, 0xf0},
           Bytes (100, 0), Bytes (100, 1)})
    for (const auto codec : {Codec::h264, Codec::h265})
      ck_assert (packetize (codec, nothing) == nullptr);
}
END_TEST

START_TEST (zeros_around_start_codes_are_not_part_of_a_unit)
{
  const Bytes unit = {0, 0, 0, 0, 1, 0x41, 7, 8, 0, 0, 0, 0, 0, 1, 0x41, 0, 5, 1, 9, 0, 0, 0};
  ck_assert (
      depacketize (*packetize (Codec::h264, unit)) == (Units{{0x41, 7, 8}, {0x41, 0, 5, 1, 9}}));
}
END_TEST

START_TEST (vpx_frames_survive_any_size)
{
  const auto codec = _i == 0 ? Codec::vp8 : Codec::vp9;
  for (int round = 0; round < 400; ++round) {
    const auto max_payload = pick (16, 1500);
    const auto frame = noise ({}, pick (1, 9000));
    const auto cut = packetize (codec, frame, round % 30 == 0, {}, max_payload);
    ck_assert (cut != nullptr);
    check_layout (*cut, max_payload);
    ck_assert (depacketize (*cut) == Units{frame});
    for (std::size_t i = 0; i + 1 < cut->payloads.size (); ++i)
      ck_assert_uint_eq (cut->payloads[i].size, max_payload);
  }
  ck_assert (packetize (codec, {}) == nullptr);
}
END_TEST

START_TEST (vp9_picture_ids_count_and_wrap)
{
  const auto packetizer = Packetizer::create (Codec::vp9);
  unsigned previous = 0;
  for (int i = 0; i < 0x8002; ++i) {
    const auto frame = packetizer->packetize (Bytes{1, 2, 3}, false, {});
    const auto payload = payload_of (*frame, 0);
    const unsigned id = (payload[1] & 0x7fu) << 8 | payload[2];
    ck_assert (i == 0 || id == ((previous + 1) & 0x7fff));
    previous = id;
  }
}
END_TEST

START_TEST (av1_obus_survive_any_sizes)
{
  for (int round = 0; round < 600; ++round) {
    const auto max_payload = pick (0, 2) ? pick (16, 300) : pick (16, 9000);
    Units obus (pick (1, 8)), expected;
    for (auto &unit : obus) {
      unit = obu (static_cast<std::uint8_t> (pick (3, 7)),
          pick (0, 2) ? pick (0, 60) : pick (0, 9000), pick (0, 1));
      expected.push_back (without_size (unit));
    }
    obus.insert (obus.begin (), {0x12, 0}); // temporal delimiter
    obus.push_back (obu (15, 20));          // padding
    const auto frame = packetize (Codec::av1, joined (obus), false, {}, max_payload);
    ck_assert (frame != nullptr);
    check_layout (*frame, max_payload);
    const auto out = depacketize (*frame);
    ck_assert_msg (out.has_value (), "round %d: malformed", round);
    ck_assert_msg (*out == expected, "round %d: not what went in", round);
  }
}
END_TEST

START_TEST (av1_fragments_are_full_at_every_packet_size)
{
  const auto unit = obu (6, 40000);
  for (std::size_t max_payload = 16; max_payload < 400; ++max_payload) {
    const auto frame = packetize (Codec::av1, unit, false, {}, max_payload);
    ck_assert (depacketize (*frame) == Units{without_size (unit)});
    for (std::size_t i = 0; i + 1 < frame->payloads.size (); ++i)
      ck_assert_uint_eq (frame->payloads[i].size, max_payload);
  }
}
END_TEST

START_TEST (av1_sequences_are_marked)
{
  const auto sequence = obu (1, 11), picture = obu (6, 2000);
  const auto both = packetize (Codec::av1, joined ({sequence, picture}), true);
  ck_assert_uint_eq (payload_of (*both, 0)[0], 0x08 | 0x40);
  ck_assert_uint_eq (payload_of (*both, 1)[0], 0x80);
  const auto put_before = packetize (Codec::av1, picture, true, sequence);
  ck_assert (put_before->bytes == both->bytes);
  ck_assert (
      packetize (Codec::av1, joined ({sequence, picture}), true, sequence)->bytes == both->bytes);
  ck_assert_uint_eq (payload_of (*packetize (Codec::av1, picture, false, sequence), 0)[0], 0x40);
  // The last OBU needs no size field.
  ck_assert (
      depacketize (*packetize (Codec::av1, Bytes{0x30, 2, 3, 4})) == (Units{{0x30, 2, 3, 4}}));
}
END_TEST

START_TEST (malformed_av1_is_dropped)
{
  for (const Bytes &bad :
      {Bytes{}, Bytes{0x12, 0}, Bytes{0xb2, 1, 5}, Bytes{0x32, 5, 1, 2}, Bytes{0x32}, Bytes{0x36},
          Bytes{0x32, 0x80}, Bytes{0x32, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0},
          Bytes{0x32, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
          Bytes{0x32, 1, 9, 0x32, 9, 9}}) {
    ck_assert (packetize (Codec::av1, bad) == nullptr);
    ck_assert (packetize (Codec::av1, bad, true, Bytes{0x0a, 1, 1}) == nullptr);
  }
  ck_assert (packetize (Codec::av1, Bytes{0x32, 1, 1}, true, Bytes{0x0a, 9}) == nullptr);
}
END_TEST

START_TEST (opus_goes_as_it_is)
{
  const auto packet = noise ({0xfc}, 160);
  const auto frame = packetize (Codec::opus, packet);
  ck_assert_uint_eq (frame->payloads.size (), 1);
  ck_assert (frame->bytes == packet);
  ck_assert (packetize (Codec::opus, {}) == nullptr);
  ck_assert (packetize (Codec::opus, Bytes (1160, 1)) != nullptr);
  ck_assert (packetize (Codec::opus, Bytes (1161, 1)) == nullptr);
}
END_TEST

START_TEST (large_input_is_bounded)
{
  const auto megabytes = noise ({0, 0, 1, 0x65}, 8 * 1024 * 1024);
  const auto frame = packetize (Codec::h264, megabytes, true);
  ck_assert (frame != nullptr);
  check_layout (*frame, 1160);
  ck_assert_uint_le (frame->bytes.capacity (), megabytes.size () + megabytes.size () / 200);
  const Bytes huge (16 * 1024 * 1024 + 1, 0x32);
  for (const auto codec :
      {Codec::h264, Codec::h265, Codec::vp8, Codec::vp9, Codec::av1, Codec::opus})
    ck_assert (packetize (codec, huge) == nullptr);
  Bytes splinters; // a million NAL units
  for (int i = 0; i < 1000000; ++i)
    splinters.insert (splinters.end (), {0, 0, 1, 0x41});
  ck_assert (packetize (Codec::h264, splinters) == nullptr);
  ck_assert (packetize (Codec::av1, Bytes (1000000, 0)) == nullptr);
}
END_TEST

START_TEST (any_bytes_are_survived)
{
  for (const auto codec : {Codec::h264, Codec::h265, Codec::vp8, Codec::vp9, Codec::av1})
    for (int round = 0; round < 500; ++round) {
      Bytes unit (pick (0, 300));
      for (auto &byte : unit)
        byte = static_cast<std::uint8_t> (pick (0, 3) ? pick (0, 3) : pick (0, 255));
      const auto max_payload = pick (0, 100);
      if (const auto frame = packetize (codec, unit, pick (0, 1), unit, max_payload)) {
        check_layout (*frame, std::max<std::size_t> (max_payload, 16));
        ck_assert (depacketize (*frame).has_value ());
      }
    }
}
END_TEST

int
main ()
{
  Suite *suite = suite_create ("packetizer");
  TCase *tcase = tcase_create ("packetizer");
  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, nal_units_survive_any_sizes, 0, 2);
  tcase_add_loop_test (tcase, vpx_frames_survive_any_size, 0, 2);
  for (const auto *test : {parameter_sets_and_small_units_share_a_packet,
           parameter_sets_are_put_before_key_frames_without,
           useless_and_malformed_nal_units_are_left_out,
           zeros_around_start_codes_are_not_part_of_a_unit, vp9_picture_ids_count_and_wrap,
           av1_obus_survive_any_sizes, av1_fragments_are_full_at_every_packet_size,
           av1_sequences_are_marked, malformed_av1_is_dropped, opus_goes_as_it_is,
           large_input_is_bounded, any_bytes_are_survived})
    tcase_add_test (tcase, test);
  SRunner *runner = srunner_create (suite);
  srunner_run_all (runner, CK_NORMAL);
  const int failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
