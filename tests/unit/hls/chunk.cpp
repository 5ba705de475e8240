// SPDX-License-Identifier: LGPL-2.1-or-later
// Chunks: their layout byte by byte, what is said once and what per sample, and what is refused.
#include "libs/hls/cmaf.hpp"

#include "tests/unit/allocations.hpp"
#include "tests/unit/hls/boxes.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::hls;
using namespace stagedoor::test;

namespace {

const Track video{.codec = Codec::h264, .timescale = 90000};
const Bytes some{1, 2, 3}, more{4, 5, 6, 7, 8}, last{9};

Bytes
write (const ChunkHead &head, const std::vector<Sample> &samples, const Track &track = video)
{
  const auto out = chunk (track, head, samples);
  ck_assert_msg (out.has_value (), "%s", out ? "" : out.error ().c_str ());
  return *out;
}

std::string
refusal (const ChunkHead &head, const std::vector<Sample> &samples, const Track &track = video)
{
  const auto out = chunk (track, head, samples);
  ck_assert (!out);
  return out.error ();
}

Bytes
trun_of (const std::vector<Sample> &samples)
{
  return *find_box (write ({1, 1, false, {}}, samples), {"moof", "traf", "trun"});
}

Bytes
tfhd_of (const std::vector<Sample> &samples)
{
  return *find_box (write ({1, 0, false, {}}, samples), {"moof", "traf", "tfhd"});
}

} // namespace

START_TEST (layout)
{
  const auto out = write ({7, 90000, false, {}}, {{some, 3000, 0, true}, {more, 3000, 0, false}});
  ck_assert (out
             == spaced_hex ("0000006c 6d6f6f66 00000010 6d666864 00000000 00000007"
                            "00000054 74726166"
                            "00000018 74666864 00020028 00000001 00000bb8 01010000"
                            "00000014 74666474 01000000 0000000000015f90"
                            "00000020 7472756e 01000205 00000002 00000074 02000000"
                            "00000003 00000005"
                            "00000010 6d646174 010203 0405060708"));
}
END_TEST

START_TEST (layout_with_all)
{
  const auto out = write (
      {UINT32_MAX, 0x123456789abcdef0, true, WallClock{0xe8d4a51000000001, 0x123456789abcdef1}},
      {{some, 1000, 500, true}, {more, 2000, -500, true}, {last, 0, 0, false}});
  ck_assert (
      out
      == spaced_hex ("00000020 73747970 6d736468 00000000 6d736468 69736f36 636d6663 636d6673"
                     "00000020 70726674 01000018 00000001 e8d4a51000000001 123456789abcdef1"
                     "00000088 6d6f6f66 00000010 6d666864 00000000 ffffffff"
                     "00000070 74726166"
                     "00000010 74666864 00020000 00000001"
                     "00000014 74666474 01000000 123456789abcdef0"
                     "00000044 7472756e 01000f01 00000003 00000090"
                     "000003e8 00000003 02000000 000001f4"
                     "000007d0 00000005 02000000 fffffe0c"
                     "00000000 00000001 01010000 00000000"
                     "00000011 6d646174 010203 0405060708 09"));
}
END_TEST

/** Flags of trun: 4 the first sample's, 0x100 durations, 0x200 sizes, 0x400 flags, 0x800
 * compositions. */
START_TEST (what_is_said_once)
{
  const auto flags = [] (const std::vector<Sample> &samples) {
    return Reader (trun_of (samples)).u32 () & 0xffffff;
  };
  const Sample key{some, 1, 0, true}, other{some, 1, 0, false}, longer{some, 2, 0, false},
      moved{some, 1, -1, false};
  ck_assert_uint_eq (flags ({key}), 0x201);
  ck_assert_uint_eq (flags ({other}), 0x201);
  ck_assert_uint_eq (flags ({key, key}), 0x201);
  ck_assert_uint_eq (flags ({other, other, other}), 0x201);
  ck_assert_uint_eq (flags ({key, other, other}), 0x205);
  ck_assert_uint_eq (flags ({other, key}), 0x601);
  ck_assert_uint_eq (flags ({key, other, key}), 0x601);
  ck_assert_uint_eq (flags ({key, key, other}), 0x601);
  ck_assert_uint_eq (flags ({key, other, longer}), 0x305);
  ck_assert_uint_eq (flags ({moved}), 0xa01);
  ck_assert_uint_eq (flags ({other, longer, key, moved}), 0xf01);
  ck_assert (tfhd_of ({key, key}) == spaced_hex ("00020028000000010000000102000000"));
  ck_assert (tfhd_of ({other}) == spaced_hex ("00020028000000010000000101010000"));
  ck_assert (tfhd_of ({other, key}) == spaced_hex ("000200080000000100000001"));
  ck_assert (tfhd_of ({other, longer}) == spaced_hex ("000200200000000101010000"));
  ck_assert (tfhd_of ({key, longer, key}) == spaced_hex ("0002000000000001"));
}
END_TEST

START_TEST (compositions_are_signed)
{
  const auto trun = *find_box (
      write ({1, 1u << 31, false, {}}, {{some, 1, INT32_MIN, true}, {some, 1, INT32_MAX, true}}),
      {"moof", "traf", "trun"});
  ck_assert (trun
             == spaced_hex ("01000a01 00000002 00000078"
                            "00000003 80000000 00000003 7fffffff"));
}
END_TEST

START_TEST (the_offset_points_to_the_data)
{
  for (const std::size_t count : {1u, 2u, 7u, 255u, 1000u})
    for (const bool begins : {false, true})
      for (const bool timed : {false, true}) {
        std::vector<Sample> samples;
        for (std::size_t i = 0; i < count; ++i)
          samples.push_back ({i % 2 == 0 ? some : more, static_cast<std::uint32_t> (i), 1, i == 0});
        const auto out =
            write ({1, 0, begins, timed ? std::optional (WallClock{1, 2}) : std::nullopt}, samples);
        const auto trun = *find_box (out, {"moof", "traf", "trun"});
        const std::size_t before = (begins ? 32 : 0) + (timed ? 32 : 0);
        const auto data = before + Reader (ByteView (trun).subspan (8)).u32 ();
        Bytes expected;
        for (const auto &sample : samples)
          expected.insert (expected.end (), sample.data.begin (), sample.data.end ());
        ck_assert (text (ByteView (out).subspan (data - 4, 4)) == "mdat");
        ck_assert (
            Bytes (out.begin () + static_cast<std::ptrdiff_t> (data), out.end ()) == expected);
      }
}
END_TEST

/** "AV1 Codec ISO Media File Format Binding" section 2.4. */
START_TEST (av1_without_delimiters)
{
  const Track av1{.codec = Codec::av1, .timescale = 90000};
  const Bytes with{0x12, 0, 0x32, 1, 7}, without{0x32, 2, 0x12, 0};
  const auto out = write ({1, 0, false, {}}, {{with, 1}, {without, 1}}, av1);
  ck_assert (find_box (out, {"mdat"}) == (Bytes{0x32, 1, 7, 0x32, 2, 0x12, 0}));
  const auto trun = *find_box (out, {"moof", "traf", "trun"});
  ck_assert (trun == spaced_hex ("01000201 00000002 00000070 00000003 00000004"));
  assert_text (
      refusal ({1, 0, false, {}}, {{ByteView (with).first (2), 1}}, av1), "a sample is empty");
  ck_assert (find_box (write ({1, 0, false, {}}, {{with, 1}}), {"mdat"}) == with); // not AV1
}
END_TEST

START_TEST (one_allocation)
{
  const Bytes frame (100'000, 7);
  std::vector<Sample> samples;
  for (std::uint32_t i = 0; i < 500; ++i)
    samples.push_back ({frame, i, -static_cast<std::int32_t> (i % 2), i % 3 == 0});
  const auto before = allocations;
  const auto out = chunk (video, {1, 1, true, WallClock{1, 1}}, samples);
  ck_assert_uint_eq (allocations - before, 1);
  ck_assert (out->size () > frame.size () * samples.size ());
}
END_TEST

START_TEST (refused)
{
  const ChunkHead head{1, 0, false, {}};
  assert_text (refusal (head, {}), "a chunk has 1 to 65536 samples");
  assert_text (refusal (head, std::vector<Sample> (max_samples + 1, Sample{some, 1})),
      "a chunk has 1 to 65536 samples");
  ck_assert (chunk (video, head, std::vector<Sample> (max_samples, Sample{last, 1})));
  assert_text (refusal (head, {{some, 1}, {{}, 1}}), "a sample is empty");
  assert_text (refusal (head, {{some, 1, -1}}), "a sample is shown before time 0");
  assert_text (refusal (head, {{some, 5}, {some, 5, -6}}), "a sample is shown before time 0");
  ck_assert (chunk (video, head, std::vector{Sample{some, 5}, Sample{some, 5, -5}}));
}
END_TEST

START_TEST (too_large)
{
  const Bytes large (1 << 24);
  const ChunkHead head{1, 0, false, {}};
  std::vector<Sample> samples (256, Sample{large, 1});
  assert_text (refusal (head, samples), "a chunk is smaller than 4 GiB");
  samples.back ().data = ByteView (large).first (large.size () - 8); // one byte is too much
  assert_text (refusal (head, samples), "a chunk is smaller than 4 GiB");
}
END_TEST

START_TEST (too_late)
{
  constexpr std::uint64_t most = INT64_MAX - std::uint64_t (UINT32_MAX);
  ck_assert (chunk (video, {1, most, false, {}}, std::vector{Sample{some, UINT32_MAX, INT32_MAX}}));
  for (const auto time : {most + 1, std::uint64_t (INT64_MAX), UINT64_MAX})
    assert_text (refusal ({1, time, false, {}}, {{some, 1}}), "the time has more than 63 bits");
  assert_text (
      refusal ({1, most, false, {}}, {{some, 1}, {some, 1}}), "the time has more than 63 bits");
}
END_TEST

START_TEST (ticks_do_not_drift)
{
  ck_assert_uint_eq (ticks (0, 90000), 0);
  ck_assert_uint_eq (ticks (1'000'000'000, 90000), 90000);
  ck_assert_uint_eq (ticks (33'366'667, 90000), 3003);
  ck_assert_uint_eq (ticks (11'111, 90000), 1);
  ck_assert_uint_eq (ticks (5'555, 90000), 0);
  ck_assert_uint_eq (ticks (999'999'999, UINT32_MAX), 4294967291);
  std::uint64_t sum = 0; // 29.97 frames per second for 10 hours, in nanoseconds that were rounded
  for (std::uint64_t i = 0; i < 1'078'921; ++i)
    sum += ticks ((i + 1) * 1'001'000'000 / 30, 90000) - ticks (i * 1'001'000'000 / 30, 90000);
  ck_assert_uint_eq (sum, 1'078'921ull * 3003);
}
END_TEST

int
main ()
{
  return run ("chunk", {layout, layout_with_all, what_is_said_once, compositions_are_signed,
                           the_offset_points_to_the_data, av1_without_delimiters, one_allocation,
                           refused, too_large, too_late, ticks_do_not_drift});
}
