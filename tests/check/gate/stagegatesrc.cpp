// SPDX-License-Identifier: LGPL-2.1-or-later
// stagegatesrc in a pipeline, with a publisher over a real connection.
#include <algorithm>

#include "tests/check/gate/pipeline.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

/** @p seconds of both tracks, ten frames a second each. */
void
send_both (Publisher &publisher, int seconds)
{
  publisher.send_h264_setup ();
  publisher.send_aac_setup ();
  for (int i = 0; i < seconds * 10; ++i) {
    publisher.send_video (static_cast<std::uint32_t> (i) * 100, i % 10 == 0);
    publisher.send_audio (static_cast<std::uint32_t> (i) * 100 + 10);
  }
}

std::string
field (const Ref<GstMessage> &message, const char *name)
{
  ck_assert (message);
  const char *text = gst_structure_get_string (gst_message_get_structure (message.get ()), name);
  ck_assert_ptr_nonnull (text);
  return text;
}

void
assert_monotonic (const std::vector<Got> &all, const std::string &pad)
{
  GstClockTime last = 0;
  for (const auto &got : all)
    if (got.pad == pad) {
      ck_assert_uint_ge (got.pts, last);
      last = got.pts;
    }
}

START_TEST (publisher_to_end_of_stream)
{
  Pipeline pipeline (with_keys ());
  pipeline.play ();
  Publisher publisher (pipeline.port ());
  ck_assert (publisher.publish (good_stream ()));
  assert_text (
      field (pipeline.wait_for (GST_MESSAGE_ELEMENT, "stagedoor-published"), "protocol"), "rtmp");
  send_both (publisher, 1);
  ck_assert (eventually (
      [&] { return pipeline.count ("video") == 10 && pipeline.count ("audio") == 10; }));
  ck_assert_int_eq (pipeline.no_more_pads (), 1);
  publisher.unpublish ();
  assert_text (field (pipeline.wait_for (GST_MESSAGE_ELEMENT, "stagedoor-unpublished"), "why"),
      "the publisher stopped publishing");
  ck_assert (pipeline.wait_for (GST_MESSAGE_EOS));
  const auto all = pipeline.got ();
  ck_assert (all.front ().discont);
  assert_monotonic (all, "video");
  assert_monotonic (all, "audio");
  ck_assert_uint_eq (all.back ().pts - all.front ().pts, 910 * GST_MSECOND);
  ck_assert_uint_eq (pipeline.stat ("admitted"), 1);
}
END_TEST

START_TEST (caps_and_events_are_complete)
{
  Pipeline pipeline (with_keys ());
  pipeline.play ();
  Publisher publisher (pipeline.port ());
  ck_assert (publisher.publish (good_stream ()));
  send_both (publisher, 1);
  ck_assert (eventually ([&] { return pipeline.count ("audio") == 10; }));
  const auto video = adopt (gst_element_get_static_pad (pipeline.gate (), "video"));
  const auto audio = adopt (gst_element_get_static_pad (pipeline.gate (), "audio"));
  const auto caps = adopt (gst_pad_get_current_caps (video.get ()));
  ck_assert (gst_structure_has_field (gst_caps_get_structure (caps.get (), 0), "codec_data"));
  const auto group_of = [] (const Ref<GstPad> &pad) {
    guint id = 0;
    const auto event = adopt (gst_pad_get_sticky_event (pad.get (), GST_EVENT_STREAM_START, 0));
    ck_assert (event && gst_event_parse_group_id (event.get (), &id));
    return id;
  };
  ck_assert_uint_eq (group_of (video), group_of (audio));
  const auto query = adopt (gst_query_new_latency ());
  ck_assert (gst_pad_query (video.get (), query.get ()));
  gboolean live = FALSE;
  GstClockTime least = 0, most = 0;
  gst_query_parse_latency (query.get (), &live, &least, &most);
  ck_assert (live);
  ck_assert_uint_ge (least, 100 * GST_MSECOND);
  ck_assert_uint_le (least, 2 * GST_SECOND);
  ck_assert_uint_eq (most, GST_CLOCK_TIME_NONE);
  ck_assert (!gst_element_seek_simple (
      pipeline.gate (), GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SECOND));
}
END_TEST

START_TEST (refused_publisher_is_a_message)
{
  Pipeline pipeline (with_keys ());
  pipeline.play ();
  Publisher stranger (pipeline.port ());
  ck_assert (!stranger.publish ("demo"));
  const auto refused = pipeline.wait_for (GST_MESSAGE_ELEMENT, "stagedoor-refused");
  assert_text (field (refused, "name"), "live/demo");
  assert_text (field (refused, "peer"), "127.0.0.1");
  assert_text (field (refused, "reason"), "no-key");
  ck_assert (stranger.received ().find (field (refused, "text")) != std::string::npos);
  Publisher lost (pipeline.port ());
  ck_assert (!lost.publish ("other?key=" + key_for ("live/other")));
  assert_text (field (pipeline.wait_for (GST_MESSAGE_ELEMENT, "stagedoor-refused"), "reason"),
      "wrong-stream");
  Publisher publisher (pipeline.port ());
  ck_assert (publisher.publish (good_stream ()));
  ck_assert_uint_eq (pipeline.stat ("refused"), 2);
}
END_TEST

START_TEST (next_publisher_goes_on_on_the_same_pads)
{
  Pipeline pipeline ("keep-listening=true " + with_keys ());
  pipeline.play ();
  for (std::size_t round = 1; round <= 3; ++round) {
    Publisher publisher (pipeline.port ());
    ck_assert (publisher.publish (good_stream ()));
    send_both (publisher, 1);
    const bool complete = eventually ([&] {
      return pipeline.count ("video") == 10 * round && pipeline.count ("audio") == 10 * round;
    });
    ck_assert_msg (complete, "round %zu: %zu video, %zu audio", round, pipeline.count ("video"),
        pipeline.count ("audio"));
    publisher.close ();
    assert_text (field (pipeline.wait_for (GST_MESSAGE_ELEMENT, "stagedoor-unpublished"), "why"),
        "the publisher closed the connection");
  }
  const auto all = pipeline.got ();
  assert_monotonic (all, "video");
  assert_monotonic (all, "audio");
  ck_assert_int_eq (pipeline.no_more_pads (), 1);
  const auto disconts = std::count_if (
      all.begin (), all.end (), [] (const Got &g) { return g.discont && g.pad == "video"; });
  ck_assert_int_eq (static_cast<int> (disconts), 3);
}
END_TEST

START_TEST (publisher_without_media_is_no_stream)
{
  Pipeline pipeline (with_keys ());
  pipeline.play ();
  {
    Publisher publisher (pipeline.port ());
    ck_assert (publisher.publish (good_stream ()));
  }
  ck_assert (pipeline.wait_for (GST_MESSAGE_ELEMENT, "stagedoor-unpublished"));
  Publisher publisher (pipeline.port ());
  ck_assert (publisher.publish (good_stream ()));
  send_both (publisher, 1);
  ck_assert (eventually ([&] { return pipeline.count ("video") == 10; }));
}
END_TEST

START_TEST (missing_track_is_not_waited_for)
{
  Pipeline pipeline (with_keys (), {"audio"});
  pipeline.play ();
  Publisher publisher (pipeline.port ());
  ck_assert (publisher.publish (good_stream ()));
  publisher.send_aac_setup ();
  for (std::uint32_t ms = 0; ms <= 1900; ms += 100)
    publisher.send_audio (ms);
  ck_assert (eventually ([&] { return pipeline.count ("audio") == 20; }));
  ck_assert_int_eq (pipeline.no_more_pads (), 0);
  publisher.send_audio (2000);
  ck_assert (eventually ([&] { return pipeline.no_more_pads () == 1; }));
  publisher.unpublish ();
  ck_assert (pipeline.wait_for (GST_MESSAGE_EOS));
}
END_TEST

START_TEST (track_that_nobody_links_holds_nothing_back)
{
  Pipeline pipeline (with_keys (), {"audio"});
  pipeline.play ();
  Publisher publisher (pipeline.port ());
  ck_assert (publisher.publish (good_stream ()));
  send_both (publisher, 3);
  ck_assert (eventually ([&] { return pipeline.count ("audio") == 30; }));
}
END_TEST

START_TEST (nobody_linked_at_all_is_an_error)
{
  Pipeline pipeline (with_keys (), {});
  pipeline.play ();
  Publisher publisher (pipeline.port ());
  ck_assert (publisher.publish (good_stream ()));
  send_both (publisher, 1);
  ck_assert (pipeline.wait_for (GST_MESSAGE_ERROR));
}
END_TEST

START_TEST (broken_access_unit_goes_no_further)
{
  Pipeline pipeline (with_keys ());
  pipeline.play ();
  Publisher publisher (pipeline.port ());
  ck_assert (publisher.publish (good_stream ()));
  publisher.send_h264_setup ();
  publisher.send_video (0, true);
  publisher.send_tag (9, 33, {0x27, 1, 0, 0, 0, 0, 0, 0, 9, 0x41}); // says 9 bytes, has one
  publisher.send_video (66, false);
  ck_assert (eventually ([&] { return pipeline.count ("video") == 2; }));
  GstStructure *stats = nullptr;
  g_object_get (pipeline.gate (), "stats", &stats, nullptr);
  const Structure owned (stats);
  const auto *publication =
      gst_value_get_structure (gst_structure_get_value (stats, "publication"));
  guint64 broken = 0;
  ck_assert (gst_structure_get_uint64 (publication, "broken-frames", &broken));
  ck_assert_uint_eq (broken, 1);
}
END_TEST

START_TEST (end_of_stream_on_demand)
{
  Pipeline pipeline ("keep-listening=true " + with_keys ());
  pipeline.play ();
  Publisher publisher (pipeline.port ());
  ck_assert (publisher.publish (good_stream ()));
  send_both (publisher, 1);
  ck_assert (eventually ([&] { return pipeline.count ("audio") == 10; }));
  ck_assert (gst_element_send_event (pipeline.get (), gst_event_new_eos ()));
  ck_assert (pipeline.wait_for (GST_MESSAGE_EOS));
}
END_TEST

START_TEST (up_and_down_fifty_times)
{
  Pipeline pipeline ("keep-listening=true " + with_keys ());
  const auto stream = good_stream ();
  for (int i = 0; i < 50; ++i) {
    pipeline.play ();
    if (i % 5 == 0) {
      const auto before = pipeline.count ("video");
      Publisher publisher (pipeline.port ());
      ck_assert (publisher.publish (stream));
      send_both (publisher, 1);
      ck_assert (eventually ([&] { return pipeline.count ("video") > before; }));
      pipeline.set_state (i % 10 == 0 ? GST_STATE_READY : GST_STATE_PAUSED);
    }
    ck_assert (pipeline.set_state (i % 2 == 0 ? GST_STATE_NULL : GST_STATE_READY)
               == GST_STATE_CHANGE_SUCCESS);
  }
}
END_TEST

START_TEST (going_down_interrupts_waiting)
{
  Pipeline pipeline (with_keys ());
  ck_assert (pipeline.set_state (GST_STATE_PAUSED) == GST_STATE_CHANGE_NO_PREROLL);
  ck_assert (pipeline.set_state (GST_STATE_NULL) == GST_STATE_CHANGE_SUCCESS);
  pipeline.play ();
  ck_assert (eventually ([&] {
    return gst_element_get_state (pipeline.get (), nullptr, nullptr, 0) != GST_STATE_CHANGE_ASYNC;
  }));
  const auto before = g_get_monotonic_time ();
  ck_assert (pipeline.set_state (GST_STATE_NULL) == GST_STATE_CHANGE_SUCCESS);
  ck_assert_int_lt (g_get_monotonic_time () - before, 5 * G_USEC_PER_SEC);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("stagegatesrc",
      {publisher_to_end_of_stream, caps_and_events_are_complete, refused_publisher_is_a_message,
          next_publisher_goes_on_on_the_same_pads, publisher_without_media_is_no_stream,
          missing_track_is_not_waited_for, track_that_nobody_links_holds_nothing_back,
          nobody_linked_at_all_is_an_error, broken_access_unit_goes_no_further,
          end_of_stream_on_demand, up_and_down_fifty_times, going_down_interrupts_waiting});
}
