// SPDX-License-Identifier: LGPL-2.1-or-later
// Streamids of every form, and what is refused.
#include "libs/srt/streamid.hpp"

#include <vector>

#include "libs/base/text.hpp"
#include "libs/keys/ome.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using srt::parse_streamid;
using Mode = srt::StreamId::Mode;

namespace {

struct Good
{
  const char *text, *app, *stream, *query, *url = "";
  Mode mode = Mode::publish;
};

const std::vector<Good> good = {
    {"#!::r=live/alice,m=publish,key=1k1.5.p.m", "live", "alice", "key=1k1.5.p.m"},
    {"#!::key=K,m=publish,r=live/alice", "live", "alice", "key=K"},
    {"#!::r=live/alice?key=K,m=publish", "live", "alice", "key=K"},
    {"#!::r=live/alice?a=b,m=publish,key=K", "live", "alice", "a=b&key=K"},
    {"#!::u=bob,r=live/alice,m=publish,h=host,s=5,t=stream,bmd_uuid=7", "live", "alice", ""},
    {"#!::r=live%2Falice,m=publish,key=K%2EL", "live", "alice", "key=K.L"},
    {"%23!::r=live/alice,m=publish,key=K", "live", "alice", "key=K"},
    {"%23%21%3A%3Ar%3Dlive%2Falice%2Cm%3Dpublish%2Ckey%3DK", "live", "alice", "key=K"},
    {"#!::r=live/alice", "live", "alice", "", "", Mode::request},
    {"#!::r=live/alice,m=request,key=K", "live", "alice", "key=K", "", Mode::request},
    {"request:live/alice?key=K", "live", "alice", "key=K", "", Mode::request},
    {"publish:live/alice?key=K", "live", "alice", "key=K"},
    {"publish%3Alive%2Falice%3Fkey%3DK", "live", "alice", "key=K"},
    {"publish:live/alice", "live", "alice", ""},
    {"live/alice?key=K", "live", "alice", "key=K"},
    {"live/alice", "live", "alice", ""},
    {"live/alice?", "live", "alice", ""},
    {"live/alice?key=a/b?c", "live", "alice", "key=a/b?c"},
    {"default/live/alice?policy=P&signature=S", "live", "alice", "policy=P&signature=S",
        "srt://default/live/alice?policy=P&signature=S"},
    {"publish:default/live/alice?policy=P", "live", "alice", "policy=P",
        "srt://default/live/alice?policy=P"},
    {"srt://h:9999/live/alice?policy=P", "live", "alice", "policy=P",
        "srt://h:9999/live/alice?policy=P"},
    {"srt%3A%2F%2F%5B::1%5D%2Flive%2Falice", "live", "alice", "", "srt://[::1]/live/alice"},
    {"#!::bmd_uuid=1,u=default/live/alice?policy=P&signature=S", "live", "alice",
        "policy=P&signature=S", "srt://default/live/alice?policy=P&signature=S"},
    {"#!::u=srt%3A%2F%2Fh%2Flive%2Falice,m=request", "live", "alice", "", "srt://h/live/alice",
        Mode::request},
};

struct Bad
{
  std::string text;
  const char *why; ///< a part of the error
};

const std::vector<Bad> bad = {{"", "missing"}, {std::string (513, 'a'), "512 bytes"},
    {"live/al ice", "blanks"}, {"live/alice\n", "control"},
    {std::string ("live/a\0b", 8), "control"}, {"live/\xc3\xa4", "ASCII"},
    {"live/alice%0a", "percent"}, {"live/alice%", "percent"}, {"live/alice%2", "percent"},
    {"live/alice%zz", "percent"}, {"live", "APP/STREAM"}, {"publish:", "APP/STREAM"},
    {"a/b/c/d", "APP/STREAM"}, {"/live/alice", "'/'"}, {"live/", "stream name"},
    {"/alice", "app name"}, {"live/../x", "app name"}, {"../alice", "app name"},
    {"live/.alice", "stream name"}, {"live/al;ice", "stream name"},
    {"live/" + std::string (65, 'a'), "stream name"}, {std::string (65, 'a') + "/x", "app name"},
    {"publish:publish:live/alice", "app name"}, {"read:live/alice", "app name"},
    {"srt://live/alice", "an URL"}, {"srt:///live/alice", "'/'"}, {"srt://h/a/b/c", "an URL"},
    {"#!::", "no r="}, {"#!::m=publish", "no r="}, {"#!::u=bob,m=publish", "APP/STREAM"},
    {"#!::r=live/alice,m=bidirectional", "mode"}, {"#!::r=live/alice,m=", "mode"},
    {"#!::r=live/alice,m=publish,t=file", "t=stream"},
    {"#!::r=live/alice,,m=publish", "NAME=VALUE"}, {"#!::r", "NAME=VALUE"},
    {"#!::=x", "NAME=VALUE"}, {"#!::r=live/alice,r=live/bob", "twice"},
    {"#!::r=live/alice,m=publish,key=a,key=b", "twice"}, {"#!::r=live/alice%", "percent"},
    {"#!::r=live/alice%00,m=publish", "percent"}, {"#!:r=live/alice", "app name"}};

} // namespace

START_TEST (every_form_is_read)
{
  for (const auto &one : good) {
    const auto id = parse_streamid (one.text);
    ck_assert_msg (id.has_value (), "%s: %s", one.text, id ? "" : id.error ().c_str ());
    assert_text (id->app, one.app);
    assert_text (id->stream, one.stream);
    assert_text (id->query, one.query);
    assert_text (id->url, one.url);
    ck_assert_msg (id->mode == one.mode, "%s", one.text);
  }
}
END_TEST

START_TEST (everything_else_is_refused_with_its_reason)
{
  for (const auto &one : bad) {
    const auto id = parse_streamid (one.text);
    ck_assert_msg (!id.has_value (), "%s", one.text.c_str ());
    ck_assert_msg (id.error ().find (one.why) != std::string::npos, "%s: %s", one.text.c_str (),
        id.error ().c_str ());
  }
}
END_TEST

START_TEST (no_error_repeats_a_key)
{
  for (const char *text : {"live/a;b?key=SECRET", "#!::r=a,key=SECRET", "#!::key=SECRET,key=SECRET",
           "x?key=SECRET", "#!::m=SECRET,r=a/b"}) {
    const auto id = parse_streamid (text);
    ck_assert (!id.has_value ());
    ck_assert_msg (id.error ().find ("SECRET") == std::string::npos, "%s", id.error ().c_str ());
  }
}
END_TEST

START_TEST (cut_anywhere_it_is_read_or_refused)
{
  for (const auto &one : good) {
    const std::string text = one.text;
    for (std::size_t size = 0; size < text.size (); ++size)
      if (const auto id = parse_streamid (text.substr (0, size)))
        ck_assert (is_valid_name (id->app) && is_valid_name (id->stream));
  }
}
END_TEST

START_TEST (longest_is_512_bytes)
{
  std::string text = "publish:live/alice?key=";
  text.resize (512, 'k');
  ck_assert (parse_streamid (text).has_value ());
  ck_assert (!parse_streamid (text + "k").has_value ());
}
END_TEST

/** As OvenMediaEngine's own tools sign them. */
START_TEST (ome_signatures_hold_over_the_wire)
{
  const char *policy = "?policy=eyJ1cmxfZXhwaXJlIjo0MTAyNDQ0ODAwMDAwfQ&signature=";
  const auto fresh = std::string ("default/app/alice") + policy + "Aa4AZP42_GbhzkTf9rRIfbQBooE";
  const auto old = std::string ("srt://live.example.com:9999/app/alice") + policy
                   + "mnsmm-cQQeu9YccbrpjF8BXX-iA";
  const auto encoded = [] (const std::string &text) {
    std::string out;
    for (const char c : text)
      out += c == '/'   ? "%2F"
             : c == ':' ? "%3A"
             : c == '?' ? "%3F"
             : c == '&' ? "%26"
                        : std::string (1, c);
    return out;
  };
  const keys::SignedPolicy verifier{.secret = "ome_is_the_best"};
  const auto passes = [&] (const std::string &streamid) {
    const auto id = parse_streamid (streamid);
    ck_assert_msg (id.has_value (), "%s", streamid.c_str ());
    return verifier
        .verify ({.app = id->app,
            .stream = id->stream,
            .query = id->query,
            .url = id->url,
            .now_ms = 1'790'000'000'000})
        .has_value ();
  };
  for (const auto &text : {fresh, old, encoded (fresh), encoded (old), "#!::u=" + fresh,
           "#!::bmd_uuid=1234,u=" + fresh, "#!::u=" + encoded (old) + ",m=publish"})
    ck_assert_msg (passes (text), "%s", text.c_str ());
  ck_assert (!passes (fresh + "x"));
  ck_assert (!passes ("other" + fresh.substr (7)));
}
END_TEST

int
main ()
{
  return test::run ("streamid", {every_form_is_read, everything_else_is_refused_with_its_reason,
                                    no_error_repeats_a_key, cut_anywhere_it_is_read_or_refused,
                                    longest_is_512_bytes, ome_signatures_hold_over_the_wire});
}
