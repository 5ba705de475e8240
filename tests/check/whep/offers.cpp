// SPDX-License-Identifier: LGPL-2.1-or-later
// WHEP as HTTP: offers good and bad, and what each method answers.
#include "tests/check/whep/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

std::string
request (const std::string &method, const std::string &path, const std::string &headers = "",
    const std::string &body = "")
{
  return method + " " + path + " HTTP/1.1\r\nHost: test\r\n" + headers
         + "Content-Length: " + std::to_string (body.size ()) + "\r\n\r\n" + body;
}

Response
ask (Sink &sink, const std::string &method, const std::string &path)
{
  Client client (sink.http_port ());
  client.send (request (method, path));
  return client.receive (method != "HEAD");
}

Response
post_offer (Sink &sink, const std::string &offer, const std::string &type = "application/sdp")
{
  return Client (sink.http_port ())
      .ask (request ("POST", "/whep", "Content-Type: " + type + "\r\n", offer));
}

void
expect_problem (const Response &response, int status, const char *text)
{
  ck_assert_msg (response.status == status, "%d instead of %d: %s", response.status, status,
      response.body.c_str ());
  ck_assert (response.has ("Content-Type: application/problem+json"));
  ck_assert_msg (
      response.body.find (text) != std::string::npos, "no '%s': %s", text, response.body.c_str ());
}

/** A sink that has something to show. */
struct Live
{
  Live ()
  {
    video.keyframe ();
    audio.packet ();
  }
  Sink sink;
  Video video{sink};
  Audio audio{sink};
};

START_TEST (created)
{
  Live live;
  const Viewer viewer;
  const auto response = post_offer (live.sink, viewer.offer ());
  ck_assert_int_eq (response.status, 201);
  ck_assert (response.has ("Content-Type: application/sdp"));
  ck_assert (response.has ("Location: /whep/"));
  ck_assert (response.has ("Access-Control-Allow-Origin: *"));
  ck_assert (response.has ("Access-Control-Expose-Headers: Location"));
  for (const char *line : {"a=ice-lite", "a=setup:passive", "a=end-of-candidates", "a=sendonly",
           "a=candidate:", "a=rtpmap:96 H264/90000", "a=rtpmap:111 opus/48000/2"})
    ck_assert_msg (response.body.find (line) != std::string::npos, "no %s", line);
  ck_assert (response.body.find (" 127.0.0.1 " + std::to_string (live.sink.udp_port ()))
             != std::string::npos);
}
END_TEST

START_TEST (refused_offers)
{
  Live live;
  const Viewer viewer;
  const auto good = viewer.offer ();
  expect_problem (post_offer (live.sink, good, "text/plain"), 415, "application/sdp");
  expect_problem (post_offer (live.sink, ""), 400, "");
  expect_problem (post_offer (live.sink, "hello"), 400, "");
  expect_problem (
      post_offer (live.sink, "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"), 400, "m-line");
  expect_problem (post_offer (live.sink, viewer.offer ({.video = "96 VP8/90000"})), 406, "VP8");
  auto wrong_way = good;
  for (auto at = wrong_way.find ("recvonly"); at != std::string::npos;
       at = wrong_way.find ("recvonly"))
    wrong_way.replace (at, 8, "sendonly");
  expect_problem (post_offer (live.sink, wrong_way), 422, "recvonly");
  auto many = good;
  for (int i = 0; i < 200; ++i)
    many += "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:m" + std::to_string (i) + "\r\n";
  expect_problem (post_offer (live.sink, many), 400, "");
  expect_problem (post_offer (live.sink, good + std::string (1 << 20, 'x')), 413, "");
  expect_problem (
      post_offer (live.sink, viewer.offer ({.fingerprint = "sha-256 nonsense"})), 400, "");
  ck_assert_uint_eq (live.sink.stat ("pending"), 0);
  ck_assert_int_eq (post_offer (live.sink, good).status, 201);
}
END_TEST

START_TEST (audio_only_offer)
{
  Live live;
  Viewer viewer;
  viewer.join (live.sink.http_port (), {.video = ""});
  ck_assert (viewer.connect ());
  live.video.frame ();
  live.audio.packet ();
  viewer.pump_until ([&] { return !viewer.received.empty (); });
  ck_assert_uint_eq (viewer.received[0].ssrc, viewer.audio_ssrc);
}
END_TEST

START_TEST (not_live)
{
  const Viewer viewer;
  Sink sink;
  auto response = post_offer (sink, viewer.offer ());
  expect_problem (response, 409, "not live");
  ck_assert (response.has ("Retry-After: "));
  Video video (sink);
  video.keyframe ();
  ck_assert_int_eq (post_offer (sink, viewer.offer ()).status, 201);
  video.event (gst_event_new_eos ());
  expect_problem (post_offer (sink, viewer.offer ()), 409, "not live");
}
END_TEST

START_TEST (early_offer_waits_for_the_other_track)
{
  const Viewer viewer;
  const auto offer =
      request ("POST", "/whep", "Content-Type: application/sdp\r\n", viewer.offer ());
  Sink sink;
  Video video (sink);
  Source audio (sink, "audio_0");
  video.keyframe ();
  Client early (sink.http_port ());
  early.send (offer);
  ck_assert (audio.start (opus_caps));
  const auto both = early.receive ();
  ck_assert_int_eq (both.status, 201);
  ck_assert (both.body.find ("opus") != std::string::npos);

  // It never comes: the viewer gets what there is.
  Sink other;
  Video lonely (other);
  const Source missing (other, "audio_0");
  lonely.keyframe ();
  const auto one = Client (other.http_port ()).ask (offer);
  ck_assert_int_eq (one.status, 201);
  ck_assert (one.body.find ("a=sendonly") != std::string::npos);
}
END_TEST

/** The status of an offer that came while the audio track was missing, when the element stops. */
int
status_at_the_end ()
{
  const Viewer viewer;
  Sink sink;
  Video video (sink);
  const Source missing (sink, "audio_0");
  video.keyframe ();
  Client early (sink.http_port ());
  early.ask (request ("GET", "/whep")); // the connection is there
  early.send (request ("POST", "/whep", "Content-Type: application/sdp\r\n", viewer.offer ()));
  ask (sink, "GET", "/whep"); // gives the server the time to read the offer
  sink.set_state (GST_STATE_NULL);
  return early.receive ().status;
}

START_TEST (waiting_offer_is_answered_when_the_stream_ends)
{
  // 413: the offer came so late that there was no such address any more.
  int status = 413;
  for (int i = 0; i < 20 && status == 413; ++i)
    status = status_at_the_end ();
  ck_assert_int_eq (status, 409);
}
END_TEST

/** A page that is loaded anew at once is one viewer, not two. */
START_TEST (waiting_offer_of_one_who_has_left)
{
  const Viewer viewer;
  Sink sink;
  Video video (sink);
  Source audio (sink, "audio_0");
  video.keyframe ();
  const auto later = [&sink] {
    ck_assert_int_eq (ask (sink, "GET", "/whep").status, 200);
  };
  Client early (sink.http_port ());
  early.ask (request ("GET", "/whep")); // the connection is there
  early.send (request ("POST", "/whep", "Content-Type: application/sdp\r\n", viewer.offer ()));
  later ();
  early.close ();
  later ();
  ck_assert (audio.start (opus_caps));
  later ();
  later ();
  ck_assert_uint_eq (sink.stat ("pending"), 0);
  ck_assert_int_eq (post_offer (sink, viewer.offer ()).status, 201);
  ck_assert_uint_eq (sink.stat ("pending"), 1);
}
END_TEST

START_TEST (methods)
{
  Live live;
  auto &sink = live.sink;
  auto response = ask (sink, "OPTIONS", "/whep");
  ck_assert_int_eq (response.status, 200);
  ck_assert (response.has ("Accept-Post: application/sdp"));
  ck_assert (response.has ("Access-Control-Allow-Methods: "));
  response = ask (sink, "HEAD", "/whep");
  ck_assert_int_eq (response.status, 200);
  ck_assert (response.has ("Content-Type: application/sdp"));
  ck_assert_int_eq (ask (sink, "GET", "/whep").status, 200);
  for (const char *method : {"PUT", "PATCH", "DELETE"}) {
    response = ask (sink, method, "/whep");
    expect_problem (response, 405, "");
    ck_assert (response.has ("Allow: "));
  }
  ck_assert_int_eq (ask (sink, "GET", "/elsewhere").status, 404);
}
END_TEST

START_TEST (sessions)
{
  Live live;
  auto &sink = live.sink;
  for (const char *method : {"GET", "PATCH", "DELETE", "POST"})
    expect_problem (ask (sink, method, "/whep/no-such-session"), 404, "");
  Viewer viewer;
  const auto path = viewer.join (sink.http_port ());
  ck_assert_uint_eq (path.size (), sizeof "/whep/" - 1 + 22); // 128 bits
  ck_assert_int_eq (ask (sink, "GET", path).status, 200);
  ck_assert_int_eq (ask (sink, "OPTIONS", path).status, 200);
  expect_problem (ask (sink, "PATCH", path), 415, "trickle");
  ck_assert (viewer.connect ());
  ck_assert_int_eq (ask (sink, "DELETE", path).status, 200);
  viewer.pump_until ([&] { return viewer.dtls.ended; });
  wait_for ([&] { return sink.viewers () == 0; });
  expect_problem (ask (sink, "DELETE", path), 404, "");
}
END_TEST

START_TEST (ids_differ)
{
  Live live;
  std::set<std::string> paths;
  for (int i = 0; i < 20; ++i)
    ck_assert (paths.insert (Viewer ().join (live.sink.http_port ())).second);
}
END_TEST

START_TEST (application_serves_http)
{
  Sink sink ("path=\"\"");
  Video video (sink);
  video.keyframe ();
  ck_assert_int_eq (ask (sink, "GET", "/whep").status, 404);
  Viewer viewer;
  const auto offer = [&] (const std::string &sdp) {
    GstStructure *raw = nullptr;
    g_signal_emit_by_name (sink.element (), "offer", sdp.c_str (), &raw);
    return Structure (raw);
  };
  guint status = 0;
  const auto refused = offer ("nonsense");
  ck_assert (gst_structure_get_uint (refused.get (), "status", &status));
  ck_assert_uint_eq (status, 400);
  ck_assert_ptr_nonnull (gst_structure_get_string (refused.get (), "text"));
  const auto accepted = offer (viewer.offer ({.audio = false}));
  ck_assert (gst_structure_get_uint (accepted.get (), "status", &status));
  ck_assert_uint_eq (status, 201);
  viewer.answer (gst_structure_get_string (accepted.get (), "answer"));
  ck_assert (viewer.connect ());
  viewer.pump_until ([&] { return !viewer.received.empty (); });
  gboolean ended = FALSE;
  const char *id = gst_structure_get_string (accepted.get (), "id");
  g_signal_emit_by_name (sink.element (), "end", id, &ended);
  ck_assert (ended);
  viewer.pump_until ([&] { return viewer.dtls.ended; });
  wait_for ([&] { return sink.viewers () == 0; });
  g_signal_emit_by_name (sink.element (), "end", id, &ended);
  ck_assert (!ended);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("whep-offers",
      {created, refused_offers, audio_only_offer, not_live, early_offer_waits_for_the_other_track,
          waiting_offer_is_answered_when_the_stream_ends, waiting_offer_of_one_who_has_left,
          methods, sessions, ids_differ, application_serves_http});
}
