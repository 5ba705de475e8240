// SPDX-License-Identifier: LGPL-2.1-or-later
// The muxer as an element: it waits for nothing, and says what it can't carry.
#include <gst/check/gstharness.h>

#include "libs/mpegts/demuxer.hpp"
#include "tests/check/gate/srt_caller.hpp"

#include "tests/check/gate/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using mpegts::Codec;

namespace {

constexpr const char *aac_caps =
    "audio/mpeg, mpegversion=4, stream-format=raw, rate=48000, channels=2, codec_data=(buffer)1190";

/** With the parameter sets of the test film. */
const char *
h264_caps ()
{
  static const std::string caps = [] {
    mpegts::Demuxer demuxer;
    std::vector<mpegts::Event> events;
    ck_assert (demuxer.feed (transport_stream ("h264-aac.mpegts"), events).has_value ());
    std::string out = "video/x-h264, stream-format=avc, alignment=au, codec_data=(buffer)";
    for (const auto &event : events)
      if (const auto *setup = std::get_if<mpegts::Setup> (&event);
          setup && setup->codec == Codec::h264)
        for (const auto byte : setup->config) {
          const String digits (g_strdup_printf ("%02x", unsigned{byte}));
          out += digits.get ();
        }
    return out;
  }();
  return caps.c_str ();
}

const Bytes picture{0, 0, 0, 3, 0x65, 0x88, 0x84};
const Bytes sound{1, 2, 3, 4};

using Harness = Owned<GstHarness, gst_harness_teardown>;

struct Mux
{
  Ref<GstElement> element =
      Ref<GstElement>::sink (gst_element_factory_make ("stagetsmux", nullptr));
  Harness out{gst_harness_new_with_element (element.get (), nullptr, "src")};
  Harness video{gst_harness_new_with_element (element.get (), "video", nullptr)};
  Harness audio{gst_harness_new_with_element (element.get (), "audio", nullptr)};
  Ref<GstBus> bus = adopt (gst_bus_new ());
  mpegts::Demuxer demuxer;
  std::vector<mpegts::Event> events;

  Mux () { gst_element_set_bus (element.get (), bus.get ()); }
  ~Mux () { gst_element_set_bus (element.get (), nullptr); }

  static GstFlowReturn push (
      const Harness &to, const Bytes &data, GstClockTime pts, GstClockTime dts, bool key)
  {
    auto *buffer = gst_buffer_new_allocate (nullptr, data.size (), nullptr);
    gst_buffer_fill (buffer, 0, data.data (), data.size ());
    GST_BUFFER_PTS (buffer) = pts;
    GST_BUFFER_DTS (buffer) = dts;
    if (!key)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    return gst_harness_push (to.get (), buffer);
  }
  void show (GstClockTime at, bool key = true)
  {
    ck_assert_int_eq (push (video, picture, at, at, key), GST_FLOW_OK);
  }
  void play (GstClockTime at)
  {
    ck_assert_int_eq (push (audio, sound, at, GST_CLOCK_TIME_NONE, true), GST_FLOW_OK);
  }
  /** What came out since the last time, and at once: nothing here waits. */
  std::vector<mpegts::Unit> take ()
  {
    events.clear ();
    while (const auto buffer = adopt (gst_harness_try_pull (out.get ()))) {
      GstMapInfo map;
      ck_assert (gst_buffer_map (buffer.get (), &map, GST_MAP_READ));
      ck_assert_uint_eq (map.size % mpegts::packet_size, 0);
      ck_assert (demuxer.feed ({map.data, map.size}, events).has_value ());
      gst_buffer_unmap (buffer.get (), &map);
    }
    demuxer.finish (events);
    std::vector<mpegts::Unit> units;
    for (const auto &event : events)
      if (const auto *unit = std::get_if<mpegts::Unit> (&event))
        units.push_back (*unit);
    return units;
  }
  std::string problem ()
  {
    const auto message = adopt (gst_bus_pop_filtered (bus.get (), GST_MESSAGE_ELEMENT));
    if (!message)
      return "none";
    const auto *fields = gst_message_get_structure (message.get ());
    return std::string (gst_structure_get_string (fields, "pad")) + ": "
           + gst_structure_get_string (fields, "text");
  }
  bool ended ()
  {
    for (;;) {
      const auto event = adopt (gst_harness_try_pull_event (out.get ()));
      if (!event || GST_EVENT_TYPE (event.get ()) == GST_EVENT_EOS)
        return bool (event);
    }
  }
};

} // namespace

START_TEST (both_tracks_come_out_at_once)
{
  Mux mux;
  gst_harness_set_src_caps_str (mux.video.get (), h264_caps ());
  gst_harness_set_src_caps_str (mux.audio.get (), aac_caps);
  ck_assert_int_eq (
      Mux::push (mux.video, picture, GST_SECOND + 40 * GST_MSECOND, GST_SECOND, true), GST_FLOW_OK);
  mux.play (GST_SECOND);
  const auto units = mux.take ();
  ck_assert_uint_eq (units.size (), 2);
  ck_assert (units[0].codec == Codec::h264 && units[0].keyframe);
  ck_assert_uint_eq (units[0].dts, 3 * 90'000); // two seconds are the origin
  ck_assert_uint_eq (units[0].pts, 3 * 90'000 + 3600);
  ck_assert (units[0].data == picture);
  ck_assert (units[1].codec == Codec::aac);
  ck_assert (units[1].data == sound);
  const auto caps = adopt (gst_pad_get_current_caps (mux.out->sinkpad));
  ck_assert (caps && gst_caps_is_fixed (caps.get ()));
}
END_TEST

START_TEST (a_track_without_data_holds_nothing_back)
{
  Mux mux;
  gst_harness_set_src_caps_str (mux.video.get (), h264_caps ());
  for (int i = 0; i < 5; ++i) {
    mux.show (i * 40 * GST_MSECOND, i == 0);
    ck_assert_uint_eq (mux.take ().size (), 1);
  }
  gst_harness_set_src_caps_str (mux.audio.get (), aac_caps); // and here it comes
  mux.play (200 * GST_MSECOND);
  const auto units = mux.take ();
  ck_assert (units.size () == 1 && units[0].codec == Codec::aac);
}
END_TEST

START_TEST (time_is_running_time)
{
  Mux mux;
  gst_harness_set_src_caps_str (mux.audio.get (), aac_caps);
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = 100 * GST_SECOND;
  segment.base = GST_SECOND;
  ck_assert (gst_harness_push_event (mux.audio.get (), gst_event_new_segment (&segment)));
  mux.play (101 * GST_SECOND);
  const auto units = mux.take ();
  ck_assert_uint_eq (units.size (), 1);
  ck_assert_uint_eq (units[0].pts, (2 + 2) * 90'000);
}
END_TEST

START_TEST (what_cant_be_carried_is_said_and_dropped)
{
  Mux mux;
  gst_harness_set_src_caps_str (mux.audio.get (), aac_caps);
  gst_harness_set_src_caps_str (mux.video.get (), "video/x-vp8");
  assert_text (
      mux.problem (), "video: players by SRT get no picture: a transport stream can't carry VP8");
  mux.show (0);
  mux.play (0);
  const auto units = mux.take ();
  ck_assert (units.size () == 1 && units[0].codec == Codec::aac);
  assert_text (mux.problem (), "none");
  gst_harness_set_src_caps_str (mux.video.get (), h264_caps ());
  assert_text (mux.problem (), "video: ");
  mux.show (GST_SECOND);
  ck_assert_uint_eq (mux.take ().size (), 1);
}
END_TEST

START_TEST (broken_frames_and_caps_are_dropped)
{
  Mux mux;
  gst_harness_set_src_caps_str (
      mux.video.get (), "video/x-h264, stream-format=avc, alignment=au, codec_data=(buffer)0142");
  ck_assert (mux.problem () != "none");
  mux.show (0);
  gst_harness_set_src_caps_str (mux.video.get (), h264_caps ());
  ck_assert_int_eq (
      Mux::push (mux.video, {0, 0, 0, 9, 0x65}, 0, 0, true), GST_FLOW_OK); // cut short
  ck_assert_int_eq (Mux::push (mux.video, {}, 0, 0, true), GST_FLOW_OK);
  ck_assert_int_eq (
      Mux::push (mux.video, picture, GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE, true), GST_FLOW_OK);
  ck_assert (mux.take ().empty ());
  mux.show (GST_SECOND);
  ck_assert_uint_eq (mux.take ().size (), 1);
}
END_TEST

START_TEST (the_end_comes_with_the_last_track)
{
  Mux mux;
  gst_harness_set_src_caps_str (mux.video.get (), h264_caps ());
  gst_harness_set_src_caps_str (mux.audio.get (), aac_caps);
  mux.show (0);
  mux.play (0);
  ck_assert (gst_harness_push_event (mux.audio.get (), gst_event_new_eos ()));
  ck_assert (!mux.ended ());
  ck_assert (gst_harness_push_event (mux.video.get (), gst_event_new_eos ()));
  ck_assert (mux.ended ());
}
END_TEST

START_TEST (there_is_one_pad_of_each)
{
  const auto mux = Ref<GstElement>::sink (gst_element_factory_make ("stagetsmux", nullptr));
  const auto pad = adopt (gst_element_request_pad_simple (mux.get (), "video"));
  ck_assert (pad.get () != nullptr);
  auto *templ = gst_element_get_pad_template (mux.get (), "video");
  ck_assert (!adopt (gst_element_request_pad (mux.get (), templ, nullptr, nullptr)));
  gst_element_release_request_pad (mux.get (), pad.get ());
  ck_assert (adopt (gst_element_request_pad_simple (mux.get (), "video")).get () != nullptr);
}
END_TEST

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("stagetsmux",
      {both_tracks_come_out_at_once, a_track_without_data_holds_nothing_back, time_is_running_time,
          what_cant_be_carried_is_said_and_dropped, broken_frames_and_caps_are_dropped,
          the_end_comes_with_the_last_track, there_is_one_pad_of_each});
}
