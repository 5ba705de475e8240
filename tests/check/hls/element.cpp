// SPDX-License-Identifier: LGPL-2.1-or-later
// stagehlssink as an element: pads that come, go, stop and come back; demand; states.
#include <algorithm>

#include "tests/check/hls/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

constexpr GstClockTimeDiff second = GST_SECOND;

/** One part after the first key frame. */
START_TEST (first_playlist)
{
  HlsSink sink;
  ck_assert_int_eq (sink.get ("playlist.m3u8").status, 404);
  Source video (sink, "video_0");
  video.start (picture ());
  std::size_t frames = 0;
  // The seventh tells how long the sixth is.
  for (; frames < 7; ++frames)
    video.push (picture ().buffers[frames]);
  const auto text = sink.text ("playlist.m3u8");
  ck_assert_uint_eq (uris (text).size (), 1);
  ck_assert (text.find ("RESOLUTION=160x120,FRAME-RATE=30.000") != std::string::npos);
  const auto media = sink.text (uris (text)[0]);
  ck_assert_uint_eq (lines_with (media, "#EXT-X-PART:").size (), 1);
  ck_assert (media.find ("DURATION=0.2,") != std::string::npos);
}
END_TEST

START_TEST (begins_with_a_key_frame)
{
  HlsSink sink;
  Source video (sink, "video_0");
  video.start (picture ());
  video.play (picture (), 0, 10, 30);
  video.event (gst_event_new_eos ());
  const auto found = demux (sink, "video_0.m3u8");
  ck_assert_uint_eq (found.size (), 10);
  ck_assert (found[0].key);
}
END_TEST

START_TEST (only_sound)
{
  HlsSink sink;
  Source video (sink, "video_0"), audio (sink, "audio_0");
  audio.start (sound ());
  audio.play (sound ());
  const auto text = sink.text ("playlist.m3u8");
  ck_assert (text.find ("#EXT-X-STREAM-INF:") != std::string::npos);
  ck_assert (text.find ("RESOLUTION") == std::string::npos);
  ck_assert_uint_ge (uris (sink.text (uris (text)[0])).size (), 5);
  ck_assert_int_eq (sink.get ("hls/video_0.m3u8").status, 404);
}
END_TEST

START_TEST (missing_sound_holds_nothing_back)
{
  HlsSink sink;
  Source video (sink, "video_0"), silent (sink, "audio_0"), late (sink, "audio_1");
  late.start (sound ()); // caps, and never data
  video.start (picture ());
  video.play (picture (), 0, 0, 130);
  ck_assert_uint_eq (uris (sink.text ("playlist.m3u8")).size (), 1);
  ck_assert_uint_eq (uris (sink.text ("hls/video_0.m3u8")).size (), 2);
}
END_TEST

START_TEST (renditions_are_cut_at_the_same_places)
{
  const auto small =
      record ("videotestsrc num-buffers=360 ! video/x-raw,width=80,height=60,framerate=30/1 ! "
              "x264enc key-int-max=30 "
              "tune=zerolatency speed-preset=ultrafast option-string=scenecut=0 ! h264parse ! "
              "video/x-h264,stream-format=avc,alignment=au ! appsink name=out");
  HlsSink sink;
  Stream stream (sink);
  Source other (sink, "video_1");
  other.start (small);
  constexpr std::size_t lead = 25;
  other.play (small, 0, 0, lead); // its encoder is quicker
  for (std::size_t i = 0; i + lead < 360; ++i) {
    stream.video.push (picture ().buffers[i]);
    other.push (small.buffers[i + lead]);
  }
  stream.video.play (picture (), 0, 360 - lead);
  stream.audio.play (sound (), 0, 0, 40);
  const auto text = sink.text ("playlist.m3u8");
  ck_assert_uint_eq (lines_with (text, "#EXT-X-STREAM-INF:").size (), 2);
  ck_assert_uint_eq (lines_with (text, "#EXT-X-MEDIA:TYPE=AUDIO").size (), 1);
  const auto dates = [&] (const char *playlist) {
    return lines_with (sink.text (playlist), "#EXT-X-PROGRAM-DATE-TIME");
  };
  const auto one = dates ("hls/video_0.m3u8"), two = dates ("hls/video_1.m3u8");
  ck_assert_uint_ge (one.size (), 5);
  for (std::size_t i = 0; i < std::min (one.size (), two.size ()); ++i)
    assert_text (one[i], two[i]);
  ck_assert_uint_eq (one.size (), two.size ());
  ck_assert_uint_eq (count (sink.text ("hls/video_0.m3u8"), "#EXT-X-RENDITION-REPORT"), 2);
}
END_TEST

/** A rendition that gets lost has gaps, and comes back. */
START_TEST (lost_rendition)
{
  HlsSink sink;
  Source one (sink, "video_0"), two (sink, "video_1");
  one.start (picture ());
  two.start (picture ());
  for (std::size_t i = 0; i < 65; ++i) {
    one.push (picture ().buffers[i]);
    two.push (picture ().buffers[i]);
  }
  one.play (picture (), 0, 65, 190);
  const auto without = sink.text ("hls/video_1.m3u8");
  ck_assert_uint_ge (count (without, "#EXT-X-GAP\n"), 2);
  ck_assert_uint_eq (uris (without).size (), uris (sink.text ("hls/video_0.m3u8")).size ());
  ck_assert_int_eq (sink.get ("hls/" + uris (without).back ()).status, 404);
  for (std::size_t i = 255; i < 360; ++i) {
    one.push (picture ().buffers[i]);
    two.push (picture ().buffers[i]);
  }
  const auto with = sink.text ("hls/video_1.m3u8");
  ck_assert_uint_eq (uris (with).size (), uris (sink.text ("hls/video_0.m3u8")).size ());
  ck_assert_int_eq (sink.get ("hls/" + uris (with).back ()).status, 200);
}
END_TEST

START_TEST (released_rendition_ends)
{
  HlsSink sink;
  Source one (sink, "video_0");
  one.start (picture ());
  {
    Source two (sink, "video_1");
    two.start (picture ());
    for (std::size_t i = 0; i < 65; ++i) {
      one.push (picture ().buffers[i]);
      two.push (picture ().buffers[i]);
    }
    ck_assert_uint_eq (uris (sink.text ("playlist.m3u8")).size (), 2);
  }
  ck_assert_uint_eq (uris (sink.text ("playlist.m3u8")).size (), 1);
  ck_assert_uint_eq (count (sink.text ("hls/video_1.m3u8"), "#EXT-X-ENDLIST"), 1);
  ck_assert_uint_eq (count (sink.text ("hls/video_0.m3u8"), "#EXT-X-ENDLIST"), 0);
}
END_TEST

START_TEST (interruption)
{
  HlsSink sink;
  Stream stream (sink);
  stream.play (100);
  const auto tell = [&] (const char *name) {
    for (auto *source : {&stream.video, &stream.audio})
      source->event (
          gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new_empty (name)));
  };
  tell ("stagedoor-interrupted");
  const auto before = sink.text ("hls/video_0.m3u8");
  ck_assert_uint_eq (uris (before).size (), 2); // nothing is held back
  ck_assert (sink.is_live ());
  tell ("stagedoor-resumed");
  stream.play (150, 8 * second);
  for (const char *playlist : {"hls/video_0.m3u8", "hls/audio_0.m3u8"}) {
    const auto after = sink.text (playlist);
    ck_assert_msg (count (after, "#EXT-X-DISCONTINUITY\n") == 1, "%s", after.c_str ());
    ck_assert_uint_eq (count (after, "#EXT-X-MAP:"), 1);
    ck_assert (after.find ("#EXT-X-MEDIA-SEQUENCE:0\n") != std::string::npos);
  }
  ck_assert_uint_ge (uris (sink.text ("hls/video_0.m3u8")).size (), 4);
}
END_TEST

START_TEST (other_caps)
{
  HlsSink sink;
  Stream stream (sink);
  stream.play (65);
  const auto other =
      record ("videotestsrc num-buffers=150 ! video/x-raw,width=320,height=240,framerate=25/1 ! "
              "x264enc key-int-max=25 "
              "tune=zerolatency speed-preset=ultrafast ! h264parse ! "
              "video/x-h264,stream-format=avc,alignment=au ! appsink name=out");
  ck_assert (stream.video.event (gst_event_new_caps (other.caps.get ())));
  stream.video.play (other, 65 * second / 30);
  const auto text = sink.text ("hls/video_0.m3u8");
  ck_assert_uint_eq (count (text, "#EXT-X-DISCONTINUITY\n"), 1);
  const auto maps = lines_with (text, "#EXT-X-MAP:");
  ck_assert_uint_eq (maps.size (), 2);
  ck_assert (sink.text ("hls/" + uri_in (maps[0])) != sink.text ("hls/" + uri_in (maps[1])));
  ck_assert (sink.text ("playlist.m3u8").find ("RESOLUTION=320x240") != std::string::npos);
  // The same again changes nothing.
  stream.video.event (gst_event_new_caps (gst_caps_copy (other.caps.get ())));
  stream.video.play (other, 65 * second / 30 + 6 * second);
  ck_assert_uint_eq (count (sink.text ("hls/video_0.m3u8"), "#EXT-X-DISCONTINUITY\n"), 1);
}
END_TEST

START_TEST (end_and_next_publisher)
{
  HlsSink sink;
  Stream stream (sink);
  stream.play (100);
  const auto old = sink.text ("hls/video_0.m3u8");
  stream.video.event (gst_event_new_eos ());
  ck_assert (sink.is_live ());
  ck_assert (!sink.has_message (GST_MESSAGE_EOS));
  stream.audio.event (gst_event_new_eos ());
  sink.message (GST_MESSAGE_EOS);
  ck_assert_int_eq (sink.get ("playlist.m3u8").status, 404);
  const auto ended = sink.text ("hls/video_0.m3u8");
  ck_assert_uint_eq (count (ended, "#EXT-X-ENDLIST"), 1);
  ck_assert_uint_eq (count (ended, "PRELOAD-HINT"), 0);
  stream.video.start (picture ());
  stream.video.play (picture (), 0, 0, 100);
  ck_assert_uint_eq (lines_with (sink.text ("playlist.m3u8"), "#EXT-X-STREAM-INF").size (), 1);
  const auto next = sink.text ("hls/video_0.m3u8");
  ck_assert_uint_eq (count (next, "#EXT-X-ENDLIST"), 0);
  // Not the name of anything that a cache may have.
  ck_assert (old.find (uris (next)[0]) == std::string::npos);
  ck_assert (next.find ("#EXT-X-MEDIA-SEQUENCE:0\n") == std::string::npos);
}
END_TEST

START_TEST (titles)
{
  HlsSink sink;
  Stream stream (sink);
  stream.play (40);
  stream.video.event (
      gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, "Nine \"o'clock\"\nnews", nullptr)));
  const auto text = sink.text ("hls/audio_0.m3u8");
  const auto dates = lines_with (text, "#EXT-X-DATERANGE:");
  ck_assert_uint_eq (dates.size (), 1);
  ck_assert (dates[0].find ("Nine 'o'clock' news") != std::string::npos);
  ck_assert_uint_eq (count (sink.text ("hls/video_0.m3u8"), "#EXT-X-DATERANGE:"), 1);
}
END_TEST

START_TEST (pads)
{
  HlsSink sink;
  const auto any = adopt (gst_element_request_pad_simple (sink.element (), "video_%u"));
  const auto named = adopt (gst_element_request_pad_simple (sink.element (), "video_7"));
  ck_assert (any && named);
  assert_text (GST_PAD_NAME (any.get ()), "video_0");
  const auto accepts = [&] (const char *text) {
    const auto caps = adopt (gst_caps_from_string (text));
    return gst_pad_query_accept_caps (any.get (), caps.get ()) != FALSE;
  };
  ck_assert (accepts ("video/x-h264,stream-format=avc,alignment=au,profile=high-4:2:2"));
  ck_assert (!accepts ("video/x-vp8"));
  ck_assert (!accepts ("video/x-h264,stream-format=byte-stream,alignment=nal"));
  // B-frames are welcome: nothing is said against them.
  const auto caps = adopt (gst_pad_query_caps (any.get (), nullptr));
  ck_assert (!gst_structure_has_field (gst_caps_get_structure (caps.get (), 0), "b-frames"));
  std::vector<Ref<GstPad>> all;
  while (auto *pad = gst_element_request_pad_simple (sink.element (), "audio_%u"))
    all.push_back (adopt (pad));
  ck_assert_uint_eq (all.size (), 30); // and no end is an end
  for (const auto &pad : all)
    gst_element_release_request_pad (sink.element (), pad.get ());
}
END_TEST

START_TEST (bad_codec_data)
{
  HlsSink sink;
  Source video (sink, "video_0");
  const auto good = picture ().caps;
  GstBuffer *data = nullptr;
  gst_structure_get (
      gst_caps_get_structure (good.get (), 0), "codec_data", GST_TYPE_BUFFER, &data, nullptr);
  const auto setup = adopt (data);
  for (gsize size = 0; size < gst_buffer_get_size (setup.get ()); ++size) {
    auto caps = adopt (gst_caps_copy (good.get ()));
    const auto cut = adopt (gst_buffer_copy_region (setup.get (), GST_BUFFER_COPY_ALL, 0, size));
    gst_caps_set_simple (caps.get (), "codec_data", GST_TYPE_BUFFER, cut.get (), nullptr);
    if (!video.start (caps))
      ck_assert_int_eq (video.push (picture ().buffers[0]), GST_FLOW_NOT_NEGOTIATED);
  }
  ck_assert (video.start (picture ()));
  // Frames that aren't any.
  for (const char *bytes : {"", "\x01", "\xff\xff\xff\xff\xff"}) {
    const auto buffer =
        adopt (*bytes != 0 ? gst_buffer_new_memdup (bytes, strlen (bytes)) : gst_buffer_new ());
    GST_BUFFER_PTS (buffer.get ()) = GST_SECOND;
    ck_assert_int_eq (video.push (buffer), GST_FLOW_OK);
  }
  video.play (picture (), second, 0, 60);
  ck_assert (sink.is_live ());
}
END_TEST

START_TEST (states)
{
  HlsSink sink;
  for (int i = 0; i < 4; ++i) {
    {
      Stream stream (sink);
      stream.play (70);
      ck_assert (sink.is_live ());
      sink.set_state (i % 2 != 0 ? GST_STATE_NULL : GST_STATE_READY);
      ck_assert_int_eq (sink.get ("playlist.m3u8").status, 404);
    }
    sink.set_state (GST_STATE_PLAYING);
  }
}
END_TEST

START_TEST (demand)
{
  HlsSink sink;
  Stream stream (sink);
  wait_for ([&] { return stream.video.demands () == std::vector{false}; });
  stream.play (40);
  ck_assert (sink.is_live ());
  wait_for ([&] {
    return stream.video.demands () == std::vector{false, true}
           && stream.audio.demands () == std::vector{false, true};
  });
  // Ten seconds later.
  wait_for ([&] { return stream.audio.demands () == std::vector{false, true, false}; });
}
END_TEST

START_TEST (bad_settings)
{
  for (const char *properties :
      {"path=live", "path=/live/demo/", "path=\"\"", "http-address=nowhere", "path=/demo keys=x",
          "path=/live/demo keys=nonsense", "path=/live/.. key-file=/nonexistent"}) {
    const auto element = Ref<GstElement>::sink (gst_parse_launch (
        (std::string ("stagehlssink http-address=127.0.0.1:0 ") + properties).c_str (), nullptr));
    ck_assert_msg (
        gst_element_set_state (element.get (), GST_STATE_READY) == GST_STATE_CHANGE_FAILURE, "%s",
        properties);
    gst_element_set_state (element.get (), GST_STATE_NULL);
  }
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("hls-element",
      {first_playlist, begins_with_a_key_frame, only_sound, missing_sound_holds_nothing_back,
          renditions_are_cut_at_the_same_places, lost_rendition, released_rendition_ends,
          interruption, other_caps, end_and_next_publisher, titles, pads, bad_codec_data, states,
          demand, bad_settings});
}
