// SPDX-License-Identifier: LGPL-2.1-or-later
// App, stream, query and URL, from wherever an encoder put them.
#include "libs/rtmp/names.hpp"

#include "tests/unit/rtmp/client.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

struct Case
{
  const char *app, *tc_url, *name;
  const char *want_app, *want_stream, *want_query, *want_url;
};

constexpr Case cases[] = {
    {"live", "rtmp://h:1935/live", "demo?key=k", "live", "demo", "key=k",
        "rtmp://h:1935/live/demo?key=k"},
    {"live?key=k", "rtmp://h/live?key=k", "demo", "live", "demo", "key=k",
        "rtmp://h/live/demo?key=k"},
    {"live", "rtmp://h/live?a=1", "demo?b=2&c=3", "live", "demo", "a=1&b=2&c=3",
        "rtmp://h/live/demo?a=1&b=2&c=3"},
    {"live?key=k", "rtmp://h/live", "demo", "live", "demo", "key=k", "rtmp://h/live/demo?key=k"},
    {"live", "rtmps://h:443/live", "demo", "live", "demo", "", "rtmps://h:443/live/demo"},
    {"live/inst", "rtmp://h/live/inst", "demo", "live", "demo", "", "rtmp://h/live/demo"},
    {"/live/", "rtmp://h/live/", "demo", "live", "demo", "", "rtmp://h/live/demo"},
    {"", "rtmp://h/live", "demo", "live", "demo", "", "rtmp://h/live/demo"},
    {"", "", "", "", "", "", ""},
    {"live", "", "demo?key=k", "live", "demo", "key=k", ""},
    {"live", "no url", "demo", "live", "demo", "", ""},
    {"live", "rtmp://[2001:db8::1]:1935/live", "demo", "live", "demo", "",
        "rtmp://[2001:db8::1]:1935/live/demo"},
    // Names are decoded; query and URL stay as they were signed.
    {"li%76e", "rtmp://h/li%76e", "d%65mo?key=%41", "live", "demo", "key=%41",
        "rtmp://h/li%76e/d%65mo?key=%41"},
    {"live", "rtmp://h/live", "de%zzmo", "live", "de%zzmo", "", "rtmp://h/live/de%zzmo"},
    {"live", "rtmp://h/live", "a/b", "live", "a/b", "", "rtmp://h/live/a/b"},
    {"live", "rtmp://h/live", "demo?x=rtmp://y/?z", "live", "demo", "x=rtmp://y/?z",
        "rtmp://h/live/demo?x=rtmp://y/?z"},
};

} // namespace

START_TEST (test_cases)
{
  for (const auto &c : cases) {
    const auto got = make_publish_request (c.app, c.tc_url, c.name);
    ck_assert (got.has_value ());
    ck_assert_str_eq (got->app.c_str (), c.want_app);
    ck_assert_str_eq (got->stream.c_str (), c.want_stream);
    ck_assert_str_eq (got->query.c_str (), c.want_query);
    ck_assert_str_eq (got->url.c_str (), c.want_url);
  }
}
END_TEST

START_TEST (test_bounds)
{
  const std::string name (longest_name, 'a'), url = "rtmp://h/live?" + std::string (4082, 'q');
  ck_assert (make_publish_request (name, "rtmp://h/live", name).has_value ());
  ck_assert (make_publish_request ("live", url, "demo").has_value ());
  const auto long_app = make_publish_request (name + "a", "", "demo");
  ck_assert (!long_app && mentions (long_app.error (), "256"));
  const auto long_stream = make_publish_request ("live", "", name + "a?key=secret");
  ck_assert (!long_stream && mentions (long_stream.error (), "256"));
  ck_assert (!mentions (long_stream.error (), "secret"));
  const auto long_url = make_publish_request ("live", url + "q", "demo");
  ck_assert (!long_url && mentions (long_url.error (), "4096"));
  const auto long_key = make_publish_request ("live", "", "demo?" + std::string (4096, 'k'));
  ck_assert (!long_key && mentions (long_key.error (), "4096"));
}
END_TEST

int
main ()
{
  return test::run ("rtmp-names", {test_cases, test_bounds});
}
