// SPDX-License-Identifier: LGPL-2.1-or-later
// What is cut of renditions that a machine can't keep up with, in which order, and given back when.
#include "gst-plugins/transcode/headroom.hpp"

#include "tests/unit/suite.hpp"

using namespace stagedoor::test;
using namespace stagedoor::transcode;

namespace {

constexpr std::uint64_t second = 1'000'000'000;

RenditionSpec
spec_of (int height)
{
  return {"h264", height * 16 / 9, height, {}, 1'000'000};
}

/** An encoder of 30 frames per second. */
struct Encoder
{
  RenditionSpec wanted;
  std::uint64_t lost, busy;
};

struct Machine
{
  Headroom headroom;

  Cut cut (int height) const { return headroom.cut (spec_of (height)); }
  /** One second. */
  bool look (std::vector<Encoder> encoders, bool decoder_late = false)
  {
    std::vector<Work> works;
    for (auto &[wanted, lost, busy] : encoders) {
      wanted.cut = headroom.cut (wanted);
      if (wanted.cut != Cut::left_out)
        works.push_back ({wanted, 30 - lost, lost, busy});
    }
    return headroom.look (works, second, decoder_late);
  }
  /** How many looks until one changes something; 1000: never. */
  int looks (const std::vector<Encoder> &encoders, bool decoder_late = false)
  {
    for (int n = 1; n < 1000; ++n)
      if (look (encoders, decoder_late))
        return n;
    return 1000;
  }
};

Encoder
fine (int height)
{
  return {spec_of (height), 0, second / 5};
}

Encoder
late (int height)
{
  return {spec_of (height), 10, second};
}

START_TEST (nothing_is_cut_of_who_keeps_up)
{
  Machine m;
  ck_assert_int_eq (m.looks ({fine (720), {spec_of (480), 0, second * 95 / 100}}), 1000);
  // A burst after a pause of the network, or of a publisher that is ahead of its time.
  ck_assert_int_eq (m.looks ({{spec_of (720), 20, second / 2}}), 1000);
  ck_assert_int_eq (m.looks ({{spec_of (720), 1, second}}), 1000);
}
END_TEST

START_TEST (one_bad_second_is_forgiven)
{
  Machine m;
  for (int n = 0; n < 20; ++n) {
    ck_assert (!m.look ({late (720)}));
    ck_assert (!m.look ({fine (720)}));
  }
}
END_TEST

START_TEST (step_by_step)
{
  Machine m;
  for (const auto expected : {Cut::faster, Cut::fastest, Cut::half_rate, Cut::left_out}) {
    ck_assert_int_eq (m.looks ({late (720), fine (480)}), 2);
    ck_assert (m.cut (720) == expected);
    ck_assert (m.cut (480) == Cut::none);
  }
}
END_TEST

START_TEST (one_that_stands_still)
{
  Machine m;
  ck_assert_int_eq (m.looks ({{spec_of (720), 30, 0}}), 2); // it began on a frame and isn't through
}
END_TEST

START_TEST (presets_of_all_then_pictures_the_largest_first)
{
  Machine m;
  const std::vector all{late (360), late (720), late (480)};
  ck_assert_int_eq (m.looks (all), 2);
  for (const auto before : {Cut::none, Cut::faster, Cut::fastest, Cut::half_rate}) {
    const auto after = static_cast<Cut> (static_cast<int> (before) + 1);
    ck_assert (m.cut (720) == after && m.cut (480) == before && m.cut (360) == before);
    m.looks (all);
    ck_assert (m.cut (720) == after && m.cut (480) == after && m.cut (360) == before);
    m.looks (all);
    ck_assert (m.cut (720) == after && m.cut (480) == after && m.cut (360) == after);
    m.looks (all);
  }
}
END_TEST

START_TEST (who_keeps_up_is_left_alone)
{
  Machine m;
  for (int n = 0; n < 4; ++n)
    m.looks ({fine (1080), late (480), fine (360)});
  ck_assert (m.cut (1080) == Cut::none);
  ck_assert (m.cut (480) == Cut::left_out);
  ck_assert (m.cut (360) == Cut::none);
}
END_TEST

START_TEST (a_late_decoder_costs_the_largest)
{
  Machine m;
  ck_assert_int_eq (m.looks ({fine (360), fine (720), fine (480)}, true), 2);
  ck_assert (m.cut (720) == Cut::faster);
  ck_assert (m.cut (480) == Cut::none);
  m.looks ({fine (360), fine (720), fine (480)}, true);
  ck_assert (m.cut (480) == Cut::faster);
  for (int n = 0; n < 10; ++n)
    m.looks ({fine (360), fine (720), fine (480)}, true);
  ck_assert (m.cut (360) == Cut::left_out);
  Machine none;
  ck_assert_int_eq (none.looks ({}, true), 1000);
}
END_TEST

START_TEST (given_back_what_was_cut_most_first)
{
  Machine m;
  for (int n = 0; n < 4; ++n)
    m.looks ({late (720), fine (480)});
  m.looks ({late (480)});
  const std::vector calm{fine (720), fine (480)};
  ck_assert_int_eq (m.looks (calm), Headroom::first_patience);
  for (const auto expected : {Cut::half_rate, Cut::fastest, Cut::faster}) {
    ck_assert (m.cut (720) == expected);
    ck_assert (m.cut (480) == Cut::faster);
    ck_assert (m.looks (calm) <= Headroom::first_patience);
  }
  ck_assert (m.cut (720) == Cut::faster); // the smaller one first
  ck_assert (m.cut (480) == Cut::none);
  ck_assert (m.looks (calm) <= Headroom::first_patience);
  ck_assert (m.cut (720) == Cut::none);
  ck_assert_int_eq (m.looks (calm), 1000);
}
END_TEST

START_TEST (nothing_is_given_back_without_room)
{
  Machine m;
  m.looks ({late (720)});
  // It keeps up as it is, but would not with half as much again; a try is made after a minute.
  ck_assert_int_eq (m.looks ({{spec_of (720), 0, second * 6 / 10}}), 12 * Headroom::first_patience);
  Machine other;
  other.looks ({late (720), fine (480)});
  for (int n = 0; n < 100; ++n) { // while it loses a frame now and then
    ck_assert (!other.look ({fine (720), fine (480)}));
    ck_assert (!other.look ({{spec_of (720), 1, second / 5}, fine (480)}));
  }
}
END_TEST

START_TEST (who_falls_back_waits_longer)
{
  Machine m;
  m.looks ({late (720)});
  int patience = Headroom::first_patience;
  for (int n = 0; n < 10; ++n) {
    ck_assert_int_eq (m.looks ({fine (720)}), patience);
    ck_assert (m.cut (720) == Cut::none);
    m.looks ({late (720)});
    ck_assert (m.cut (720) == Cut::faster);
    patience = std::min (2 * patience, Headroom::most_patience);
  }
  m.looks ({fine (720)});
  for (int n = 0; n < 100; ++n) // well for long
    m.look ({fine (720)});
  m.looks ({late (720)});
  ck_assert_int_eq (m.looks ({fine (720)}), Headroom::first_patience);
}
END_TEST

START_TEST (what_nobody_wants_is_forgotten)
{
  Machine m;
  m.looks ({late (720), fine (480)});
  m.headroom.keep ([] (const RenditionSpec &spec) { return spec.height == 480; });
  ck_assert (m.cut (720) == Cut::none);
}
END_TEST

START_TEST (said_to_people)
{
  ck_assert (remark_on (Cut::none).empty ());
  ck_assert (remark_on (Cut::faster) == remark_on (Cut::fastest));
  ck_assert (remark_on (Cut::half_rate).find ("half of the pictures") != std::string::npos);
  ck_assert (!remark_on (Cut::left_out).empty ());
}
END_TEST

} // namespace

int
main ()
{
  return run ("transcode-headroom",
      {nothing_is_cut_of_who_keeps_up, one_bad_second_is_forgiven, step_by_step,
          one_that_stands_still, presets_of_all_then_pictures_the_largest_first,
          who_keeps_up_is_left_alone, a_late_decoder_costs_the_largest,
          given_back_what_was_cut_most_first, nothing_is_given_back_without_room,
          who_falls_back_waits_longer, what_nobody_wants_is_forgotten, said_to_people});
}
