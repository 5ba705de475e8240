// SPDX-License-Identifier: LGPL-2.1-or-later
// Playlists and media by HTTP: waiting, caching, compression, ranges, sessions.
#include <algorithm>

#include <gio/gio.h>

#include "tests/check/hls/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

std::string
header (const Response &response, const std::string &name)
{
  const auto at = response.head.find ("\r\n" + name + ": ");
  if (at == std::string::npos)
    return {};
  const auto from = at + name.size () + 4;
  return response.head.substr (from, response.head.find ("\r\n", from) - from);
}

std::string
gunzip (const std::string &bytes)
{
  const Owned<GConverter, g_object_unref> unzip (
      G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP)));
  std::string out (1024 * 1024, '\0');
  gsize read = 0, written = 0;
  const auto result = g_converter_convert (unzip.get (), bytes.data (), bytes.size (), out.data (),
      out.size (), G_CONVERTER_INPUT_AT_END, &read, &written, nullptr);
  ck_assert_int_eq (result, G_CONVERTER_FINISHED); // so the checksum is right, too
  ck_assert_uint_eq (read, bytes.size ());
  out.resize (written);
  return out;
}

START_TEST (addresses)
{
  HlsSink sink;
  for (const char *place :
      {"playlist.m3u8", "llhls.m3u8", "hls/video_0.m3u8", "hls/", "hls", "hls/nothing.m4s"}) {
    const auto response = sink.get (place);
    ck_assert_int_eq (response.status, 404);
    ck_assert (response.has ("max-age=1\r\n"));
  }
  Stream stream (sink);
  stream.play (70);
  const auto playlist = sink.get ("playlist.m3u8"), alias = sink.get ("llhls.m3u8");
  ck_assert_int_eq (playlist.status, 200);
  ck_assert_int_eq (alias.status, 200);
  assert_text (header (playlist, "Content-Type"), "application/vnd.apple.mpegurl");
  assert_text (header (playlist, "Cache-Control"), "no-store"); // it names the viewer
  assert_text (header (playlist, "Access-Control-Allow-Origin"), "*");
  ck_assert_uint_eq (uris (alias.body).size (), 1);
  for (const char *place : {"status.json", "", "playlist.m3u8x", "playlist.m3u8/", "hls/video_0",
           "hls/video_0.m3u8/", "hls/video_1.m3u8", "hls/.m3u8"})
    ck_assert_msg (sink.get (place).status == 404, "%s", place);
}
END_TEST

START_TEST (methods)
{
  HlsSink sink;
  Stream stream (sink);
  stream.play (70);
  Client client (sink.port ());
  client.send ("HEAD /live/demo/playlist.m3u8 HTTP/1.1\r\nHost: test\r\n\r\n");
  const auto head = client.receive (false);
  ck_assert_int_eq (head.status, 200);
  const auto media = uris (sink.text ("hls/video_0.m3u8")).back ();
  const auto size = sink.text ("hls/" + media).size ();
  client.send ("HEAD /live/demo/hls/" + media + " HTTP/1.1\r\nHost: test\r\n\r\n");
  assert_text (header (client.receive (false), "Content-Length"), std::to_string (size));
  const auto options =
      client.ask ("OPTIONS /live/demo/playlist.m3u8 HTTP/1.1\r\nHost: test\r\n\r\n");
  ck_assert_int_eq (options.status, 204);
  ck_assert (options.has ("Access-Control-Allow-Headers: "));
  for (const char *method : {"POST", "PUT", "DELETE", "PATCH"}) {
    const auto refused =
        Client (sink.port ())
            .ask (
                std::string (method)
                + " /live/demo/playlist.m3u8 HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
    ck_assert_int_eq (refused.status, 405);
    assert_text (header (refused, "Allow"), "GET, HEAD, OPTIONS");
  }
}
END_TEST

START_TEST (playlists_are_waited_for)
{
  HlsSink sink;
  Stream stream (sink);
  stream.play (70);
  const auto hints = lines_with (sink.text ("hls/video_0.m3u8"), "#EXT-X-PRELOAD-HINT:TYPE=PART");
  ck_assert_uint_eq (hints.size (), 1);
  Client playlist (sink.port ()), part (sink.port ()), later (sink.port ());
  playlist.send (get ("/live/demo/hls/video_0.m3u8?_HLS_msn=1&_HLS_part=1"));
  part.send (get ("/live/demo/hls/" + uri_in (hints[0])));
  later.send (get ("/live/demo/hls/video_0.m3u8?_HLS_msn=2"));
  wait_for ([&] { return sink.stat ("waiting") == 3; });
  stream.video.play (picture (), 0, 70, 8);
  const auto answer = playlist.receive ();
  ck_assert_int_eq (answer.status, 200);
  ck_assert (answer.body.find (uri_in (hints[0])) != std::string::npos);
  ck_assert (answer.has ("max-age=12\r\n"));
  const auto media = part.receive ();
  ck_assert_int_eq (media.status, 200);
  assert_text (media.body, sink.text ("hls/" + uri_in (hints[0])));
  wait_for ([&] { return sink.stat ("waiting") == 1; });
  stream.video.play (picture (), 0, 78, 120);
  const auto late = later.receive ();
  ck_assert_int_eq (late.status, 200);
  ck_assert_uint_ge (uris (late.body).size (), 3);
}
END_TEST

START_TEST (what_never_comes)
{
  HlsSink sink;
  Stream stream (sink);
  stream.play (70);
  const auto hint =
      uri_in (lines_with (sink.text ("hls/video_0.m3u8"), "#EXT-X-PRELOAD-HINT:TYPE=PART")[0]);
  Client playlist (sink.port ()), part (sink.port ());
  playlist.send (get ("/live/demo/hls/video_0.m3u8?_HLS_msn=1&_HLS_part=3"));
  part.send (get ("/live/demo/hls/" + hint));
  wait_for ([&] { return sink.stat ("waiting") == 2; });
  // After three target durations.
  const auto given_up = playlist.receive ();
  ck_assert_int_eq (given_up.status, 503);
  ck_assert (given_up.has ("Retry-After: 1\r\n"));
  ck_assert_int_eq (part.receive ().status, 404);
  // At the end at once.
  playlist.send (get ("/live/demo/hls/video_0.m3u8?_HLS_msn=1&_HLS_part=3"));
  part.send (get ("/live/demo/hls/audio_0.m3u8?_HLS_msn=2"));
  wait_for ([&] { return sink.stat ("waiting") == 2; });
  stream.video.event (gst_event_new_eos ());
  stream.audio.event (gst_event_new_eos ());
  ck_assert (playlist.receive ().body.find ("#EXT-X-ENDLIST") != std::string::npos);
  ck_assert (part.receive ().body.find ("#EXT-X-ENDLIST") != std::string::npos);
}
END_TEST

START_TEST (closed_while_waiting)
{
  HlsSink sink;
  Client waiting (sink.port ());
  {
    Stream stream (sink);
    stream.play (70);
    waiting.send (get ("/live/demo/hls/video_0.m3u8?_HLS_msn=1&_HLS_part=3"));
    wait_for ([&] { return sink.stat ("waiting") == 1; });
    Client gone (sink.port ());
    gone.send (get ("/live/demo/hls/video_0.m3u8?_HLS_msn=1&_HLS_part=3"));
    wait_for ([&] { return sink.stat ("waiting") == 2; });
    gone.close ();
    wait_for ([&] { return sink.stat ("waiting") == 1; });
  }
  sink.set_state (GST_STATE_NULL);
  ck_assert_int_ne (waiting.receive ().status, 0);
}
END_TEST

/** Whoever comes a moment too early gets everything all the same. */
START_TEST (early_viewer)
{
  HlsSink sink;
  Stream stream (sink);
  Client client (sink.port ());
  client.send (get ("/live/demo/playlist.m3u8"));
  wait_for ([&] { return sink.stat ("waiting") == 1; });
  stream.video.play (picture (), 0, 0, 20);
  stream.audio.play (sound (), 0, 0, 30);
  const auto answer = client.receive ();
  ck_assert_int_eq (answer.status, 200);
  ck_assert (answer.body.find ("avc1.") != std::string::npos
             && answer.body.find ("mp4a.40.2") != std::string::npos);
}
END_TEST

START_TEST (compression_and_tags)
{
  HlsSink sink;
  Stream stream (sink);
  stream.play (200);
  const auto media = sink.text ("playlist.m3u8");
  const auto place = uris (media)[0];
  const auto plain = sink.get (place),
             zipped = sink.get (place, "Accept-Encoding: br, gzip;q=0.8\r\n");
  assert_text (header (zipped, "Content-Encoding"), "gzip");
  assert_text (header (zipped, "Vary"), "Accept-Encoding");
  assert_text (header (plain, "Vary"), "Accept-Encoding");
  assert_text (header (plain, "Content-Encoding"), "");
  assert_text (gunzip (zipped.body), plain.body);
  ck_assert_uint_lt (zipped.body.size () * 3, plain.body.size ());
  ck_assert (
      plain.body.find ("#EXT-X-RENDITION-REPORT:URI=\"audio_0.m3u8?session=") != std::string::npos);
  for (const char *refusing :
      {"Accept-Encoding: identity\r\n", "Accept-Encoding: gzip;q=0\r\n", "Accept-Encoding: x\r\n"})
    assert_text (header (sink.get (place, refusing), "Content-Encoding"), "");
  assert_text (gunzip (sink.get ("playlist.m3u8", "Accept-Encoding: gzip\r\n").body).substr (0, 7),
      "#EXTM3U");
  const auto tag = header (plain, "ETag"), zipped_tag = header (zipped, "ETag");
  ck_assert (tag.size () > 4 && tag != zipped_tag);
  const auto same = sink.get (place, "If-None-Match: \"x\", " + tag + "\r\n");
  ck_assert_int_eq (same.status, 304);
  ck_assert_uint_eq (same.body.size (), 0);
  ck_assert_int_eq (sink.get (place, "If-None-Match: \"x\"\r\n").status, 200);
  stream.video.play (picture (), 0, 200, 10);
  ck_assert_int_eq (sink.get (place, "If-None-Match: " + tag + "\r\n").status, 200);
}
END_TEST

void
assert_unsatisfiable (const Response &response, const std::string &size)
{
  ck_assert (response.status == 416 && response.has ("Cache-Control: no-store\r\n"));
  assert_text (header (response, "Content-Range"), "bytes */" + size);
}

START_TEST (ranges)
{
  HlsSink sink;
  Stream stream (sink);
  stream.play (70);
  const auto place = "hls/" + uris (sink.text ("hls/video_0.m3u8"))[0];
  const auto whole = sink.text (place);
  const auto size = std::to_string (whole.size ());
  const auto tag = header (sink.get (place), "ETag");
  const auto part = [&] (const std::string &range) {
    return sink.get (place, "Range: " + range + "\r\n");
  };
  const auto check = [&] (const std::string &range, std::size_t from, std::size_t count) {
    const auto response = part (range);
    ck_assert_msg (response.status == 206, "%s: %d", range.c_str (), response.status);
    assert_text (response.body, whole.substr (from, count));
    assert_text (header (response, "Content-Range"),
        "bytes " + std::to_string (from) + "-" + std::to_string (from + count - 1) + "/" + size);
  };
  check ("bytes=0-0", 0, 1);
  check ("bytes=10-5000", 10, 4991); // over several parts
  check ("bytes=100-", 100, whole.size () - 100);
  check ("bytes=-7", whole.size () - 7, 7);
  check ("bytes=0-99999999999999999999999999", 0, whole.size ());
  check ("bytes=-99999999999999999999999", 0, whole.size ());
  for (const auto &range : {"bytes=" + size + "-", std::string ("bytes=99999999999999999999-"),
           std::string ("bytes=-0")})
    assert_unsatisfiable (part (range), size);
  std::string many = "bytes=0-1";
  for (int i = 0; i < 1000; ++i)
    many += ",0-";
  for (const auto &range :
      {many, std::string ("bytes=5-2"), std::string ("bytes=-"), std::string ("bytes=a-b"),
          std::string ("bytes"), std::string ("lines=0-1"), std::string ("bytes=--1")})
    ck_assert_msg (part (range).status == 200, "%s", range.c_str ());
  ck_assert_int_eq (sink.get (place, "Range: bytes=0-1\r\nIf-Range: " + tag + "\r\n").status, 206);
  ck_assert_int_eq (sink.get (place, "Range: bytes=0-1\r\nIf-Range: \"other\"\r\n").status, 200);
  ck_assert_int_eq (sink.get (place, "If-None-Match: " + tag + "\r\n").status, 304);
  ck_assert (sink.get (place).has ("immutable\r\n"));
}
END_TEST

/** A segment is its parts, one after another. */
START_TEST (parts_make_segments)
{
  HlsSink sink;
  Stream stream (sink);
  stream.play (130);
  for (const char *playlist : {"hls/video_0.m3u8", "hls/audio_0.m3u8"}) {
    const auto text = sink.text (playlist);
    const auto segment = uris (text)[1];
    std::string all;
    for (const auto &line : lines_with (text, "#EXT-X-PART:"))
      if (uri_in (line).starts_with (segment.substr (0, segment.size () - 3)))
        all += sink.text ("hls/" + uri_in (line));
    ck_assert (all == sink.text ("hls/" + segment));
  }
}
END_TEST

START_TEST (queries_are_carried_on)
{
  HlsSink sink;
  Stream stream (sink);
  stream.play (130);
  const auto multivariant = sink.text ("playlist.m3u8?a=b%20c&d=\"<e>&session=old&_HLS_msn=0&f");
  for (auto place :
      {uris (multivariant)[0], uri_in (lines_with (multivariant, "#EXT-X-MEDIA")[0])}) {
    ck_assert_msg (
        place.find ("?a=b%20c&d=%22%3Ce%3E&f&session=") != std::string::npos, "%s", place.c_str ());
    const auto text = sink.text (place + "&_HLS_skip=YES");
    for (const auto &uri : uris (text))
      ck_assert (uri.ends_with (".m4s?a=b%20c&d=%22%3Ce%3E&f"));
    for (const char *tag : {"#EXT-X-MAP:", "#EXT-X-PART:", "#EXT-X-PRELOAD-HINT:"})
      for (const auto &line : lines_with (text, tag))
        ck_assert (uri_in (line).ends_with ("?a=b%20c&d=%22%3Ce%3E&f"));
    ck_assert_int_eq (sink.get ("hls/" + uris (text)[0]).status, 200);
    for (const auto &line : lines_with (text, "#EXT-X-RENDITION-REPORT"))
      ck_assert (uri_in (line).find ("&f&session=") != std::string::npos);
  }
}
END_TEST

START_TEST (sessions)
{
  HlsSink sink;
  Stream stream (sink);
  stream.play (130);
  const auto one = uris (sink.text ("playlist.m3u8"))[0],
             two = uris (sink.text ("playlist.m3u8"))[0];
  ck_assert (one != two);
  ck_assert_uint_eq (sink.viewers (), 0); // may have been a bot
  sink.text (one);
  sink.text (one);
  ck_assert_uint_eq (sink.viewers (), 1);
  sink.text (two);
  ck_assert_uint_eq (sink.viewers (), 2);
  sink.text ("hls/video_0.m3u8"); // uncounted
  ck_assert_uint_eq (sink.viewers (), 2);
  ck_assert_uint_eq (sink.stat ("joined"), 2);
  ck_assert_uint_ge (sink.stat ("playlists"), 6);
  ck_assert_uint_gt (sink.stat ("bytes"), 1000);
  // Gone ten seconds later.
  wait_for ([&] { return sink.viewers () == 0; });
  sink.text (one); // and back
  ck_assert_uint_eq (sink.viewers (), 1);
}
END_TEST

START_TEST (sessions_outlive_the_pipeline)
{
  HlsSink sink;
  std::string mine;
  {
    Stream stream (sink);
    stream.play (130);
    mine = uris (sink.text ("playlist.m3u8"))[0];
    sink.text (mine);
  }
  sink.set_state (GST_STATE_NULL);
  sink.set_state (GST_STATE_PLAYING);
  Stream stream (sink);
  stream.play (130);
  sink.text (mine);
  ck_assert_uint_eq (sink.viewers (), 1);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("hls-serve",
      {addresses, methods, playlists_are_waited_for, what_never_comes, closed_while_waiting,
          early_viewer, compression_and_tags, ranges, parts_make_segments, queries_are_carried_on,
          sessions, sessions_outlive_the_pipeline});
}
