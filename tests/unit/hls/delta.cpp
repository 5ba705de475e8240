// SPDX-License-Identifier: LGPL-2.1-or-later
// Delta updates and the dates in playlists.
#include "tests/unit/hls/lists.hpp"

using namespace stagedoor::hls;
using namespace stagedoor::hls::test;

START_TEST (nothing_old_nothing_skipped)
{
  auto list = make_list ();
  for (int i = 0; i < 6; ++i)
    add_segment (list);
  assert_text (text_of (list, Form::low_latency, Skip::segments), text_of (list));
  assert_text (text_of (list, Form::low_latency, Skip::segments_and_dates), text_of (list));
}
END_TEST

/** What a client makes of it: the lines before the skipped segments, those, and the rest. */
START_TEST (a_delta_completes_to_the_whole)
{
  auto list = make_list ();
  for (int i = 0; i < 15; ++i) {
    if (i == 4) {
      list.discontinuity ();
      list.map (7);
    }
    add_segment (list);
  }
  list.add_part ({.duration = 200ms});
  const auto whole = text_of (list);
  auto delta = text_of (list, Form::low_latency, Skip::segments);
  const std::string skip = "#EXT-X-SKIP:SKIPPED-SEGMENTS=9\n";
  ck_assert_msg (has (delta, "#EXT-X-VERSION:9\n") && has (delta, skip), "%s", delta.c_str ());
  const auto first = whole.find ("#EXT-X-MAP");
  const auto tenth = whole.find ("v-8.m4s\n") + 8;
  delta.replace (delta.find (skip), skip.size (), whole.substr (first, tenth - first));
  delta.replace (delta.find ("VERSION:9"), 9, "VERSION:6");
  assert_text (delta, whole);
  ck_assert_uint_lt (
      text_of (list, Form::low_latency, Skip::segments).size (), whole.size () - 600);
}
END_TEST

START_TEST (a_change_of_map_behind_the_boundary_is_said)
{
  auto list = make_list ();
  for (int i = 0; i < 15; ++i) {
    if (i == 9)
      list.map (7);
    add_segment (list);
  }
  const auto delta = text_of (list, Form::low_latency, Skip::segments);
  ck_assert_msg (
      has (delta, "SKIPPED-SEGMENTS=9\n#EXT-X-MAP:URI=\"v-init-7.mp4\""), "%s", delta.c_str ());
}
END_TEST

START_TEST (an_ended_list_is_never_skipped)
{
  auto list = make_list ();
  for (int i = 0; i < 15; ++i)
    add_segment (list);
  list.end ();
  assert_text (text_of (list, Form::low_latency, Skip::segments), text_of (list));
}
END_TEST

START_TEST (a_title_is_a_date_range)
{
  auto list = make_list ();
  list.title (5, start + 100ms, "Intro: \"one\"\n#EXT-X-ENDLIST");
  ck_assert (!has (text_of (list), "#EXT-X-DATERANGE")); // there is no date yet
  list.add_part ({.duration = 200ms});
  ck_assert (!has (text_of (list, Form::plain), "#EXT-X-DATERANGE"));
  const auto text = text_of (list);
  ck_assert_msg (has (text, "#EXT-X-DATERANGE:ID=\"title-5\",CLASS=\"stagedoor.title\","
                            "START-DATE=\"2026-01-02T03:04:05.778Z\",END-ON-NEXT=YES,"
                            "X-TITLE=\"Intro: 'one' #EXT-X-ENDLIST\"\n"),
      "%s", text.c_str ());
  ck_assert_uint_eq (count (text, "\n#EXT-X-ENDLIST"), 0);
  list.finish_segment ();
  ck_assert (has (text_of (list, Form::plain), "#EXT-X-DATERANGE"));
  list.title (6, start, "");
  ck_assert (has (text_of (list), "ID=\"title-6\",CLASS=\"stagedoor.title\","
                                  "START-DATE=\"2026-01-02T03:04:05.779Z\",END-ON-NEXT=YES\n"));
}
END_TEST

START_TEST (titles_leave_with_what_they_were_for)
{
  auto list = make_list ();
  list.title (1, start, "one");
  list.title (2, start + 5s, "two");
  list.title (3, start + 40s, "three");
  for (int i = 0; i < 17; ++i)
    add_segment (list); // the first is now at start + 4 s
  ck_assert_uint_eq (count (text_of (list), "DATERANGE:"), 3);
  add_segment (list);
  auto text = text_of (list);
  ck_assert (!has (text, "title-1\"") && has (text, "title-2\"") && has (text, "title-3\""));
  const auto delta = text_of (list, Form::low_latency, Skip::segments_and_dates);
  ck_assert_msg (has (delta, ",RECENTLY-REMOVED-DATERANGES=\"title-1\"\n")
                     && has (delta, "VERSION:10\n") && !has (delta, "DATERANGE:"),
      "%s", delta.c_str ());
  ck_assert_uint_eq (count (text_of (list, Form::low_latency, Skip::segments), "DATERANGE:"), 2);
  for (int i = 0; i < 7; ++i)
    add_segment (list);
  ck_assert (has (text_of (list, Form::low_latency, Skip::segments_and_dates), "DATERANGES=\"\""));
  list.title (4, start + 50s, "new");
  ck_assert (has (text_of (list, Form::low_latency, Skip::segments_and_dates), "ID=\"title-4\""));
  for (int i = 0; i < 40; ++i)
    add_segment (list);
  ck_assert_uint_eq (count (text_of (list), "DATERANGE:"), 1); // the last one goes on
}
END_TEST

START_TEST (there_are_only_so_many_titles)
{
  auto list = make_list ();
  for (unsigned i = 0; i < 1000; ++i)
    list.title (i, start + std::chrono::milliseconds (i), std::string (10'000, 'x'));
  list.add_part ({.duration = 200ms});
  ck_assert_uint_eq (count (text_of (list), "DATERANGE:"), Playlist::most_titles);
  ck_assert_uint_lt (text_of (list).size (), Playlist::most_titles * 400);
}
END_TEST

int
main ()
{
  return stagedoor::test::run (
      "delta", {nothing_old_nothing_skipped, a_delta_completes_to_the_whole,
                   a_change_of_map_behind_the_boundary_is_said, an_ended_list_is_never_skipped,
                   a_title_is_a_date_range, titles_leave_with_what_they_were_for,
                   there_are_only_so_many_titles});
}
