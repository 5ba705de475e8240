// SPDX-License-Identifier: LGPL-2.1-or-later
// What stagehlssink promises in the multivariant playlist.
#include "tests/check/hls/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

std::uint64_t
bandwidth (const HlsSink &sink)
{
  const auto text = sink.text ("playlist.m3u8");
  const std::string name = "BANDWIDTH=";
  const auto at = text.find (name);
  ck_assert (at != std::string::npos);
  return std::strtoull (text.c_str () + at + name.size (), nullptr, 10);
}

/** Players read it once: who comes first has to be told enough, too. */
START_TEST (bandwidth_is_enough_from_the_beginning)
{
  HlsSink sink;
  Source video (sink, "video_0");
  video.start (picture ());
  video.play (picture (), 0, 0, 40);
  const auto measured = bandwidth (sink);
  constexpr guint declared = 7'654'321;
  video.event (gst_event_new_tag (gst_tag_list_new (GST_TAG_NOMINAL_BITRATE, declared,
      GST_TAG_BITRATE, 1000u, GST_TAG_MAXIMUM_BITRATE, 4'000'000'000u, nullptr)));
  ck_assert_uint_ge (bandwidth (sink), declared + declared / 2);
  ck_assert_uint_lt (bandwidth (sink), 4'000'000'000u);
  video.play (picture (), 0, 40, 90);
  ck_assert_uint_eq (bandwidth (sink), declared); // more than it takes
  // Another stream, which declares nothing.
  video.event (gst_event_new_eos ());
  video.start (picture ());
  video.play (picture (), 0, 0, 200);
  ck_assert_uint_lt (bandwidth (sink), measured);
}
END_TEST

START_TEST (pixels_that_are_not_square)
{
  const std::string raw = "videotestsrc num-buffers=20 ! video/x-raw,format=I420,width=160,"
                          "height=120,framerate=30/1,pixel-aspect-ratio=4/3 ! ";
  // The one has it in the stream, the other in the caps only.
  for (const char *encoder : {"x264enc tune=zerolatency speed-preset=ultrafast ! h264parse ! "
                              "video/x-h264,stream-format=avc,alignment=au",
           "vp9enc deadline=1 cpu-used=8"}) {
    const auto wide = record (raw + encoder + " ! appsink name=out");
    HlsSink sink;
    Source video (sink, "video_0");
    video.start (wide);
    video.play (wide);
    const auto text = sink.text ("playlist.m3u8");
    ck_assert_msg (
        text.find ("RESOLUTION=213x120,") != std::string::npos, "%s: %s", encoder, text.c_str ());
  }
}
END_TEST

/** A playlist with parts only is for those who may know what to do with it. */
START_TEST (first_moments)
{
  HlsSink sink;
  Stream stream (sink);
  stream.play (45); // 1.5 s
  const auto asked = [&] (const char *header) {
    Client client (sink.port ());
    client.send (get ("/live/demo/playlist.m3u8", std::string (header) + "\r\n"));
    return client;
  };
  for (const char *header : {"User-Agent: AppleCoreMedia/1.0.0.21C62", "User-Agent: curl/7.88.1",
           "User-Agent: Mine (like Mozilla/5.0)", "Accept: */*"}) {
    auto client = asked (header);
    ck_assert_msg (client.receive ().status == 200, "%s", header);
  }
  const auto text = sink.text ("playlist.m3u8");
  for (const auto &line : lines_with (text, "hls/")) {
    const auto media = sink.text (line);
    ck_assert_uint_eq (uris (media).size (), 0);
    ck_assert_uint_ge (lines_with (media, "#EXT-X-PART:").size (), 6);
    ck_assert_uint_eq (lines_with (media, "#EXT-X-MAP:").size (), 1);
    ck_assert_uint_eq (lines_with (media, "#EXT-X-PRELOAD-HINT:TYPE=PART").size (), 1);
  }
  std::vector<Client> clients;
  for (const char *header : {"User-Agent: Lavf/59.27.100", "User-Agent: libmpv",
           "User-Agent: GStreamer souphttpsrc 1.22.0 libsoup/3.2.2",
           "User-Agent: VLC/3.0.20 LibVLC/3.0.20", "User-Agent: Mozilla/5.0 (X11; Linux x86_64)"})
    clients.push_back (asked (header));
  wait_for ([&] { return sink.stat ("waiting") == clients.size (); });
  stream.video.play (picture (), 0, 45, 30);
  stream.audio.play (sound (), 0, 72, 46);
  for (auto &client : clients) {
    const auto response = client.receive ();
    ck_assert_int_eq (response.status, 200);
    for (const auto &line : lines_with (response.body, "hls/"))
      ck_assert_uint_eq (uris (sink.text (line)).size (), 1);
  }
  ck_assert_uint_eq (sink.stat ("waiting"), 0);
}
END_TEST

/** It ends before it has a whole segment: nobody waits on. */
START_TEST (briefest_stream)
{
  HlsSink sink;
  Source video (sink, "video_0");
  video.start (picture ());
  video.play (picture (), 0, 0, 20);
  Client client (sink.port ());
  client.send (get ("/live/demo/playlist.m3u8", "User-Agent: Lavf/59.27.100\r\n"));
  wait_for ([&] { return sink.stat ("waiting") == 1; });
  video.event (gst_event_new_eos ());
  const auto status = client.receive ().status;
  ck_assert (
      status == 404 || status == 200); // the end made a segment of it, which it may have seen
}
END_TEST

constexpr const char *key_frames_5_s_apart =
    "videotestsrc num-buffers=480 ! video/x-raw,width=64,height=48,framerate=30/1 ! "
    "x264enc key-int-max=150 tune=zerolatency speed-preset=ultrafast option-string=scenecut=0 ! "
    "h264parse ! video/x-h264,stream-format=avc,alignment=au ! appsink name=out";

std::string
target (const HlsSink &sink, const std::string &playlist)
{
  return lines_with (sink.text (playlist), "#EXT-X-TARGETDURATION:").at (0);
}

/** A target duration that doesn't hold is taken back with its playlist, before a segment tells how
 * long they are. From then on there is another one, at another address. */
START_TEST (long_first_segment)
{
  const auto recording = record (key_frames_5_s_apart);
  HlsSink sink;
  Source video (sink, "video_0");
  video.start (recording);
  std::size_t frames = 60;
  video.play (recording, 0, 0, frames);
  ck_assert_uint_eq (count (sink.text ("playlist.m3u8"), "hls/video_0.m3u8"), 1);
  Client plain (sink.port ()), waits (sink.port ()), late (sink.port ());
  plain.send (get ("/live/demo/playlist.m3u8", "User-Agent: Lavf/59.27.100\r\n"));
  wait_for ([&] { return sink.stat ("waiting") == 1; });
  while (sink.get ("hls/video_0.m3u8").status == 200) {
    assert_text (target (sink, "hls/video_0.m3u8"), "#EXT-X-TARGETDURATION:2");
    video.push (recording.buffers[frames++]);
  }
  ck_assert_uint_ge (frames, 75);
  ck_assert_uint_le (frames, 85);
  // For whoever comes now there is nothing until the segment is finished.
  waits.send (get ("/live/demo/hls/video_0.m3u8?_HLS_msn=0"));
  ck_assert_int_eq (waits.receive ().status, 404);
  late.send (get ("/live/demo/playlist.m3u8"));
  wait_for ([&] { return sink.stat ("waiting") == 2; });
  video.play (recording, 0, frames, 160 - frames);
  for (auto *client : {&plain, &late}) {
    const auto response = client->receive ();
    ck_assert_int_eq (response.status, 200);
    ck_assert_uint_eq (count (response.body, "hls/video_0-5.m3u8"), 1);
  }
  assert_text (target (sink, "hls/video_0-5.m3u8"), "#EXT-X-TARGETDURATION:5");
  ck_assert_int_eq (sink.get ("hls/video_0.m3u8").status, 404);
  ck_assert_uint_eq (sink.stat ("target-duration"), 5);
  // Its end can be had, too, and the next stream makes its own promise.
  video.event (gst_event_new_eos ());
  ck_assert (sink.text ("hls/video_0-5.m3u8").ends_with ("#EXT-X-ENDLIST\n"));
  video.start (picture ());
  video.play (picture (), 0, 0, 100);
  assert_text (target (sink, "hls/video_0.m3u8"), "#EXT-X-TARGETDURATION:2");
}
END_TEST

/** Sound that comes first doesn't say how long segments get. */
START_TEST (late_picture)
{
  const auto recording = record (key_frames_5_s_apart);
  HlsSink sink;
  Source video (sink, "video_0"), audio (sink, "audio_0");
  video.start (recording);
  audio.start (sound ());
  audio.play (sound (), 0, 0, 150); // 3.2 s
  assert_text (target (sink, "hls/audio_0.m3u8"), "#EXT-X-TARGETDURATION:2");
  video.play (recording, 3 * GST_SECOND, 0, 160);
  audio.play (sound (), 0, 150, 240);
  for (const char *playlist : {"hls/video_0-5.m3u8", "hls/audio_0-5.m3u8"})
    assert_text (target (sink, playlist), "#EXT-X-TARGETDURATION:5");
}
END_TEST

/** It ends within its first segment, which is longer than promised. */
START_TEST (long_only_segment)
{
  const auto recording = record (key_frames_5_s_apart);
  HlsSink sink;
  Source video (sink, "video_0");
  video.start (recording);
  video.play (recording, 0, 0, 120);
  video.event (gst_event_new_eos ());
  const auto text = sink.text ("hls/video_0-4.m3u8");
  ck_assert_uint_eq (count (text, "#EXTINF:4.0,\n"), 1);
  assert_text (target (sink, "hls/video_0-4.m3u8"), "#EXT-X-TARGETDURATION:4");
  ck_assert_int_eq (sink.get ("hls/video_0.m3u8").status, 404);
}
END_TEST

/** Key frames that get rarer later on: segments begin without. */
START_TEST (target_is_kept)
{
  HlsSink sink;
  Stream stream (sink);
  stream.play (70);
  const auto before = target (sink, "hls/video_0.m3u8");
  auto rarer = picture ();
  for (auto &buffer : rarer.buffers) {
    buffer = adopt (gst_buffer_copy (buffer.get ()));
    GST_BUFFER_FLAG_SET (buffer.get (), GST_BUFFER_FLAG_DELTA_UNIT);
  }
  stream.video.play (rarer, 0, 70);
  stream.audio.play (sound (), 0, 112);
  for (const char *playlist : {"hls/video_0.m3u8", "hls/audio_0.m3u8"}) {
    assert_text (target (sink, playlist), before);
    const auto segments = lines_with (sink.text (playlist), "#EXTINF:");
    ck_assert_uint_ge (segments.size (), 4);
    for (const auto &line : segments)
      ck_assert_msg (std::strtod (line.c_str () + 8, nullptr) < 2.5, "%s", line.c_str ());
  }
  ck_assert_uint_eq (count (sink.text ("playlist.m3u8"), "#EXT-X-INDEPENDENT-SEGMENTS"), 0);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("hls-promises",
      {bandwidth_is_enough_from_the_beginning, pixels_that_are_not_square, first_moments,
          briefest_stream, long_first_segment, late_picture, long_only_segment, target_is_kept});
}
