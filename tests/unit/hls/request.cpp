// SPDX-License-Identifier: LGPL-2.1-or-later
// Directives of requests, what they have to wait for, and the names of media.
#include "libs/hls/request.hpp"

#include "libs/hls/media_name.hpp"
#include "tests/unit/hls/lists.hpp"

using namespace stagedoor::hls;
using namespace stagedoor::hls::test;

namespace {

Directives
at (std::uint64_t msn, std::optional<std::uint32_t> part = {})
{
  return {.msn = msn, .part = part};
}

} // namespace

START_TEST (directives_are_found_among_other_things)
{
  const auto none = parse_directives ("");
  ck_assert (none && !none->msn && !none->part && none->skip == Skip::none);
  const auto all = parse_directives (
      "key=1k1.5&_HLS_msn=18446744073709551615&x&_HLS_part=4294967295&_HLS_skip=v2&");
  ck_assert (all && *all->msn == UINT64_MAX && *all->part == UINT32_MAX);
  ck_assert (all->skip == Skip::segments_and_dates);
  ck_assert (parse_directives ("_HLS_skip=YES")->skip == Skip::segments);
  ck_assert (*parse_directives ("_HLS_msn=007")->msn == 7);
  ck_assert (!parse_directives ("_HLS_msnx=a&_HLS_=1&_HLS_push=1&x_HLS_msn=b")->msn);
}
END_TEST

START_TEST (bad_directives_are_refused)
{
  const std::string bad[] = {"_HLS_msn", "_HLS_msn=", "_HLS_msn=-1", "_HLS_msn=+1", "_HLS_msn= 1",
      "_HLS_msn=1 ", "_HLS_msn=1.0", "_HLS_msn=0x1", "_HLS_msn=18446744073709551616",
      "_HLS_msn=000000000000000000001", "_HLS_msn=1&_HLS_msn=1",
      "_HLS_msn=1&_HLS_msn=", "_HLS_msn=1=1", "_HLS_msn=%31", "_HLS_part=1", "a=b&_HLS_part=0",
      "_HLS_msn=1&_HLS_part", "_HLS_msn=1&_HLS_part=", "_HLS_msn=1&_HLS_part=-1",
      "_HLS_msn=1&_HLS_part=4294967296", "_HLS_msn=1&_HLS_part=1&_HLS_part=2", "_HLS_skip",
      "_HLS_skip=", "_HLS_skip=NO", "_HLS_skip=yes", "_HLS_skip=V2", "_HLS_skip=v3",
      "_HLS_skip=YES&_HLS_skip=v2", std::string ("_HLS_msn=1\0", 11),
      std::string (max_query + 1, 'a'), "_HLS_msn=" + std::string (4000, '9')};
  for (const auto &query : bad)
    ck_assert_msg (!parse_directives (query), "%s", query.c_str ());
  ck_assert (parse_directives (std::string (max_query, 'a')).has_value ());
  ck_assert (!has (parse_directives ("_HLS_msn=SECRET").error (), "SECRET"));
}
END_TEST

START_TEST (what_is_there_is_answered)
{
  auto list = make_list (3);
  ck_assert (list.judge ({}) == Verdict::now);
  ck_assert (list.judge (at (0)) == Verdict::wait);
  ck_assert (list.judge (at (0, 0)) == Verdict::wait);
  for (int i = 0; i < 6; ++i)
    add_segment (list);
  list.add_part ({.duration = 200ms});
  list.add_part ({.duration = 200ms}); // 6.1 is the edge
  for (const auto &wanted : {at (0), at (0, 99), at (2, 0), at (5), at (5, 9), at (5, 10),
           at (6, 0), at (6, 1), at (0, UINT32_MAX)})
    ck_assert_msg (list.judge (wanted) == Verdict::now, "%d.%d", static_cast<int> (*wanted.msn),
        static_cast<int> (wanted.part.value_or (0)));
}
END_TEST

START_TEST (what_comes_is_waited_for)
{
  auto list = make_list (3);
  for (int i = 0; i < 6; ++i)
    add_segment (list);
  ck_assert (list.judge (at (5, 10)) == Verdict::wait); // it is 6.0
  ck_assert (list.judge (at (6, 0)) == Verdict::wait);
  ck_assert (!list.reached (at (5, 77)));
  list.add_part ({.duration = 200ms});
  ck_assert (list.reached (at (5, 77)) && list.reached (at (6, 0)));
  const auto next = at (6, 1), whole = at (6), beyond = at (6, 15), after = at (8);
  for (const auto &wanted : {next, whole, beyond, after})
    ck_assert (list.judge (wanted) == Verdict::wait && !list.reached (wanted));
  list.add_part ({.duration = 200ms});
  ck_assert (list.reached (next) && !list.reached (whole));
  list.finish_segment ();
  ck_assert (list.reached (whole) && !list.reached (beyond)); // which became 7.0
  list.add_part ({.duration = 200ms});
  ck_assert (list.reached (beyond) && !list.reached (after));
  list.end ();
  ck_assert (list.reached (after));
  ck_assert (list.judge (at (UINT64_MAX, UINT32_MAX)) == Verdict::now);
}
END_TEST

START_TEST (what_is_too_far_is_refused)
{
  auto list = make_list (3);
  for (int i = 0; i < 6; ++i)
    add_segment (list);
  ck_assert (list.judge (at (7)) == Verdict::wait);
  ck_assert (list.judge (at (8)) == Verdict::bad_request);
  list.add_part ({.duration = 200ms}); // 6.0; the limit is 15 parts
  ck_assert (list.judge (at (8)) == Verdict::wait);
  ck_assert (list.judge (at (9)) == Verdict::bad_request);
  ck_assert (list.judge (at (6, 15)) == Verdict::wait);
  ck_assert (list.judge (at (6, 16)) == Verdict::bad_request);
  ck_assert (list.judge (at (7, 14)) == Verdict::wait);
  ck_assert (list.judge (at (7, 15)) == Verdict::bad_request);
  ck_assert (list.judge (at (7, UINT32_MAX)) == Verdict::bad_request);
  ck_assert (list.judge (at (UINT64_MAX, UINT32_MAX)) == Verdict::bad_request);
  ck_assert (list.longest_wait () == 6s);
}
END_TEST

START_TEST (names_are_read_back)
{
  using Kind = MediaName::Kind;
  for (const MediaName &name : {MediaName{Kind::map, 0}, MediaName{Kind::map, 12},
           MediaName{Kind::segment, 0}, MediaName{Kind::segment, UINT64_MAX},
           MediaName{Kind::part, 3, 0}, MediaName{Kind::part, 3, UINT32_MAX}}) {
    const auto text = format_media_name ("v1-", name);
    const auto back = parse_media_name ("v1-", text);
    ck_assert_msg (
        back && back->kind == name.kind && back->number == name.number && back->part == name.part,
        "%s", text.c_str ());
    for (std::size_t size = 0; size < text.size (); ++size)
      ck_assert (!parse_media_name ("v1-", text.substr (0, size)));
  }
  for (const char *bad : {"", "v1-", "v2-1.m4s", "v1-1.m4s ", "v1-01.m4s", "v1-1.00.m4s",
           "v1--1.m4s", "v1-+1.m4s", "v1-1..m4s", "v1-.m4s", "v1-1.2.3.m4s", "v1-1.mp4",
           "v1-init-1.m4s", "v1-init-.mp4", "v1-18446744073709551616.m4s", "v1-1.4294967296.m4s",
           "v1-../1.m4s", "v1-1.m4S", "v1-1%2em4s"})
    ck_assert_msg (!parse_media_name ("v1-", bad), "%s", bad);
}
END_TEST

START_TEST (queries_are_made_safe)
{
  assert_text (safe_query ("key=1k1.5.p.m_-~&s=a%2Fb/?:@"), "key=1k1.5.p.m_-~&s=a%2Fb/?:@");
  assert_text (safe_query ("a\"b\n#<>%zz%\\ {$x}"), "a%22b%0A%23%3C%3E%25zz%25%5C%20%7B$x%7D");
  assert_text (safe_query ("\xc3\xa4"), "%C3%A4");
  assert_text (safe_query (safe_query ("%\"\x7f")), safe_query ("%\"\x7f"));
}
END_TEST

int
main ()
{
  return stagedoor::test::run (
      "request", {directives_are_found_among_other_things, bad_directives_are_refused,
                     what_is_there_is_answered, what_comes_is_waited_for,
                     what_is_too_far_is_refused, names_are_read_back, queries_are_made_safe});
}
