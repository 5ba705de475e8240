// SPDX-License-Identifier: LGPL-2.1-or-later
// stagewhepsink as an element: pads, caps, end of stream, states, B-frames.
#include "tests/check/whep/fixture.hpp"
#include "tests/unit/webrtc/depacketize.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using webrtc::Codec;

namespace {

Response
post_offer (Sink &sink, const std::string &path = "/whep", const OfferOptions &options = {})
{
  const auto offer = Viewer ().offer (options);
  return Client (sink.http_port ())
      .ask ("POST " + path
            + " HTTP/1.1\r\nHost: test\r\nContent-Type: application/sdp\r\nContent-Length: "
            + std::to_string (offer.size ()) + "\r\n\r\n" + offer);
}

/** What a viewer gets of one key frame of another codec than H.264. */
Units
units_of (const char *caps, const std::string &offered, Codec codec, const Bytes &unit,
    const Ref<GstBuffer> &codec_data = {})
{
  Sink sink;
  Source video (sink, "video_0");
  ck_assert (video.start (caps, codec_data));
  ck_assert_int_eq (video.push (unit, 0, true), GST_FLOW_OK);
  Viewer viewer;
  viewer.join (sink.http_port (), {.video = offered, .audio = false});
  ck_assert (viewer.connect ());
  viewer.pump_until ([&] { return !viewer.frames (viewer.video_ssrc, codec).empty (); });
  auto frame = viewer.frames (viewer.video_ssrc, codec)[0];
  frame.keyframe = true;
  const auto units = depacketize (frame);
  ck_assert (units.has_value ());
  return *units;
}

START_TEST (other_codecs)
{
  const auto vp8 = nal (0x10, 4000, 1);
  ck_assert (units_of ("video/x-vp8", "97 VP8/90000", Codec::vp8, vp8) == Units{vp8});
  const auto vp9 = nal (0x82, 4000, 2);
  ck_assert (
      units_of ("video/x-vp9,profile=(string)0", "98 VP9/90000 profile-id=0", Codec::vp9, vp9)
      == Units{vp9});
  auto hevc = std::vector<Bytes>{
      nal (0x40, 20, 1), nal (0x42, 30, 2), nal (0x44, 6, 3), nal (0x26, 5000, 4)};
  for (auto &unit : hevc)
    unit[1] = 1;
  ck_assert (units_of ("video/x-h265,stream-format=byte-stream,alignment=au,profile=main",
                 "100 H265/90000", Codec::h265, access_unit (hevc))
             == hevc);
}
END_TEST

START_TEST (avc_becomes_start_codes_and_gets_parameter_sets)
{
  const auto picture = nal (0x65, 3000, 1);
  auto expected = parameter_sets ();
  expected.push_back (picture);
  ck_assert (units_of (avc_caps, "96 H264/90000 packetization-mode=1;profile-level-id=42e01f",
                 Codec::h264, length_prefixed ({picture}), avc_codec_data ())
             == expected);
}
END_TEST

START_TEST (bad_codec_data)
{
  Sink sink;
  Source video (sink, "video_0");
  const auto refuses = [&] (const Ref<GstBuffer> &codec_data) {
    video.start (avc_caps, codec_data);
    const auto unit = length_prefixed ({nal (0x65, 10, 1)});
    return video.push (unit, 0, true) == GST_FLOW_NOT_NEGOTIATED;
  };
  ck_assert (refuses ({}));
  GstMapInfo map;
  const auto good = avc_codec_data ();
  ck_assert (gst_buffer_map (good.get (), &map, GST_MAP_READ));
  const Bytes bytes (map.data, map.data + map.size);
  gst_buffer_unmap (good.get (), &map);
  for (std::size_t size = 1; size < bytes.size (); ++size) {
    const auto cut = adopt (gst_buffer_new_memdup (bytes.data (), size));
    ck_assert (refuses (cut));
  }
  ck_assert (video.start (avc_caps, good));
  // Lengths that lie.
  for (const Bytes &unit : {Bytes{}, Bytes{0}, Bytes{0, 0, 0, 9, 0x65}, Bytes (9, 0xff)})
    ck_assert_int_eq (video.push (unit, 0, true), GST_FLOW_OK);
}
END_TEST

START_TEST (b_frames)
{
  Sink sink;
  Video video (sink);
  video.keyframe ();
  Viewer viewer;
  viewer.join (sink.http_port (), {.audio = false});
  ck_assert (viewer.connect ());
  video.time += 2 * (GST_SECOND / 30);
  video.frame ();
  video.time -= 3 * (GST_SECOND / 30);
  video.frame (); // is shown before the one before
  viewer.pump_until ([&] { return viewer.dtls.ended; });
  const auto message = sink.message (GST_MESSAGE_ELEMENT);
  const auto *fields = gst_message_get_structure (message.get ());
  ck_assert (gst_structure_has_name (fields, "stagedoor-problem"));
  assert_text (gst_structure_get_string (fields, "pad"), "video_0");
  assert_text (gst_structure_get_string (fields, "text"), sink.problem ());
  ck_assert (sink.problem ().find ("B-frames") != std::string::npos);
  const auto refused = post_offer (sink);
  ck_assert_int_eq (refused.status, 503);
  ck_assert (refused.has ("Retry-After: "));
  ck_assert (refused.body.find ("-bf 0") != std::string::npos);

  video.time += GST_SECOND;
  for (int group = 0; group < 4; ++group) {
    video.keyframe ();
    video.frame ();
  }
  assert_text (sink.problem (), "");
  assert_text (gst_structure_get_string (
                   gst_message_get_structure (sink.message (GST_MESSAGE_ELEMENT).get ()), "text"),
      "");
  ck_assert_int_eq (post_offer (sink, "/whep", {.audio = false}).status, 201);
}
END_TEST

START_TEST (pads)
{
  Sink sink;
  auto *element = sink.element ();
  const auto video = adopt (gst_element_request_pad_simple (element, "video_%u"));
  ck_assert (video);
  assert_text (GST_PAD_NAME (video.get ()), "video_0");
  ck_assert (!adopt (gst_element_request_pad_simple (element, "video_%u")));
  ck_assert (!adopt (gst_element_request_pad_simple (element, "audio_1")));
  gst_element_release_request_pad (element, video.get ());
  const auto again = adopt (gst_element_request_pad_simple (element, "video_0"));
  ck_assert (again);
  const auto accepts = [&] (const char *text) {
    const auto caps = adopt (gst_caps_from_string (text));
    return gst_pad_query_accept_caps (again.get (), caps.get ());
  };
  ck_assert (accepts (h264_caps));
  ck_assert (accepts ("video/x-vp8"));
  ck_assert (!accepts ("video/x-h264,stream-format=byte-stream,alignment=nal,profile=main"));
  ck_assert (!accepts ("video/x-h264,stream-format=byte-stream,alignment=au,profile=high-4:4:4"));
  ck_assert (!accepts ("video/x-raw"));
  gst_element_release_request_pad (element, again.get ());
}
END_TEST

START_TEST (end_of_stream)
{
  Sink sink;
  Video video (sink);
  Audio audio (sink);
  video.keyframe ();
  audio.packet ();
  Viewer viewer;
  viewer.join (sink.http_port ());
  ck_assert (viewer.connect ());
  video.event (gst_event_new_eos ());
  ck_assert (!sink.has_message (GST_MESSAGE_EOS));
  audio.packet ();
  viewer.pump_until ([&] { return !viewer.packets (viewer.audio_ssrc).empty (); });
  audio.event (gst_event_new_eos ());
  sink.message (GST_MESSAGE_EOS);
  viewer.pump_until ([&] { return viewer.dtls.ended; });

  // The next publisher.
  ck_assert (video.start (h264_caps));
  video.keyframe ();
  ck_assert_int_eq (post_offer (sink, "/whep", {.audio = false}).status, 201);
}
END_TEST

START_TEST (end_of_stream_before_playing)
{
  Sink sink ("path=/whep", false);
  const Source missing (sink, "audio_0");
  sink.set_state (GST_STATE_PAUSED);
  Video video (sink);
  video.keyframe ();
  video.event (gst_event_new_eos ());
  ck_assert (!sink.has_message (GST_MESSAGE_EOS));
  sink.set_state (GST_STATE_PLAYING);
  sink.message (GST_MESSAGE_EOS);
}
END_TEST

START_TEST (flush)
{
  Sink sink;
  Video video (sink);
  video.keyframe ();
  Viewer viewer;
  viewer.join (sink.http_port (), {.audio = false});
  ck_assert (viewer.connect ());
  video.event (gst_event_new_flush_start ());
  ck_assert_int_eq (video.push (access_unit ({nal (0x41, 9, 1)}), 0, false), GST_FLOW_FLUSHING);
  video.event (gst_event_new_flush_stop (TRUE));
  ck_assert (video.start (h264_caps));
  video.frame (); // isn't shown: its key frame may be gone
  const auto expected = video.keyframe ();
  viewer.pump_until ([&] { return viewer.frames (viewer.video_ssrc, Codec::h264).size () == 2; });
  ck_assert (*depacketize (viewer.frames (viewer.video_ssrc, Codec::h264)[1]) == expected);
}
END_TEST

START_TEST (states)
{
  Sink sink;
  const Viewer offering;
  for (int i = 0; i < 5; ++i) {
    Viewer viewer;
    {
      Video video (sink);
      video.keyframe ();
      viewer.join (sink.http_port (), {.audio = false});
      ck_assert (viewer.connect ());
      sink.set_state (i % 2 ? GST_STATE_NULL : GST_STATE_READY);
      // Goodbye: BYE for the track, close_notify for the session.
      viewer.pump_until ([&] { return viewer.dtls.ended; });
      ck_assert (!viewer.rtcp.empty ());
      const auto &last = viewer.rtcp.back ();
      ck_assert_uint_eq (Reader (ByteView (last).last (8)).u32 (), 0x81cb0001);
      ck_assert_int_ne (post_offer (sink).status, 201);
    }
    sink.set_state (GST_STATE_PLAYING);
  }
}
END_TEST

START_TEST (sinks_share_ports)
{
  Sink first;
  Sink second ("path=/other", false);
  gchar *address = nullptr;
  g_object_get (first.element (), "webrtc-address", &address, nullptr);
  g_object_set (second.element (), "webrtc-address", address, nullptr);
  g_free (address);
  g_object_get (first.element (), "http-address", &address, nullptr);
  g_object_set (second.element (), "http-address", address, nullptr);
  g_free (address);
  second.set_state (GST_STATE_PLAYING);
  Video one (first), two (second);
  one.keyframe ();
  const auto expected = two.keyframe (7000);
  Viewer viewer;
  const auto response = post_offer (first, "/other", {.audio = false});
  ck_assert_int_eq (response.status, 201);
  GstStructure *raw = nullptr;
  g_signal_emit_by_name (
      second.element (), "offer", viewer.offer ({.audio = false}).c_str (), &raw);
  const Structure answer (raw);
  viewer.answer (gst_structure_get_string (answer.get (), "answer"));
  ck_assert_uint_eq (viewer.port, first.udp_port ());
  ck_assert (viewer.connect ());
  first.set_state (GST_STATE_NULL);
  viewer.pump_until ([&] { return !viewer.frames (viewer.video_ssrc, Codec::h264).empty (); });
  ck_assert (*depacketize (viewer.frames (viewer.video_ssrc, Codec::h264)[0]) == expected);
}
END_TEST

START_TEST (address_taken)
{
  Socket occupied;
  Sink sink ("path=/whep", false);
  const auto address = "127.0.0.1:" + std::to_string (occupied.port ());
  g_object_set (sink.element (), "webrtc-address", address.c_str (), nullptr);
  ck_assert_int_eq (
      gst_element_set_state (sink.element (), GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
  GError *raw = nullptr;
  gst_message_parse_error (sink.message (GST_MESSAGE_ERROR).get (), &raw, nullptr);
  const Error error (raw);
  ck_assert (
      g_error_matches (error.get (), GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ_WRITE));
  ck_assert (std::string_view (error->message).find (address) != std::string_view::npos);
}
END_TEST

START_TEST (bad_settings)
{
  for (const char *properties : {"path=whep", "path=/", "path=/whep/", "webrtc-address=nowhere",
           "http-address=127.0.0.1:99999",
           "public-address=example.com webrtc-address=127.0.0.1:0"}) {
    const auto element = Ref<GstElement>::sink (
        gst_parse_launch ((std::string ("stagewhepsink ") + properties).c_str (), nullptr));
    ck_assert_int_eq (
        gst_element_set_state (element.get (), GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
    gst_element_set_state (element.get (), GST_STATE_NULL);
  }
}
END_TEST

START_TEST (codec_change_ends_viewers)
{
  Sink sink;
  Video video (sink);
  video.keyframe ();
  Viewer viewer;
  viewer.join (sink.http_port (), {.audio = false});
  ck_assert (viewer.connect ());
  ck_assert (video.start ("video/x-vp8"));
  ck_assert_int_eq (video.push (nal (0x10, 50, 1), video.time, true), GST_FLOW_OK);
  viewer.pump_until ([&] { return viewer.dtls.ended; });
  ck_assert_int_eq (
      post_offer (sink, "/whep", {.video = "97 VP8/90000", .audio = false}).status, 201);
}
END_TEST

START_TEST (late_track_makes_viewers_come_again)
{
  Sink sink;
  Video video (sink);
  video.keyframe ();
  Viewer both, picture_only;
  both.join (sink.http_port ());
  picture_only.join (sink.http_port (), {.audio = false});
  ck_assert_uint_eq (both.audio_ssrc, 0);
  ck_assert (both.connect ());
  ck_assert (picture_only.connect ());
  Audio audio (sink);
  both.pump_until ([&] { return both.dtls.ended; });
  audio.packet ();
  Viewer again;
  again.join (sink.http_port ());
  ck_assert_uint_ne (again.audio_ssrc, 0);
  video.frame ();
  picture_only.pump_until ([&] { return picture_only.received.size () > 5; });
  ck_assert_uint_eq (sink.viewers (), 1);
}
END_TEST

START_TEST (latency)
{
  Sink sink;
  const auto query = adopt (gst_query_new_latency ());
  Video video (sink);
  ck_assert (gst_element_query (sink.element (), query.get ()));
  gboolean live;
  GstClockTime least, most;
  gst_query_parse_latency (query.get (), &live, &least, &most);
  ck_assert (live);
  ck_assert_uint_eq (least, 20 * GST_MSECOND);
  ck_assert_uint_eq (most, 500 * GST_MSECOND);
}
END_TEST

START_TEST (audio_timestamps_are_made_exact)
{
  Sink sink;
  Source audio (sink, "audio_0");
  ck_assert (audio.start (opus_caps));
  const auto push = [&] (int i, GstClockTime pts) {
    const auto bytes = nal (0xfc, 50, static_cast<unsigned> (i));
    ck_assert_int_eq (audio.push (bytes, pts, true), GST_FLOW_OK);
  };
  push (0, 0);
  Viewer viewer;
  viewer.join (sink.http_port (), {.video = ""});
  ck_assert (viewer.connect ());
  for (int i = 1; i < 40; ++i) // rounded and late by turns
    push (i, static_cast<GstClockTime> (i * 20 + i % 3) * GST_MSECOND);
  push (40, 2 * GST_SECOND); // a gap is a gap
  viewer.pump_until ([&] { return viewer.received.size () == 40; });
  for (std::size_t i = 1; i < 39; ++i)
    ck_assert_uint_eq (viewer.received[i].timestamp - viewer.received[i - 1].timestamp, 960);
  ck_assert_uint_eq (viewer.received[39].timestamp - viewer.received[0].timestamp, 96'000 - 960);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("whep-element",
      {other_codecs, avc_becomes_start_codes_and_gets_parameter_sets, bad_codec_data, b_frames,
          pads, end_of_stream, end_of_stream_before_playing, flush, states, sinks_share_ports,
          address_taken, bad_settings, codec_change_ends_viewers,
          late_track_makes_viewers_come_again, latency, audio_timestamps_are_made_exact});
}
