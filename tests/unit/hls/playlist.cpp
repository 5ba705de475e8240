// SPDX-License-Identifier: LGPL-2.1-or-later
// Media playlists: their exact text, what enters them and what leaves.
#include "tests/unit/hls/lists.hpp"

using namespace stagedoor::hls;
using namespace stagedoor::hls::test;

START_TEST (first_part_makes_a_playlist)
{
  auto list = make_list ();
  ck_assert (!list.edge ());
  list.add_part ({.duration = 200ms, .independent = true});
  const Report audio{.uri = "a.m3u8", .edge = {.msn = 3, .part = 1}};
  const auto text = list.render (Form::low_latency, Skip::none, {&audio, 1});
  assert_text (text.body,
      "#EXTM3U\n"
      "#EXT-X-VERSION:6\n"
      "#EXT-X-TARGETDURATION:2\n"
      "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.6,HOLD-BACK=6.0,"
      "CAN-SKIP-UNTIL=12.0,CAN-SKIP-DATERANGES=YES\n"
      "#EXT-X-PART-INF:PART-TARGET=0.2\n"
      "#EXT-X-MEDIA-SEQUENCE:0\n"
      "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
      "#EXT-X-MAP:URI=\"v-init-0.mp4\"\n"
      "#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.678Z\n"
      "#EXT-X-PART:DURATION=0.2,URI=\"v-0.0.m4s\",INDEPENDENT=YES\n"
      "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"v-0.1.m4s\"\n"
      "#EXT-X-RENDITION-REPORT:URI=\"a.m3u8\",LAST-MSN=3,LAST-PART=1\n");
  const auto personal = text.with_query ("key=a&b");
  for (const char *uri : {"\"v-init-0.mp4?key=a&b\"", "\"v-0.0.m4s?key=a&b\"",
           "\"v-0.1.m4s?key=a&b\"", "\"a.m3u8?key=a&b\""})
    ck_assert_msg (has (personal, uri), "%s", personal.c_str ());
  ck_assert_uint_eq (count (personal, "?"), 4);
  assert_text (text.with_query (""), text.body);
}
END_TEST

START_TEST (a_segment_follows_its_parts)
{
  auto list = make_list ();
  add_segment (list, 2);
  list.add_part ({.duration = 199'999'600ns});
  const auto text = text_of (list);
  ck_assert_msg (has (text, "#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.678Z\n"
                            "#EXT-X-PART:DURATION=0.2,URI=\"v-0.0.m4s\",INDEPENDENT=YES\n"
                            "#EXT-X-PART:DURATION=0.2,URI=\"v-0.1.m4s\"\n"
                            "#EXTINF:0.4,\n"
                            "v-0.m4s\n"
                            "#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:06.078Z\n"
                            "#EXT-X-PART:DURATION=0.2,URI=\"v-1.0.m4s\"\n"
                            "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"v-1.1.m4s\"\n"),
      "%s", text.c_str ());
}
END_TEST

START_TEST (plain_form_has_finished_segments_only)
{
  auto list = make_list ();
  list.add_part ({.duration = 200ms});
  ck_assert (!has (text_of (list, Form::plain), "m4s"));
  list.finish_segment ();
  list.add_part ({.duration = 200ms});
  const Report audio{.uri = "a.m3u8", .edge = {}};
  assert_text (list.render (Form::plain, Skip::segments, {&audio, 1}).body,
      "#EXTM3U\n"
      "#EXT-X-VERSION:6\n"
      "#EXT-X-TARGETDURATION:2\n"
      "#EXT-X-MEDIA-SEQUENCE:0\n"
      "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
      "#EXT-X-MAP:URI=\"v-init-0.mp4\"\n"
      "#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.678Z\n"
      "#EXTINF:0.2,\n"
      "v-0.m4s\n");
}
END_TEST

START_TEST (parts_sum_up_to_their_segment)
{
  auto list = make_list ();
  for (int i = 0; i < 3; ++i)
    list.add_part ({.duration = 66'666'666ns});
  list.finish_segment ();
  const auto text = text_of (list);
  ck_assert_msg (has (text, "EXTINF:0.2,"), "%s", text.c_str ());
  ck_assert_uint_eq (count (text, "DURATION=0.066667"), 2);
  ck_assert_uint_eq (count (text, "DURATION=0.066666"), 1);
}
END_TEST

START_TEST (window_keeps_its_segments)
{
  auto list = make_list (5);
  for (int i = 0; i < 9; ++i)
    add_segment (list);
  const auto text = text_of (list);
  ck_assert_uint_eq (count (text, "#EXTINF"), 5);
  ck_assert (has (text, "#EXT-X-MEDIA-SEQUENCE:4\n"));
  ck_assert_uint_eq (list.first_msn (), 4);
  ck_assert (!has (text, "v-3.") && has (text, "v-4.m4s"));
  // Parts of the last three targets: three segments.
  ck_assert_uint_eq (count (text, "#EXT-X-PART:"), 30);
  ck_assert (!has (text, "v-5.0.m4s") && has (text, "v-6.0.m4s"));
}
END_TEST

START_TEST (three_targets_are_never_undercut)
{
  auto list = make_list (2);
  for (int i = 0; i < 30; ++i)
    add_segment (list, 3, 100ms);
  // 6 s in segments of 0.3 s
  ck_assert_uint_ge (list.finished () - list.first_msn (), 20);
  ck_assert_uint_le (list.finished () - list.first_msn (), 21);
}
END_TEST

START_TEST (media_is_kept_beyond_the_list)
{
  auto list = make_list (5);
  for (int i = 0; i < 20; ++i) {
    add_segment (list);
    // 10 s in the list; 2 s + the longest playlist's 12 s from its publication on, at least, and
    // the parts for three targets after the three in which they are listed.
    ck_assert_uint_le (list.keep_from (), list.first_msn ());
    if (list.finished () >= 12) {
      ck_assert_uint_ge (list.keep_from () + 9, list.finished ());
      ck_assert_uint_le (list.keep_from () + 7, list.finished ());
    }
  }
}
END_TEST

START_TEST (discontinuities_are_counted_when_they_leave)
{
  auto list = make_list (4);
  add_segment (list);
  list.map (1);
  list.discontinuity ();
  list.program_time (start + 10s);
  add_segment (list);
  auto text = text_of (list);
  ck_assert_msg (has (text, "v-0.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"v-init-1.mp4\"\n"
                            "#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:15.678Z\n#EXT-X-PART"),
      "%s", text.c_str ());
  ck_assert (has (text, "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"));
  ck_assert_uint_eq (count (text, "#EXT-X-MAP"), 2);
  for (int i = 0; i < 3; ++i)
    add_segment (list);
  text = text_of (list); // now the list begins with the discontinuity
  ck_assert (has (text, "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-DISCONTINUITY\n"));
  ck_assert_uint_eq (list.keep_map (), 0);
  add_segment (list);
  text = text_of (list);
  ck_assert (has (text, "#EXT-X-DISCONTINUITY-SEQUENCE:1\n"));
  ck_assert (!has (text, "#EXT-X-DISCONTINUITY\n") && has (text, "v-init-1.mp4"));
  for (int i = 0; i < 10; ++i)
    add_segment (list);
  ck_assert_uint_eq (list.keep_map (), 1);
}
END_TEST

START_TEST (missed_discontinuities_are_made_up_for)
{
  auto list = make_list (4);
  add_segment (list);
  list.discontinuity ();
  list.discontinuity ();
  add_segment (list);
  ck_assert_uint_eq (count (text_of (list), "#EXT-X-DISCONTINUITY\n"), 2);
  for (int i = 0; i < 4; ++i)
    add_segment (list);
  ck_assert (has (text_of (list), "#EXT-X-DISCONTINUITY-SEQUENCE:2\n"));
}
END_TEST

START_TEST (a_discontinuity_ends_the_open_segment)
{
  auto list = make_list ();
  list.add_part ({.duration = 150ms});
  list.discontinuity ();
  ck_assert_uint_eq (list.finished (), 1);
  ck_assert (has (text_of (list), "#EXTINF:0.15,\nv-0.m4s\n#EXT-X-PRELOAD"));
  list.map (0); // no change, no end
  list.add_part ({.duration = 150ms});
  list.map (0);
  ck_assert_uint_eq (list.finished (), 1);
  list.map (1);
  ck_assert_uint_eq (list.finished (), 2);
  ck_assert (has (text_of (list), "#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"v-init-1.mp4\"\n"));
}
END_TEST

START_TEST (gaps_are_said_to_be_gaps)
{
  auto list = make_list ();
  list.add_part ({.duration = 200ms, .independent = true});
  list.gap_segment (500ms);
  const auto text = text_of (list);
  ck_assert_msg (has (text, "#EXT-X-PART:DURATION=0.2,URI=\"v-1.0.m4s\",GAP=YES\n"
                            "#EXT-X-PART:DURATION=0.2,URI=\"v-1.1.m4s\",GAP=YES\n"
                            "#EXT-X-PART:DURATION=0.1,URI=\"v-1.2.m4s\",GAP=YES\n"
                            "#EXT-X-GAP\n#EXTINF:0.5,\nv-1.m4s\n"),
      "%s", text.c_str ());
  list.add_part ({.duration = 200ms});
  list.add_part ({.duration = 200ms, .gap = true});
  list.finish_segment ();
  ck_assert_uint_eq (count (text_of (list), "#EXT-X-GAP\n"), 1);
  ck_assert (has (text_of (list, Form::plain), "#EXT-X-GAP\n#EXTINF:0.5,\nv-1.m4s\n"));
}
END_TEST

START_TEST (dates_never_go_back)
{
  auto list = make_list ();
  add_segment (list);
  list.program_time (start + 1s); // within what is there
  add_segment (list);
  list.program_time (start + 4200ms);
  add_segment (list);
  const auto text = text_of (list);
  ck_assert (
      has (text, "03:04:05.678Z") && has (text, "03:04:07.678Z") && has (text, "03:04:09.878Z"));
}
END_TEST

START_TEST (target_stays_as_it_was_settled)
{
  auto list = make_list ();
  ck_assert (list.fits (10s)); // there is no segment yet that it would make longer
  for (int i = 0; i < 12; ++i)
    list.add_part ({.duration = 200ms});
  ck_assert (list.longest_segment () == 2400ms); // 2.4 s are 2
  ck_assert (list.fits (99ms) && !list.fits (101ms) && !list.fits (200ms));
  list.add_part ({.duration = 200ms});
  ck_assert_int_eq (list.target ().count (), 2);
  list.settle (12s);
  list.finish_segment ();
  add_segment (list, 50);
  add_segment (list);
  ck_assert (list.longest_segment () == 10s);
  const auto text = text_of (list);
  ck_assert (has (text, "#EXT-X-TARGETDURATION:12\n") && has (text, "HOLD-BACK=36.0")
             && has (text, "CAN-SKIP-UNTIL=72.0"));
  ck_assert (list.longest_wait () == 36s);
}
END_TEST

START_TEST (the_end_is_the_end)
{
  auto list = make_list ();
  list.add_part ({.duration = 200ms});
  list.end ();
  list.add_part ({.duration = 200ms});
  list.title (1, start, "late");
  const auto text = text_of (list);
  ck_assert_msg (text.ends_with ("#EXTINF:0.2,\nv-0.m4s\n#EXT-X-ENDLIST\n"), "%s", text.c_str ());
  ck_assert (!has (text, "PRELOAD") && !has (text, "#EXT-X-DATERANGE"));
  ck_assert (text_of (list, Form::plain).ends_with ("#EXT-X-ENDLIST\n"));
}
END_TEST

START_TEST (empty_parts_are_none)
{
  auto list = make_list ();
  list.finish_segment ();
  list.add_part ({.duration = 0ns});
  list.add_part ({.duration = -1s});
  list.gap_segment (0s);
  ck_assert (!list.edge ());
  ck_assert_uint_eq (list.finished (), 0);
}
END_TEST

int
main ()
{
  return stagedoor::test::run (
      "playlist", {first_part_makes_a_playlist, a_segment_follows_its_parts,
                      plain_form_has_finished_segments_only, parts_sum_up_to_their_segment,
                      window_keeps_its_segments, three_targets_are_never_undercut,
                      media_is_kept_beyond_the_list, discontinuities_are_counted_when_they_leave,
                      missed_discontinuities_are_made_up_for, a_discontinuity_ends_the_open_segment,
                      gaps_are_said_to_be_gaps, dates_never_go_back, target_stays_as_it_was_settled,
                      the_end_is_the_end, empty_parts_are_none});
}
