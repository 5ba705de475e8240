// SPDX-License-Identifier: LGPL-2.1-or-later
// What strangers send to the UDP port, and viewers who aren't who they said, or fall silent.
#include "tests/check/whep/fixture.hpp"

#include <openssl/rand.h>

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

struct Playing
{
  Playing ()
  {
    video.keyframe ();
    viewer.join (sink.http_port (), {.audio = false});
    ck_assert (viewer.connect ());
    still_plays ();
  }
  /** The viewer gets the next frame. */
  void still_plays ()
  {
    const auto before = viewer.packets (viewer.video_ssrc).size ();
    video.frame (100);
    viewer.pump_until ([&] { return viewer.packets (viewer.video_ssrc).size () > before; });
  }

  Sink sink;
  Video video{sink};
  Viewer viewer;
};

/** Nobody answers @p datagram, wherever it comes from. */
void
expect_no_answer (Playing &playing, const Bytes &datagram)
{
  Socket stranger;
  stranger.send (playing.viewer.port, datagram);
  playing.still_plays (); // was read after the datagram
  ck_assert (!stranger.receive (0));
}

START_TEST (garbage_from_strangers)
{
  Playing playing;
  for (unsigned first = 0; first < 256; ++first)
    for (const std::size_t size : {1u, 20u, 1500u}) {
      Bytes garbage (size, static_cast<std::uint8_t> (first * 7));
      garbage[0] = static_cast<std::uint8_t> (first);
      Socket ().send (playing.viewer.port, garbage);
      playing.viewer.send (garbage);
    }
  playing.viewer.send (Bytes (9000, 0x16));
  playing.viewer.send ({});
  expect_no_answer (playing, Bytes (100, 0));
  ck_assert_uint_eq (playing.sink.viewers (), 1);
}
END_TEST

START_TEST (checks_without_the_password)
{
  Playing playing;
  auto request = playing.viewer.binding_request ();
  for (std::size_t i = 0; i < request.size (); ++i) {
    auto broken = request;
    broken[i] ^= 0x40;
    Socket stranger;
    stranger.send (playing.viewer.port, broken);
    request.size () - i == 1 ? playing.still_plays () : void ();
    ck_assert (!stranger.receive (0));
  }
  Viewer guessing;
  guessing.remote_ufrag = playing.viewer.remote_ufrag;
  guessing.remote_password = "guessed-guessed-guessed";
  expect_no_answer (playing, guessing.binding_request ());
}
END_TEST

START_TEST (check_replayed_from_elsewhere)
{
  Playing playing;
  auto &viewer = playing.viewer;
  const auto request = viewer.binding_request ();
  const auto before = viewer.check_answers;
  viewer.send (request);
  viewer.send (request); // a retransmission is answered
  viewer.pump_until ([&] { return viewer.check_answers == before + 2; });
  expect_no_answer (playing, request); // and the media stays with the viewer
}
END_TEST

/** The check that the server sends to where a viewer says it moves, after its answer. */
Bytes
check_after_answer (Socket &socket)
{
  const auto answer = socket.receive (5000), check = socket.receive (5000);
  ck_assert (answer && (*answer)[0] == 1 && (*answer)[1] == 1);
  ck_assert (check && (*check)[0] == 0 && (*check)[1] == 1);
  return *check;
}

START_TEST (viewer_moves)
{
  Playing playing;
  auto &viewer = playing.viewer;
  Socket mobile;
  mobile.send (viewer.port, viewer.binding_request (false));
  ck_assert (mobile.receive (5000)); // answered, but not chosen
  playing.still_plays ();
  mobile.send (viewer.port, viewer.binding_request ());
  mobile.send (viewer.port, viewer.binding_response (check_after_answer (mobile)));
  viewer.check (false); // was read after that
  playing.video.frame (100);
  const auto media = mobile.receive (5000);
  ck_assert (media && (*media)[0] == 0x80);
}
END_TEST

/** A viewer may claim to be anywhere, but media only goes to who answers there. */
START_TEST (media_needs_an_answer)
{
  Playing playing;
  auto &viewer = playing.viewer;
  Socket victim;
  victim.send (viewer.port, viewer.binding_request ());
  const auto check = check_after_answer (victim);
  playing.still_plays ();
  auto guessed = check;
  guessed[19] ^= 1;
  victim.send (viewer.port, viewer.binding_response (guessed)); // another transaction
  auto forged = viewer.binding_response (check); // as by a server that answers any check
  forged[forged.size () - 20] ^= 1;
  victim.send (viewer.port, forged);
  viewer.send (viewer.binding_response (check)); // right, but from where it says nothing
  playing.still_plays ();
  ck_assert (!victim.receive (0));
}
END_TEST

/** Nor is a handshake that came from several places a proof of any of them. */
START_TEST (media_needs_a_handshake_from_one_place)
{
  Playing playing;
  Viewer viewer;
  viewer.join (playing.sink.http_port (), {.audio = false});
  Socket elsewhere;
  elsewhere.send (viewer.port, viewer.binding_request ());
  ck_assert (elsewhere.receive (5000));
  viewer.dtls.advance ();
  elsewhere.send (viewer.port, viewer.dtls.sent.front ());
  ck_assert (elsewhere.receive (5000)); // the answer to the hello, which the viewer doesn't get
  viewer.check ();
  viewer.dtls.resend ();
  ck_assert (viewer.handshake ());
  playing.still_plays ();
  ck_assert_uint_eq (playing.sink.viewers (), 1);
  viewer.answers_checks = true;
  viewer.check ();
  viewer.pump_until ([&] { return !viewer.packets (viewer.video_ssrc).empty (); });
}
END_TEST

START_TEST (handshake_needs_a_check)
{
  Playing playing;
  Viewer hasty;
  hasty.join (playing.sink.http_port (), {.audio = false});
  hasty.dtls.advance ();
  for (const auto &datagram : hasty.dtls.sent)
    hasty.send (datagram);
  playing.still_plays ();
  ck_assert (hasty.is_silent (0));
  hasty.check ();
  hasty.dtls.resend ();
  ck_assert (hasty.handshake ());
}
END_TEST

START_TEST (wrong_fingerprint)
{
  Playing playing;
  Viewer impostor;
  impostor.join (playing.sink.http_port (),
      {.audio = false,
          .fingerprint = "sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
                         "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"});
  impostor.check ();
  impostor.handshake ();
  impostor.pump_until ([&] { return impostor.dtls.ended; });
  playing.still_plays ();
  impostor.pump_until ([&] { return playing.sink.stat ("pending") == 0; });
  ck_assert (impostor.received.empty ());
  ck_assert_uint_eq (playing.sink.viewers (), 1);
}
END_TEST

START_TEST (replayed_and_forged_feedback)
{
  Playing playing;
  auto &viewer = playing.viewer;
  Bytes pli;
  Writer writer (pli);
  for (const std::uint32_t word : {0x81ce0002u, 1u, viewer.video_ssrc})
    writer.u32 (word);
  const auto good = viewer.protect (pli);
  viewer.send (pli); // in the clear
  auto forged = viewer.protect (pli);
  forged.back () ^= 1;
  viewer.send (forged);
  for (int i = 0; i < 10; ++i)
    viewer.send (good);
  Socket ().send (viewer.port, good);
  viewer.check ();
  ck_assert_uint_eq (playing.sink.stat ("keyframe-requests"), 1);
}
END_TEST

START_TEST (hostile_feedback_of_a_viewer)
{
  Playing playing;
  auto &viewer = playing.viewer;
  for (int i = 0; i < 500; ++i) {
    Bytes compound (8 + static_cast<std::size_t> (i % 60) * 4);
    RAND_bytes (compound.data (), static_cast<int> (compound.size ()));
    compound[0] = static_cast<std::uint8_t> (0x80 | i % 32);
    compound[1] = static_cast<std::uint8_t> (200 + i % 8);
    viewer.send (viewer.protect (compound));
  }
  playing.still_plays ();
}
END_TEST

START_TEST (replayed_handshake)
{
  Playing playing;
  auto &viewer = playing.viewer;
  Viewer again;
  again.dtls.advance ();
  for (int i = 0; i < 20; ++i)
    for (const auto &hello : again.dtls.sent)
      viewer.send (hello);
  for (std::size_t size = 0; size < 200; ++size) {
    Bytes record (size, 0xfe);
    if (size > 0)
      record[0] = static_cast<std::uint8_t> (20 + size % 6);
    viewer.send (record);
  }
  playing.still_plays ();
}
END_TEST

START_TEST (who_falls_silent_is_ended)
{
  Playing playing;
  Viewer never;
  never.join (playing.sink.http_port (), {.audio = false});
  ck_assert_uint_eq (playing.sink.stat ("pending"), 1);
  wait_for ([&] { return playing.sink.stat ("pending") == 0; });
  wait_for ([&] { return playing.sink.viewers () == 0; });
  playing.viewer.pump_until ([&] { return playing.viewer.dtls.ended; });
}
END_TEST

START_TEST (who_keeps_checking_stays)
{
  Playing playing;
  const auto until = g_get_monotonic_time () + 12 * G_USEC_PER_SEC;
  while (g_get_monotonic_time () < until) {
    playing.viewer.check ();
    playing.viewer.is_silent (1000);
  }
  ck_assert_uint_eq (playing.sink.viewers (), 1);
  playing.viewer.dtls.close ();
  playing.viewer.send (playing.viewer.dtls.sent.front ());
  wait_for ([&] { return playing.sink.viewers () == 0; });
}
END_TEST

START_TEST (pending_viewers_are_bounded)
{
  Playing playing;
  const auto offer = playing.viewer.offer ({.audio = false});
  const auto post = [&] (Client &client) {
    return client.ask (
        "POST /whep HTTP/1.1\r\nHost: test\r\nContent-Type: application/sdp\r\nContent-Length: "
        + std::to_string (offer.size ()) + "\r\n\r\n" + offer);
  };
  Client client (playing.sink.http_port ());
  for (int i = 0; i < 1200; ++i) {
    ck_assert_int_eq (post (client).status, 201);
    if (i % 100 == 0)
      playing.viewer.check (); // a long while, under sanitizers
  }
  wait_for ([&] { return playing.sink.stat ("pending") <= 1024; });
  // Those who mean it get in among them, and stay.
  Viewer newcomer;
  newcomer.join (playing.sink.http_port (), {.audio = false});
  ck_assert (newcomer.connect ());
  wait_for ([&] { return playing.sink.viewers () == 2; });
  playing.still_plays ();
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  const std::string which = argc > 1 ? argv[1] : "";
  if (which == "silence")
    return run ("whep-silence", {who_falls_silent_is_ended, who_keeps_checking_stays});
  return run ("whep-hostile",
      {garbage_from_strangers, checks_without_the_password, check_replayed_from_elsewhere,
          viewer_moves, media_needs_an_answer, media_needs_a_handshake_from_one_place,
          handshake_needs_a_check, wrong_fingerprint, replayed_and_forged_feedback,
          hostile_feedback_of_a_viewer, replayed_handshake, pending_viewers_are_bounded});
}
