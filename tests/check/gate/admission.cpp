// SPDX-License-Identifier: LGPL-2.1-or-later
// Who is let in by a gate over a real connection, and what the others are told.
#include <cstring>

#include "libs/base/hmac.hpp"
#include "libs/base/text.hpp"
#include "tests/check/gate/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using gate::End;
using gate::Frame;
using gate::Item;
using gate::Track;
using gate::TrackCaps;

namespace {

std::string
why_ended (gate::Publication &publication)
{
  const auto end =
      pop_until (publication, [] (const Item &item) { return std::holds_alternative<End> (item); });
  ck_assert (end.has_value ());
  return std::get<End> (*end).why;
}

void
assert_caps (const Item &item, Track track, const char *wanted)
{
  ck_assert (std::holds_alternative<TrackCaps> (item));
  const auto &caps = std::get<TrackCaps> (item);
  ck_assert (caps.track == track);
  const auto expected = adopt (gst_caps_from_string (wanted));
  ck_assert (gst_caps_is_subset (caps.caps.get (), expected.get ()));
}

START_TEST (honest_publisher_is_handed_over)
{
  TestGate gate;
  Publisher publisher (gate.port ());
  ck_assert (publisher.publish ("demo?key=" + key_for ("live/demo")));
  publisher.send_h264_setup ();
  publisher.send_aac_setup ();
  publisher.send_video (40, true);
  publisher.send_audio (50);
  publisher.send_video (73, false);
  const auto publication = gate.claim ();
  assert_text (publication->name (), "live/demo");
  assert_text (publication->protocol (), "rtmp");
  assert_text (publication->grant ().key_id, "k1");
  assert_caps (pop (*publication), Track::video,
      "video/x-h264, stream-format=avc, alignment=au, width=320, height=240, framerate=30/1, "
      "profile=high, level=(string)1.3");
  const auto key = pop (*publication);
  ck_assert (is_key (frame_of (key)));
  ck_assert_uint_eq (GST_BUFFER_PTS (frame_of (key).buffer.get ()), 0);
  ck_assert_uint_eq (GST_BUFFER_DTS (frame_of (key).buffer.get ()), 0);
  ck_assert (GST_BUFFER_FLAG_IS_SET (frame_of (key).buffer.get (), GST_BUFFER_FLAG_DISCONT));
  assert_caps (pop (*publication), Track::audio,
      "audio/mpeg, mpegversion=4, stream-format=raw, rate=44100, channels=2");
  const auto audio = pop (*publication);
  ck_assert_uint_eq (GST_BUFFER_PTS (frame_of (audio).buffer.get ()), 10 * GST_MSECOND);
  const auto delta = pop (*publication);
  ck_assert (!is_key (frame_of (delta)));
  ck_assert (!GST_BUFFER_FLAG_IS_SET (frame_of (delta).buffer.get (), GST_BUFFER_FLAG_DISCONT));
  ck_assert (gst_buffer_is_writable (frame_of (delta).buffer.get ()));
  publisher.unpublish ();
  assert_text (why_ended (*publication), "the publisher stopped publishing");
  gate::Interrupt never;
  ck_assert (!publication->pop (never).has_value ());
  const auto counters = gate->counters ();
  ck_assert_uint_eq (counters.admitted, 1);
  ck_assert_uint_eq (counters.refused, 0);
}
END_TEST

struct Bad
{
  std::string stream;
  const char *reason;
  const char *code;
  const char *app = "live";
};

void
assert_refused (TestGate &gate, const Bad &bad)
{
  const auto before = gate.refused ().size ();
  Publisher publisher (gate.port ());
  publisher.handshake ();
  publisher.ask (bad.app, bad.stream);
  ck_assert_msg (publisher.expect (bad.code), "%s", bad.reason);
  ck_assert (publisher.closed_by_peer ());
  ck_assert (publisher.received ().find ("Publish.Start") == std::string::npos);
  ck_assert (eventually ([&] { return gate.refused ().size () == before + 1; }));
  const auto refused = gate.refused ().back ();
  assert_text (refused.reason, bad.reason);
  ck_assert_msg (publisher.received ().find (refused.text) != std::string::npos,
      "the publisher wasn't told '%s'", refused.text.c_str ());
  assert_text (refused.peer.ip.to_string (), "127.0.0.1");
}

START_TEST (each_refusal_has_its_own_words)
{
  TestGate gate;
  const char *denied = "NetStream.Publish.Denied", *bad_name = "NetStream.Publish.BadName";
  const std::vector<Bad> all = {{"demo", "no-key", denied},
      {"demo?key=rubbish", "malformed", denied},
      {"demo?key=" + key_for ("live/other"), "wrong-signature", denied},
      {"demo?key=" + key_for ("live/demo", keys::Role::publish, 3600, false), "wrong-signature",
          denied},
      {"demo?key=" + key_for ("live/demo", keys::Role::publish, -1), "expired", denied},
      {"demo?key=" + key_for ("live/demo", keys::Role::play), "wrong-role", denied},
      {"other?key=" + key_for ("live/other"), "wrong-stream", denied},
      {"../etc/passwd", "bad-name", bad_name}, {"de mo", "bad-name", bad_name},
      {"", "bad-name", bad_name}, {std::string (200, 'a'), "bad-name", bad_name},
      {"demo?key=" + key_for ("live/demo"), "bad-name", bad_name, "li;ve"}};
  for (const auto &bad : all)
    assert_refused (gate, bad);
  ck_assert_uint_eq (gate->counters ().refused, all.size ());
  ck_assert_uint_eq (gate->counters ().admitted, 0);
  ck_assert (eventually ([&] { return gate->counters ().open == 0; }));
}
END_TEST

START_TEST (signed_policy_covers_the_port_the_client_left_out)
{
  TestGate gate;
  keys::KeyringSettings settings;
  settings.ome = keys::SignedPolicy{.secret = "ome_is_the_best"};
  const auto token =
      gate->admit ("live/demo", std::make_shared<keys::Keyring> (std::move (settings)));
  const auto policy =
      "?policy=" + base64url_encode (view (R"({"url_expire":4102444800000})")) + "&signature=";
  const auto stream_signed_for = [&] (int port) {
    auto url = "rtmp://127.0.0.1:" + std::to_string (port) + "/live/demo" + policy;
    url.resize (url.rfind ("&signature="));
    return "demo" + policy + base64url_encode (hmac_sha1 (view ("ome_is_the_best"), view (url)));
  };
  assert_refused (
      gate, {stream_signed_for (gate.port () ^ 1), "wrong-signature", "NetStream.Publish.Denied"});
  Publisher publisher (gate.port ());
  ck_assert (publisher.publish (stream_signed_for (gate.port ())));
}
END_TEST

START_TEST (revoked_key_is_refused_and_ends_what_runs_on_it)
{
  TestGate gate;
  const auto key = key_for ("live/demo");
  Publisher publisher (gate.port ());
  ck_assert (publisher.publish ("demo?key=" + key));
  const auto publication = gate.claim ();
  const auto id = publication->grant ().credential_id;
  const auto token = gate->admit ("live/demo", keyring (id));
  gate->close_where (
      [&] (const gate::Publication &p) { return p.grant ().credential_id == id; }, "key revoked");
  ck_assert (publisher.expect ("key revoked"));
  ck_assert (publisher.closed_by_peer ());
  assert_text (why_ended (*publication), "key revoked");
  assert_refused (gate, {"demo?key=" + key, "revoked", "NetStream.Publish.Denied"});
}
END_TEST

START_TEST (another_key_gets_busy)
{
  TestGate gate;
  Publisher first (gate.port ());
  ck_assert (first.publish ("demo?key=" + key_for ("live/demo")));
  assert_refused (gate, {"demo?key=" + key_for ("live/*"), "busy", "NetStream.Publish.BadName"});
  first.send_aac_setup ();
  first.send_audio (0);
  const auto publication = gate.claim ();
  ck_assert (std::holds_alternative<TrackCaps> (pop (*publication)));
}
END_TEST

START_TEST (same_key_takes_over)
{
  TestGate gate;
  const auto key = "demo?key=" + key_for ("live/demo");
  Publisher first (gate.port ());
  ck_assert (first.publish (key));
  const auto old = gate.claim ();
  Publisher second (gate.port ());
  ck_assert (second.publish (key));
  ck_assert (first.expect ("the same key publishes from another connection"));
  ck_assert (first.closed_by_peer ());
  ck_assert_ptr_nonnull (std::strstr (why_ended (*old).c_str (), "same key"));
  second.send_aac_setup ();
  second.send_audio (0);
  const auto now = gate.claim ();
  ck_assert_ptr_ne (now.get (), old.get ());
  ck_assert (std::holds_alternative<TrackCaps> (pop (*now)));
}
END_TEST

START_TEST (grant_ends_while_publishing)
{
  TestGate gate;
  class Brief final : public keys::Verifier
  {
    tl::expected<keys::Grant, keys::Refusal> verify (const keys::Request &request) const override
    {
      return keys::Grant{.credential_id = "x", .key_id = {}, .ends_ms = request.now_ms + 300};
    }
  };
  const auto token = gate->admit ("live/demo", std::make_shared<Brief> ());
  Publisher publisher (gate.port ());
  ck_assert (publisher.publish ("demo"));
  ck_assert (publisher.expect ("the key's time is over"));
  ck_assert (publisher.closed_by_peer ());
}
END_TEST

START_TEST (entries_replace_and_leave)
{
  TestGate gate;
  ck_assert (gate->admits ("live/demo"));
  ck_assert (!gate->admits ("live/other"));
  {
    const auto any = gate->admit ("*", keyring ());
    ck_assert (gate->admits ("live/other"));
    Publisher publisher (gate.port ());
    ck_assert (publisher.publish ("other?key=" + key_for ("live/other")));
  }
  ck_assert (!gate->admits ("live/other"));
  auto first = gate->admit ("live/x", keyring ());
  const auto second = gate->admit ("live/x", keyring ());
  first.reset ();
  ck_assert (gate->admits ("live/x"));
}
END_TEST

START_TEST (one_gate_per_address)
{
  TestGate gate;
  const auto again = gate::Gate::open (gate->address ());
  ck_assert (again.has_value ());
  ck_assert_ptr_eq (again->get (), gate.pointer ().get ());
  const auto taken = gate::Gate::open (":" + std::to_string (gate.port ()));
  ck_assert (!taken.has_value ());
  ck_assert_ptr_nonnull (std::strstr (taken.error ().c_str (), "can't listen"));
  ck_assert (!gate::Gate::open ("nonsense").has_value ());
}
END_TEST

START_TEST (gate_may_be_dropped_in_a_callback)
{
  auto opened = *gate::Gate::open ("127.0.0.1:0");
  const auto port = opened->port ();
  const auto admission = opened->admit ("live/demo", keyring ());
  std::atomic<bool> dropped = false;
  auto token = opened->on_published ([&] (std::shared_ptr<gate::Publication>) {
    opened.reset ();
    dropped = true;
  });
  Publisher publisher (port);
  publisher.handshake ();
  publisher.ask ("live", "demo?key=" + key_for ("live/demo"));
  ck_assert (eventually ([&] { return dropped.load (); }));
  ck_assert (publisher.closed_by_peer ());
}
END_TEST

START_TEST (publication_outlives_its_gate)
{
  auto gate = std::make_unique<TestGate> ();
  Publisher publisher (gate->port ());
  ck_assert (publisher.publish ("demo?key=" + key_for ("live/demo")));
  const auto publication = gate->claim ();
  gate.reset ();
  why_ended (*publication);
  publication->close ("nobody listens to this");
}
END_TEST

struct Log
{
  std::mutex mutex;
  std::string text; // protected by mutex
};

void
append_to_log (GstDebugCategory *, GstDebugLevel, const gchar *, const gchar *, gint, GObject *,
    GstDebugMessage *message, gpointer data)
{
  auto &log = *static_cast<Log *> (data);
  const std::lock_guard lock (log.mutex);
  log.text += gst_debug_message_get (message);
  log.text += '\n';
}

START_TEST (no_key_in_any_log)
{
  Log log;
  gst_debug_remove_log_function (gst_debug_log_default);
  gst_debug_set_default_threshold (GST_LEVEL_TRACE);
  gst_debug_add_log_function (append_to_log, &log, nullptr);
  const auto good = key_for ("live/demo"), bad = key_for ("live/demo", keys::Role::play);
  {
    TestGate gate;
    Publisher publisher (gate.port ());
    ck_assert (publisher.publish ("demo?key=" + good));
    assert_refused (gate, {"demo?key=" + bad, "wrong-role", "NetStream.Publish.Denied"});
    for (const auto &refused : gate.refused ())
      ck_assert (refused.text.find (bad.substr (bad.size () - 22)) == std::string::npos);
  }
  gst_debug_remove_log_function (append_to_log);
  gst_debug_set_default_threshold (GST_LEVEL_NONE);
  ck_assert (log.text.find ("live/demo: admitted 127.0.0.1:") != std::string::npos);
  ck_assert (log.text.find ("wrong-role") != std::string::npos);
  ck_assert (log.text.find (keys::credential_id (good)) != std::string::npos);
  for (const auto &key : {good, bad})
    ck_assert (log.text.find (key.substr (key.size () - 22)) == std::string::npos);
  ck_assert (log.text.find ("key=") == std::string::npos);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run (
      "admission", {honest_publisher_is_handed_over, each_refusal_has_its_own_words,
                       signed_policy_covers_the_port_the_client_left_out,
                       revoked_key_is_refused_and_ends_what_runs_on_it, another_key_gets_busy,
                       same_key_takes_over, grant_ends_while_publishing, entries_replace_and_leave,
                       one_gate_per_address, gate_may_be_dropped_in_a_callback,
                       publication_outlives_its_gate, no_key_in_any_log});
}
