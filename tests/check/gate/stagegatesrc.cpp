// SPDX-License-Identifier: LGPL-2.1-or-later
// stagegatesrc in a pipeline, with a publisher over a real connection.
#include <algorithm>
#include <cstring>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "gst-plugins/common/shared_service.hpp"
#include "tests/check/gate/pipeline.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

std::string
with_keys ()
{
  const auto text = keyring_text ();
  const auto at = text.find ("secret "); // gst-launch's syntax wants it on one line
  return "keys=\"" + text.substr (at, text.find ('\n', at) - at) + "\"";
}

std::string
good_stream ()
{
  return "demo?key=" + key_for ("live/demo");
}

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

/** Fails to start, with this error and a text that holds @p text. */
void
assert_error (Pipeline &pipeline, GstResourceError code, const char *text)
{
  ck_assert (pipeline.set_state (GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE);
  const auto message = pipeline.wait_for (GST_MESSAGE_ERROR);
  ck_assert (message);
  GError *error = nullptr;
  gst_message_parse_error (message.get (), &error, nullptr);
  const Error owned (error);
  ck_assert_msg (g_error_matches (error, GST_RESOURCE_ERROR, code), "%s", error->message);
  ck_assert_msg (std::strstr (error->message, text) != nullptr, "%s", error->message);
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

START_TEST (public_lets_anybody_in_and_says_so)
{
  Pipeline pipeline ("public=true");
  pipeline.play ();
  const auto warning = pipeline.wait_for (GST_MESSAGE_WARNING);
  ck_assert (warning);
  GError *error = nullptr;
  gst_message_parse_warning (warning.get (), &error, nullptr);
  ck_assert_ptr_nonnull (std::strstr (error->message, "Anybody"));
  g_error_free (error);
  Publisher publisher (pipeline.port ());
  ck_assert (publisher.publish ("demo"));
}
END_TEST

START_TEST (wrong_settings_are_errors)
{
  Pipeline no_keys ("");
  assert_error (no_keys, GST_RESOURCE_ERROR_SETTINGS, "nobody could publish");
  Pipeline both ("public=true " + with_keys ());
  assert_error (both, GST_RESOURCE_ERROR_SETTINGS, "not several");
  Pipeline no_file ("key-file=/nonexistent/keys");
  assert_error (no_file, GST_RESOURCE_ERROR_SETTINGS, "key-file");
  Pipeline broken ("keys=\"secret k1 hunter2-hunter2-hunter2\"");
  assert_error (broken, GST_RESOURCE_ERROR_SETTINGS, "line 1");
  const auto again = adopt (gst_element_get_bus (broken.get ()));
  Pipeline host ("public=true", {}, "no.such.host:0");
  assert_error (host, GST_RESOURCE_ERROR_SETTINGS, "listen address");
  for (const char *bad :
      {"", "rtmp://", "http://:1935/live/demo", "rtmp://:1935/live", "rtmp://:1935/live/",
          "rtmp://:1935/live/a/b", "rtmp://:1935/live/..", "rtmp://:x/a/b"}) {
    Pipeline pipeline ("public=true");
    g_object_set (pipeline.gate (), "location", bad, nullptr);
    ck_assert_msg (pipeline.set_state (GST_STATE_READY) == GST_STATE_CHANGE_FAILURE, "%s", bad);
  }
}
END_TEST

START_TEST (error_holds_no_secret)
{
  Pipeline broken ("keys=\"secret k1 hunter2-hunter2\"");
  ck_assert (broken.set_state (GST_STATE_READY) == GST_STATE_CHANGE_FAILURE);
  const auto message = broken.wait_for (GST_MESSAGE_ERROR);
  GError *error = nullptr;
  gchar *debug = nullptr;
  gst_message_parse_error (message.get (), &error, &debug);
  ck_assert_ptr_null (std::strstr (error->message, "hunter2"));
  ck_assert_ptr_null (std::strstr (debug != nullptr ? debug : "", "hunter2"));
  g_error_free (error);
  g_free (debug);
  const auto *spec = g_object_class_find_property (G_OBJECT_GET_CLASS (broken.gate ()), "keys");
  ck_assert_uint_eq (spec->flags & G_PARAM_READABLE, 0);
}
END_TEST

START_TEST (taken_port_is_an_error)
{
  GError *error = nullptr;
  GSocketListener *other = g_socket_listener_new ();
  const auto port = g_socket_listener_add_any_inet_port (other, nullptr, &error);
  ck_assert_uint_ne (port, 0);
  Pipeline pipeline ("public=true", {}, ":" + std::to_string (port));
  assert_error (pipeline, GST_RESOURCE_ERROR_OPEN_READ, "can't listen");
  g_object_unref (other);
}
END_TEST

START_TEST (keys_come_from_a_file)
{
  gchar *path = nullptr;
  const int file = g_file_open_tmp ("keys-XXXXXX", &path, nullptr);
  ck_assert_int_ge (file, 0);
  g_close (file, nullptr);
  ck_assert (g_file_set_contents (path, keyring_text ().c_str (), -1, nullptr));
  Pipeline pipeline (std::string ("key-file=") + path);
  pipeline.play ();
  Publisher publisher (pipeline.port ());
  ck_assert (publisher.publish (good_stream ()));
  g_unlink (path);
  g_free (path);
}
END_TEST

START_TEST (application_decides_who_publishes)
{
  TestGate app;
  Pipeline pipeline ("", {"audio"}, app->address ());
  // By context, and by the address alone.
  const auto context =
      new_service_context (gate_context, app->address (), AnyService (app.pointer ()));
  gst_element_set_context (pipeline.get (), context.get ());
  pipeline.play ();
  Publisher publisher (app.port ());
  ck_assert (publisher.publish (good_stream ()));
  publisher.send_aac_setup ();
  publisher.send_audio (0);
  ck_assert (eventually ([&] { return pipeline.count ("audio") == 1; }));
  ck_assert (pipeline.set_state (GST_STATE_NULL) == GST_STATE_CHANGE_SUCCESS);
  ck_assert (app->admits ("live/demo"));
  Pipeline second ("", {"audio"}, app->address ());
  second.play ();
  publisher.send_audio (20);
  publisher.send_audio (40);
  ck_assert (eventually ([&] { return second.count ("audio") > 0; }));
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
          public_lets_anybody_in_and_says_so, wrong_settings_are_errors, error_holds_no_secret,
          taken_port_is_an_error, keys_come_from_a_file, application_decides_who_publishes,
          next_publisher_goes_on_on_the_same_pads, publisher_without_media_is_no_stream,
          missing_track_is_not_waited_for, track_that_nobody_links_holds_nothing_back,
          nobody_linked_at_all_is_an_error, broken_access_unit_goes_no_further,
          end_of_stream_on_demand, up_and_down_fifty_times, going_down_interrupts_waiting});
}
