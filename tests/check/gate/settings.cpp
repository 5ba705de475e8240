// SPDX-License-Identifier: LGPL-2.1-or-later
// stagegatesrc's properties: who is let in, and what is wrong is said.
#include <cstring>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "gst-plugins/common/shared_service.hpp"
#include "tests/check/gate/certificate_files.hpp"
#include "tests/check/gate/control_server.hpp"
#include "tests/check/gate/pipeline.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

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
  Pipeline passphrase ("public=true srt-passphrase=short");
  assert_error (passphrase, GST_RESOURCE_ERROR_SETTINGS, "10 to 79 bytes");
  Pipeline half ("public=true tls-certificate=/nonexistent/cert.pem");
  assert_error (half, GST_RESOURCE_ERROR_SETTINGS, "go together");
  Pipeline no_certificate (
      "public=true tls-certificate=/nonexistent/cert.pem tls-private-key=/nonexistent/key.pem");
  assert_error (no_certificate, GST_RESOURCE_ERROR_SETTINGS, "/nonexistent/cert.pem");
  Pipeline host ("public=true", {}, "no.such.host:0");
  assert_error (host, GST_RESOURCE_ERROR_SETTINGS, "listen address");
  for (const char *bad : {"", "rtmp://", "http://:1935/live/demo", "rtmp://:1935/live",
           "rtmp://:1935/live/", "rtmp://:1935/live/a/b", "rtmp://:1935/live/..", "rtmp://:x/a/b",
           "srt://", "srt://:9999/live", "srt://:x/a/b", "rtmps://:1936/live", "rtmpss://:0/a/b"}) {
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

/** A temporary file that holds @p text. */
struct File
{
  explicit File (const char *text)
  {
    const int file = g_file_open_tmp ("stagedoor-XXXXXX", &path, nullptr);
    ck_assert_int_ge (file, 0);
    g_close (file, nullptr);
    ck_assert (g_file_set_contents (path, text, -1, nullptr));
  }
  ~File ()
  {
    g_unlink (path);
    g_free (path);
  }
  gchar *path = nullptr;
};

START_TEST (keys_come_from_a_file)
{
  const File keys (keyring_text ().c_str ());
  Pipeline pipeline (std::string ("key-file=") + keys.path);
  pipeline.play ();
  Publisher publisher (pipeline.port ());
  ck_assert (publisher.publish (good_stream ()));
}
END_TEST

START_TEST (certificate_opens_for_tls)
{
  CertificateFiles files;
  const auto tls = " tls-certificate=" + files.paths ().certificate
                   + " tls-private-key=" + files.paths ().private_key;
  for (const char *location : {"rtmp://127.0.0.1:0/live/demo", "rtmps://127.0.0.1:0/live/demo"}) {
    Pipeline pipeline (with_keys () + tls);
    g_object_set (pipeline.gate (), "location", location, nullptr);
    pipeline.play ();
    Publisher publisher (pipeline.port ());
    ck_assert (publisher.start_tls ());
    ck_assert (publisher.publish (good_stream ()));
    const auto message = pipeline.wait_for (GST_MESSAGE_ELEMENT, "stagedoor-published");
    assert_text (
        gst_structure_get_string (gst_message_get_structure (message.get ()), "protocol"), "rtmps");
  }
  Pipeline without (with_keys ());
  g_object_set (without.gate (), "location", "rtmps://127.0.0.1:0/live/demo", nullptr);
  assert_error (without, GST_RESOURCE_ERROR_OPEN_READ, "needs a certificate");
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

START_TEST (control_server_is_asked_and_told)
{
  ControlServer server ([] (const Told &) { return http (R"({"allowed":true})"); });
  const File secret ("hunter2\n");
  {
    Pipeline pipeline (
        "webhook=" + server.url () + " webhook-secret-file=" + secret.path + " " + with_keys ());
    pipeline.play ();
    Publisher publisher (pipeline.port ());
    ck_assert (publisher.publish (good_stream ()));
    ck_assert_uint_eq (server.told ().size (), 1);
    ck_assert_uint_eq (server.told ()[0].header ("x-stagedoor-signature").size (), 7 + 64);
  } // to NULL: what is left to tell has been told then
  ck_assert_uint_eq (server.told ("closing").size (), 1);
  Pipeline ome ("webhook-dialect=ome webhook=" + server.url ()
                + " webhook-secret-file=" + secret.path + " " + with_keys ());
  ome.play ();
  Publisher publisher (ome.port ());
  ck_assert (publisher.publish (good_stream ()));
  assert_text (server.told ().back ().member ("direction"), "incoming");
}
END_TEST

START_TEST (wrong_webhooks_are_errors)
{
  const File empty ("\n");
  const std::string hook = "webhook=http://127.0.0.1:1/ ";
  Pipeline no_url ("public=true webhook=nonsense");
  assert_error (no_url, GST_RESOURCE_ERROR_SETTINGS, "webhook");
  Pipeline password ("public=true webhook=http://user:hunter2@127.0.0.1/");
  assert_error (password, GST_RESOURCE_ERROR_SETTINGS, "no user and password");
  Pipeline no_file ("public=true webhook-secret-file=/nonexistent/secret " + hook);
  assert_error (no_file, GST_RESOURCE_ERROR_SETTINGS, "webhook-secret-file");
  Pipeline no_secret ("public=true webhook-secret-file=" + std::string (empty.path) + " " + hook);
  assert_error (no_secret, GST_RESOURCE_ERROR_SETTINGS, "1 to 1024 bytes");
  Pipeline no_key (hook);
  assert_error (no_key, GST_RESOURCE_ERROR_SETTINGS, "after the key");
}
END_TEST

START_TEST (takeover_is_as_set)
{
  for (const auto &[policy, replaces] : {std::pair ("same-key", true), {"never", false}}) {
    Pipeline pipeline (std::string ("takeover=") + policy + " " + with_keys ());
    pipeline.play ();
    Publisher first (pipeline.port ()), second (pipeline.port ());
    ck_assert (first.publish (good_stream ()));
    ck_assert_msg (second.publish (good_stream ()) == replaces, "%s", policy);
  }
}
END_TEST

START_TEST (limits_are_fields)
{
  Pipeline pipeline ("public=true limits=\"limits,connections-per-address=(int)1,silence-ms=900\"");
  GstStructure *raw = nullptr;
  g_object_get (pipeline.gate (), "limits", &raw, nullptr);
  const Structure limits (raw);
  guint value = 0;
  ck_assert (gst_structure_get_uint (limits.get (), "connections-per-address", &value));
  ck_assert_uint_eq (value, 1);
  ck_assert (gst_structure_get_uint (limits.get (), "back-off-most-ms", &value));
  ck_assert_uint_eq (value, 60000);
  ck_assert_int_eq (gst_structure_n_fields (limits.get ()), 11);
  pipeline.play ();
  Publisher first (pipeline.port ());
  ck_assert (first.publish ("demo"));
  Publisher second (pipeline.port ());
  ck_assert (second.closed_by_peer ());
  ck_assert_uint_eq (pipeline.stat ("refused-limits"), 1);
  ck_assert (first.expect ("sent nothing for too long"));
}
END_TEST

START_TEST (wrong_limits_are_errors)
{
  for (const auto &[fields, text] : {std::pair ("limits,speed=1", "there are connections,"),
           {"limits,connections=0", "1 to"}, {"limits,connections=-1", "whole number"},
           {"limits,connections=1.5", "whole number"}, {"limits,connections=ten", "whole number"},
           {"limits,wrong-keys=(guint64)18446744073709551615", "0 to 1000000"}}) {
    Pipeline pipeline (std::string ("public=true limits=\"") + fields + "\"");
    assert_error (pipeline, GST_RESOURCE_ERROR_SETTINGS, text);
    g_object_set (pipeline.gate (), "limits", nullptr, nullptr);
    pipeline.play ();
  }
}
END_TEST

START_TEST (wrong_keys_are_counted)
{
  Pipeline pipeline (with_keys () + " limits=\"limits,wrong-keys=1\"");
  pipeline.play ();
  for (int i = 0; i < 3; ++i)
    ck_assert (!Publisher (pipeline.port ()).publish ("demo?key=wrong"));
  ck_assert_uint_eq (pipeline.stat ("refused"), 1);
  ck_assert_uint_eq (pipeline.stat ("refused-back-off"), 2);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("settings",
      {public_lets_anybody_in_and_says_so, wrong_settings_are_errors, error_holds_no_secret,
          taken_port_is_an_error, keys_come_from_a_file, certificate_opens_for_tls,
          application_decides_who_publishes, control_server_is_asked_and_told,
          wrong_webhooks_are_errors, takeover_is_as_set, limits_are_fields, wrong_limits_are_errors,
          wrong_keys_are_counted});
}
