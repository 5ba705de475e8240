// SPDX-License-Identifier: LGPL-2.1-or-later
// Strangers: without a key, with another's, and with whatever else can be asked.
#include <algorithm>
#include <thread>

#include <malloc.h>

#include "libs/base/text.hpp"
#include "libs/keys/key.hpp"
#include "libs/keys/keyfile.hpp"
#include "tests/check/hls/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

const keys::Secret &
secret ()
{
  static const keys::Secret out{"k1", Bytes (32, 's')};
  return out;
}

std::string
with_keys ()
{
  keys::KeyringSettings settings;
  settings.secrets.push_back (secret ());
  const auto text = keys::format_keyfile (settings);
  const auto at = text.find ("secret "); // gst-launch's syntax wants it on one line
  return "keys=\"" + text.substr (at, text.find ('\n', at) - at) + "\"";
}

std::string
key_for (const char *scope, keys::Role role = keys::Role::play, std::int64_t lifetime_s = 3600)
{
  const auto now = g_get_real_time () / G_USEC_PER_SEC;
  return *keys::mint (
      secret (), {.role = role, .scope = *keys::Scope::parse (scope), .expires = now + lifetime_s});
}

START_TEST (keys_open_their_stream)
{
  HlsSink sink (with_keys ());
  Stream stream (sink);
  stream.play (130);
  const auto good = "?key=" + key_for ("live/demo");
  const auto text = sink.text ("playlist.m3u8" + good);
  const auto media = uris (text)[0];
  ck_assert (media.find (good.substr (1) + "&session=") != std::string::npos);
  const auto playlist = sink.get (media);
  ck_assert_int_eq (playlist.status, 200);
  ck_assert (playlist.has ("Cache-Control: private, max-age=1\r\n"));
  const auto segment = "hls/" + uris (playlist.body)[0];
  ck_assert (segment.ends_with (good));
  ck_assert (sink.get (segment).has ("private, "));
  // A whole app's key, and one as bearer token.
  ck_assert_int_eq (sink.get ("playlist.m3u8?key=" + key_for ("live/*")).status, 200);
  ck_assert_int_eq (
      sink.get ("playlist.m3u8", "Authorization: Bearer " + key_for ("live/demo") + "\r\n").status,
      200);
  // Stripped, wherever it was.
  const auto stripped = [] (const std::string &place) {
    return place.substr (0, place.find ('?'));
  };
  for (const auto &place :
      {std::string ("playlist.m3u8"), std::string ("llhls.m3u8"), media, segment}) {
    const auto refused = sink.get (stripped (place));
    ck_assert_msg (refused.status == 401, "%s: %d", place.c_str (), refused.status);
    ck_assert (refused.has ("WWW-Authenticate: Bearer"));
    ck_assert (refused.has ("Cache-Control: no-store"));
  }
  // With no more than the session.
  ck_assert_int_eq (
      sink.get (stripped (media) + media.substr (media.find ("session=") - 1)).status, 401);
}
END_TEST

START_TEST (keys_that_open_nothing)
{
  HlsSink sink (with_keys ());
  Stream stream (sink);
  stream.play (130);
  const auto segment =
      "hls/" + uris (sink.text ("hls/video_0.m3u8?key=" + key_for ("live/demo")))[0];
  const auto place = segment.substr (0, segment.find ('?'));
  for (const auto &key : {key_for ("live/other"), key_for ("other/demo"),
           key_for ("live/demo", keys::Role::publish), key_for ("live/demo", keys::Role::play, -10),
           std::string ("x"), key_for ("live/demo") + "x", std::string ()})
    for (const auto &asked :
        {std::string ("playlist.m3u8"), std::string ("hls/video_0.m3u8"), place}) {
      const auto status = sink.get (asked + "?key=" + key).status;
      ck_assert_msg (status == (key.empty () ? 401 : 403) || (key.empty () && status == 403),
          "%s: %d", key.c_str (), status);
    }
  ck_assert_int_eq (
      sink.get ("playlist.m3u8?key=" + key_for ("live/demo") + "&key=x").status / 100, 4);
  ck_assert_uint_ge (sink.stat ("refused"), 21);
  ck_assert_uint_eq (sink.viewers (), 0);
}
END_TEST

START_TEST (sessions_of_others)
{
  HlsSink one, two;
  Stream first (one), second (two);
  first.play (130);
  second.play (130);
  const auto media = uris (one.text ("playlist.m3u8"))[0];
  ck_assert_int_eq (two.get (media).status, 403);
  ck_assert_uint_eq (two.viewers (), 0);
  for (const char *token : {"x", "AAAAAAAAAAAAAAAAAAAAAAAA", "%00", "../../etc/passwd",
           "AAAAAAAAAAAAAAAAAAAAAAA=", "\xff"})
    ck_assert_msg (
        one.get (std::string ("hls/video_0.m3u8?session=") + token).status == 403, "%s", token);
  ck_assert_uint_eq (one.viewers (), 0);
  // Media of one isn't that of the other.
  const auto segment = uris (one.text ("hls/video_0.m3u8"))[0];
  ck_assert_int_eq (one.get ("hls/" + segment).status, 200);
  ck_assert_int_eq (two.get ("hls/" + segment).status, 404);
}
END_TEST

START_TEST (far_futures)
{
  HlsSink sink;
  Stream stream (sink);
  stream.play (130);
  for (const char *query : {"_HLS_msn=5", "_HLS_msn=1000", "_HLS_msn=18446744073709551615",
           "_HLS_msn=18446744073709551616", "_HLS_msn=99999999999999999999999999999999999",
           "_HLS_msn=-1", "_HLS_msn=", "_HLS_msn=x", "_HLS_msn=1.0", "_HLS_msn=0x1", "_HLS_part=1",
           "_HLS_msn=2&_HLS_part=99", "_HLS_msn=2&_HLS_part=4294967295",
           "_HLS_msn=2&_HLS_part=4294967296", "_HLS_msn=2&_HLS_part=-1", "_HLS_msn=1&_HLS_msn=2",
           "_HLS_skip=maybe"}) {
    const auto status = sink.get (std::string ("hls/video_0.m3u8?") + query).status;
    ck_assert_msg (status == 400, "%s: %d", query, status);
  }
  ck_assert_uint_eq (sink.stat ("waiting"), 0);
  ck_assert_int_eq (sink.get ("hls/video_0.m3u8?" + std::string (5000, 'a')).status, 414);
}
END_TEST

START_TEST (names_that_are_none)
{
  HlsSink sink;
  Stream stream (sink);
  stream.play (130);
  const auto segment = uris (sink.text ("hls/video_0.m3u8"))[0]; // video_0-1a2b3c4d-0.m4s
  const auto prefix = segment.substr (0, segment.size () - 5);
  for (const auto &name : std::vector<std::string>{prefix + "99.m4s", prefix + "00.m4s",
           prefix + "0.0.0.m4s", prefix + "-1.m4s", prefix + "0.99.m4s",
           prefix + "18446744073709551616.m4s", prefix + "0.mp4", prefix + "init-0.mp4",
           prefix + "init-99.mp4", prefix + "0.m4s.part", std::string ("video_0-00000000-0.m4s"),
           "audio_0" + segment.substr (7), segment + "%00", segment + "/", segment + "/x",
           "%2e%2e/" + segment, "/" + segment, std::string ("..\\..\\etc"), std::string (1500, 'a'),
           std::string ("\xff\xfe.m4s"), std::string ("%")}) {
    const auto response = Client (sink.port ()).ask (get ("/live/demo/hls/" + name));
    ck_assert_msg (
        response.status == 404 || response.status == 400, "%s: %d", name.c_str (), response.status);
  }
  ck_assert_int_eq (sink.get ("hls/" + segment).status, 200);
}
END_TEST

/** Frames that are to be shown hours from when they are decoded, or in another age, aren't. */
START_TEST (times_that_are_none)
{
  constexpr GstClockTime hour = 3600 * GST_SECOND, none = GST_CLOCK_TIME_NONE;
  constexpr GstClockTime top = G_MAXINT64, turn = (GST_SECOND << 32) / 90'000;
  const struct
  {
    GstClockTime pts, dts;
  } wrong[] = {{7 * hour, 1}, {turn, 0}, {1, 7 * hour}, {top, 1}, {top, top}, {top, none},
      {none, top}, {top + 1, top + 1}, {none - 1, none - 1}, {none - 1, 1}, {none, none}};
  HlsSink sink;
  Source video (sink, "video_0");
  video.start (picture ());
  std::size_t sent = 0;
  for (const auto &[pts, dts] : wrong) {
    video.play (picture (), 0, sent, 10);
    sent += 10;
    auto bad = adopt (gst_buffer_copy (picture ().buffers[sent].get ()));
    const auto now = GST_BUFFER_PTS (bad.get ());
    GST_BUFFER_PTS (bad.get ()) = pts < top ? now + pts : pts;
    GST_BUFFER_DTS (bad.get ()) = dts < top ? now + dts : dts;
    ck_assert_int_eq (video.push (bad), GST_FLOW_OK);
  }
  video.event (gst_event_new_eos ());
  const auto found = demux (sink, "video_0.m3u8");
  ck_assert_uint_eq (found.size (), sent);
  for (const auto &frame : found)
    ck_assert (!GST_CLOCK_TIME_IS_VALID (frame.dts) || frame.pts - frame.dts < 10 * GST_SECOND);
  ck_assert_uint_eq (count (sink.text ("hls/video_0.m3u8"), "#EXT-X-DISCONTINUITY\n"), 0);
}
END_TEST

/** As many as may be connected: all get their answer, and cost nothing afterwards. */
START_TEST (many_wait)
{
  constexpr int most = 900;
  HlsSink sink;
  Stream stream (sink);
  stream.play (70);
  std::vector<Client> clients;
  for (int i = 0; i < most; ++i) {
    clients.emplace_back (sink.port ());
    clients.back ().send (get ("/live/demo/hls/video_0.m3u8?_HLS_msn=1&_HLS_part=1"));
  }
  wait_for ([&] { return sink.stat ("waiting") == most; });
  ck_assert (sink.is_live ());
  stream.video.play (picture (), 0, 70, 8);
  for (auto &client : clients)
    ck_assert_int_eq (client.receive ().status, 200);
  ck_assert_uint_eq (sink.stat ("waiting"), 0);
}
END_TEST

Recording
large_picture (std::uint32_t size)
{
  auto out = picture ();
  Bytes unit{0, 0, 0, 0, 0x41};
  unit.resize (4 + size, 1);
  put_u32 (unit.data (), size);
  for (auto &buffer : out.buffers)
    buffer = adopt (gst_buffer_append (
        gst_buffer_copy (buffer.get ()), gst_buffer_new_memdup (unit.data (), unit.size ())));
  return out;
}

/** Memory is bounded, whatever comes. */
START_TEST (memory)
{
  HlsSink sink ("max-bytes=1048576 playlist-length=10");
  Source video (sink, "video_0");
  const auto large = large_picture (40'000);
  video.start (large);
  for (int round = 0; round < 4; ++round) {
    video.play (large, round * GstClockTimeDiff (12 * GST_SECOND));
    // The open segment stays whole.
    ck_assert_uint_le (sink.stat ("bytes-held"), 1'048'576 + 70 * 41'000);
  }
  ck_assert_uint_gt (sink.stat ("dropped-segments"), 5);
  ck_assert (sink.is_live ());
}
END_TEST

/** Each keeps a segment of its own, long after it has gone from the playlist. */
START_TEST (slow_reader_of_media)
{
  HlsSink sink ("playlist-length=3 target-duration=1");
  Source video (sink, "video_0");
  const auto large = large_picture (800'000);
  video.start (large);
  video.play (large, 0, 0, 70);
  const auto segment = uris (sink.text ("hls/video_0.m3u8"))[0];
  Client client (sink.port ());
  client.send (get ("/live/demo/hls/" + segment));
  std::vector<char> bytes (65'536);
  std::size_t taken = 0;
  for (ssize_t got = 1; got > 0; taken += static_cast<std::size_t> (got)) {
    poll (nullptr, 0, 100); // a tenth of what there is
    got = std::max<ssize_t> (recv (client.fd (), bytes.data (), bytes.size (), 0), 0);
    if (taken >= 24'000'000)
      break;
  }
  ck_assert_uint_lt (taken, 24'000'000);
}
END_TEST

/** A query goes into every URI of a playlist, longer than it came, and no two are the same. */
START_TEST (queries_that_fill_memory)
{
  HlsSink sink;
  Stream stream (sink);
  stream.play (200);
  const auto held = [] {
    const auto info = mallinfo2 ();
    return info.uordblks + info.hblkhd;
  };
  const auto ask = [&] (int i, std::size_t size, char with) {
    return sink.get ("hls/video_0.m3u8?" + std::to_string (1000 + i) + std::string (size, with),
        i % 2 != 0 ? "Accept-Encoding: gzip\r\n" : "");
  };
  ck_assert_int_eq (ask (0, 2000, 'x').status, 200);
  for (const auto &response : {ask (0, 2100, 'x'), ask (0, 700, '"'), ask (0, 3900, '"'),
           sink.get ("playlist.m3u8?" + std::string (2100, 'x'))})
    ck_assert_int_eq (response.status, 414);
  const auto before = held ();
  for (int i = 0; i < 250; ++i)
    ck_assert_int_eq (ask (i, 1900, 'x').status, 200);
  ck_assert_uint_lt (held (), before + 8 * 1024 * 1024);
}
END_TEST

/** Requests from all sides while the stream comes and goes. */
START_TEST (storm)
{
  HlsSink sink;
  std::atomic<bool> done = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back ([&sink, &done] {
      while (!done) {
        const auto text = Client (sink.port ()).ask (get ("/live/demo/hls/video_0.m3u8")).body;
        for (const auto &uri : uris (text))
          Client (sink.port ()).ask (get ("/live/demo/hls/" + uri));
        Client (sink.port ()).ask (get ("/live/demo/playlist.m3u8"));
        Client gone (sink.port ());
        gone.send (get ("/live/demo/hls/audio_0.m3u8?_HLS_msn=1&_HLS_part=1"));
      }
    });
  for (int i = 0; i < 5; ++i) {
    Stream stream (sink);
    stream.play (200, i * GstClockTimeDiff (8 * GST_SECOND));
    sink.is_live ();
    if (i % 2 != 0) {
      sink.set_state (GST_STATE_NULL);
      sink.set_state (GST_STATE_PLAYING);
    }
  }
  done = true;
  for (auto &thread : threads)
    thread.join ();
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("hls-hostile", {keys_open_their_stream, keys_that_open_nothing, sessions_of_others,
                                 far_futures, names_that_are_none, times_that_are_none, many_wait,
                                 memory, slow_reader_of_media, queries_that_fill_memory, storm});
}
