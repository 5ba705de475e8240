// SPDX-License-Identifier: LGPL-2.1-or-later
// B-frames, noticed from times and from what the encoder says.
#include "libs/media/reorder.hpp"

#include <vector>

#include "tests/unit/suite.hpp"

using namespace stagedoor::test;
using stagedoor::media::DecodingTimes;
using stagedoor::media::ReorderWatch;

namespace {

constexpr std::int64_t ms = 1'000'000, frame = 33 * ms;

/** A group of pictures: shown in the order of @p order, @p offset after decoding. */
bool
play (ReorderWatch &watch, std::int64_t start, const std::vector<int> &order, std::int64_t offset)
{
  bool out = false;
  for (std::size_t i = 0; i < order.size (); ++i) {
    const auto decoding = start + static_cast<std::int64_t> (i) * frame;
    out = watch.on_frame (start + order[i] * frame + offset, i == 0, decoding);
  }
  return out;
}

const std::vector<int> plain{0, 1, 2, 3}, reordered{0, 3, 1, 2};

START_TEST (plain_streams_have_none)
{
  ReorderWatch watch;
  for (int group = 0; group < 5; ++group)
    ck_assert (!play (watch, group * 4 * frame, plain, 0));
  ck_assert_int_eq (watch.offset (), 0);
  // Publishers round to milliseconds.
  ck_assert (!watch.on_frame (1000 * ms, true));
  ck_assert (!watch.on_frame (999 * ms, false));
}
END_TEST

START_TEST (out_of_order)
{
  ReorderWatch watch;
  ck_assert (!watch.on_frame (0, true));
  ck_assert (!watch.on_frame (3 * frame, false));
  ck_assert (watch.on_frame (frame, false));
  ck_assert (watch.is_reordered ());
}
END_TEST

START_TEST (room_for_them_counts_from_the_first_frame)
{
  ReorderWatch watch;
  ck_assert (watch.on_frame (2 * frame, true, 0));
  ck_assert_int_eq (watch.offset (), 2 * frame);
}
END_TEST

START_TEST (room_that_is_not_used_is_given_up)
{
  ReorderWatch watch;
  bool last = true;
  int groups = 0;
  for (; last && groups < 10; ++groups)
    last = play (watch, groups * 4 * frame, plain, 2 * frame);
  ck_assert_int_eq (groups, 4);
  for (; groups < 10; ++groups)
    ck_assert (!play (watch, groups * 4 * frame, plain, 2 * frame));
  ck_assert (play (watch, groups * 4 * frame, reordered, 2 * frame));
}
END_TEST

START_TEST (the_encoder_says_so)
{
  ReorderWatch watch;
  watch.declare (0);
  ck_assert (!watch.on_frame (2 * frame, true, 0)); // a constant delay
  ck_assert (!watch.on_frame (3 * frame, false, frame));
  ck_assert (!watch.on_frame (5 * frame, false, 2 * frame));
  ck_assert (watch.on_frame (4 * frame, false, 3 * frame)); // it lied
  watch.declare (2);
  ck_assert (watch.is_reordered ());
  watch.declare (std::nullopt);
  ck_assert (!watch.is_reordered ());
}
END_TEST

START_TEST (over_after_two_groups_without)
{
  ReorderWatch watch;
  ck_assert (play (watch, 0, reordered, 0));
  ck_assert (play (watch, 4 * frame, plain, 0));
  ck_assert (play (watch, 8 * frame, plain, 0));
  ck_assert (!play (watch, 12 * frame, plain, 0));
  ck_assert (play (watch, 16 * frame, reordered, 0));
}
END_TEST

START_TEST (times_of_decoding)
{
  DecodingTimes times;
  std::int64_t last = 0;
  for (int group = 0; group < 10; ++group)
    for (const int place : {0, 3, 1, 2, 6, 4, 5}) {
      const auto shown = (group * 7 + place + 10) * frame, decoded = times.of (shown);
      ck_assert_int_ge (decoded, last);
      if (group > 0) {
        ck_assert_int_le (decoded, shown);
        ck_assert_int_le (shown - decoded, 4 * frame);
      }
      last = decoded;
    }
  DecodingTimes plain;
  for (int i = 0; i < 10; ++i)
    ck_assert_int_eq (plain.of (i * frame), i * frame);
}
END_TEST

} // namespace

int
main ()
{
  return run ("media-reorder",
      {times_of_decoding, plain_streams_have_none, out_of_order,
          room_for_them_counts_from_the_first_frame, room_that_is_not_used_is_given_up,
          the_encoder_says_so, over_after_two_groups_without});
}
