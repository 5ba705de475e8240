// SPDX-License-Identifier: LGPL-2.1-or-later
// A port that receives: media and feedback in both directions, ends, and what strangers or a
// publisher itself may try.
#include <gst/gst.h>

#include "gst-plugins/common/webrtc/admission.hpp"
#include "tests/check/common/publication.hpp"
#include "tests/unit/suite.hpp" // last: check.h defines "fail"

using namespace stagedoor;
using namespace stagedoor::webrtc;
using namespace stagedoor::test;

namespace {

START_TEST (media_and_feedback)
{
  Publication publication;
  ck_assert_uint_eq (publication.ingest->plan ().tracks.size (), 2);
  publication.ingest->send_rtcp (compound ()); // too early
  publication.connect ();
  std::vector<Bytes> expected;
  for (std::uint64_t index = 65500; index < 65600; ++index) { // over the wrap
    publication.send (index);
    expected.push_back (Publication::packet (index));
  }
  publication.wait_for_packet (expected.back ());
  ck_assert (publication.packets () == expected);

  auto &peer = publication.peer;
  peer.send (peer.protect (compound (1)));
  peer.pump_until ([&] { return !publication.compounds ().empty (); });
  ck_assert (publication.compounds ()[0] == compound (1));
  publication.ingest->send_rtcp (Bytes (1201, 0x80));
  publication.ingest->send_rtcp ({});
  publication.ingest->send_rtcp (compound (2));
  peer.pump_until ([&] { return !peer.rtcp.empty (); });
  ck_assert (peer.rtcp.size () == 1 && peer.rtcp[0] == compound (2));
}
END_TEST

/** Media and the report that came after it, in one reading or several. */
START_TEST (in_order_of_arrival)
{
  Publication publication;
  publication.connect ();
  auto &peer = publication.peer;
  for (std::uint64_t round = 1; round <= 50; ++round) {
    publication.send (round);
    peer.send (peer.protect (compound ()));
    peer.pump_until ([&] { return publication.compounds ().size () == round; });
    ck_assert_uint_eq (publication.packets ().size (), round);
  }
}
END_TEST

START_TEST (what_is_not_the_publishers)
{
  Publication publication;
  publication.connect ();
  auto &peer = publication.peer;
  const auto good = publication.wire (5);
  Socket stranger;
  stranger.send (peer.port, good);
  peer.send (Publication::packet (5)); // in the clear
  for (std::size_t i = 0; i < good.size (); i += 7) {
    auto forged = good;
    forged[i] ^= 1;
    peer.send (forged);
    peer.send (ByteView (good).first (i));
  }
  publication.still_sends ();
  ck_assert (publication.packets ().empty ());
  for (int i = 0; i < 10; ++i)
    peer.send (good);
  publication.still_sends ();
  ck_assert_uint_eq (publication.packets ().size (), 1);
  const auto report = peer.protect (compound (1));
  stranger.send (peer.port, report);
  peer.send (compound (1));
  peer.send (report);
  peer.send (report);
  publication.still_sends ();
  ck_assert_uint_eq (publication.compounds ().size (), 1);
  ck_assert (!stranger.receive (0));
}
END_TEST

START_TEST (what_was_not_agreed_on)
{
  Publication publication;
  publication.connect ();
  for (std::uint8_t type = 0; type < 128; ++type)
    if ((type < 64 || type > 95) && type != vp8_type && type != opus_type)
      publication.send (type, type);
  for (std::uint32_t ssrc = 1000; ssrc < 1100; ++ssrc)
    publication.send (1, vp8_type, ssrc);
  publication.send (200); // of the first of them
  publication.wait_for_packet (Publication::packet (200));
  ck_assert_uint_le (publication.packets ().size (), 16);
}
END_TEST

START_TEST (publisher_moves)
{
  Publication publication;
  publication.connect ();
  auto &peer = publication.peer;
  Socket mobile;
  mobile.send (peer.port, publication.wire (1)); // nobody's path yet
  publication.still_sends ();
  ck_assert (publication.packets ().empty ());
  mobile.send (peer.port, peer.binding_request ());
  ck_assert (mobile.receive (5000)); // the answer
  mobile.send (peer.port, publication.wire (1));
  publication.wait_for_packet (Publication::packet (1));
  const auto check = mobile.receive (5000);
  ck_assert (check && (*check)[0] == 0);
  mobile.send (peer.port, peer.binding_response (*check));
  mobile.send (peer.port, publication.wire (2));
  publication.wait_for_packet (Publication::packet (2)); // was read after the answer
  publication.ingest->send_rtcp (compound ());
  const auto feedback = mobile.receive (5000);
  ck_assert (feedback && classify (*feedback) == PacketKind::rtcp);
}
END_TEST

START_TEST (publisher_leaves)
{
  Publication publication;
  publication.connect ();
  publication.send (1);
  publication.peer.dtls.close ();
  publication.peer.send (publication.peer.dtls.sent.front ());
  publication.wait_for ("closed by the peer");
  ck_assert_uint_eq (publication.packets ().size (), 1);
  publication.send (2);
  publication.ingest->send_rtcp (compound ());
  publication.ingest.reset ();
  ck_assert_uint_eq (publication.events ().size (), 2);
  ck_assert_uint_eq (publication.packets ().size (), 1);
}
END_TEST

START_TEST (owner_leaves)
{
  Publication publication;
  publication.connect ();
  publication.still_sends ();
  publication.ingest.reset ();
  publication.send (1);
  publication.peer.pump_until ([&] { return publication.peer.dtls.ended; });
  ck_assert (publication.events () == std::vector<std::string>{"connected"});
  ck_assert (publication.packets ().empty ());
  // Nor does anybody answer any more.
  publication.peer.send (publication.peer.binding_request ());
  Publication other (publication.port);
  other.connect ();
  ck_assert (publication.peer.is_silent (0));
  // And one that never came.
  Publication absent (publication.port);
  absent.ingest.reset ();
  ck_assert (absent.events ().empty ());
}
END_TEST

START_TEST (wrong_fingerprint)
{
  Publication publication (*Port::open ("127.0.0.1:0"),
      "sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
      "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF");
  publication.peer.check ();
  publication.peer.handshake ();
  publication.wait_for ("the DTLS handshake failed");
  ck_assert_uint_eq (publication.events ().size (), 1);
}
END_TEST

START_TEST (offers_that_are_refused)
{
  const auto port = *Port::open ("127.0.0.1:0");
  const Viewer peer;
  const auto refused = [&] (const std::string &offer, const std::vector<Codec> &codecs = taken) {
    const auto result = port->receive (offer, "192.0.2.1", codecs, {});
    ck_assert (!result && !result.error ().text.empty ());
    return result.error ().status;
  };
  ck_assert_int_eq (refused (""), 400);
  ck_assert_int_eq (refused ("v=0\r\n"), 400);
  ck_assert_int_eq (refused (peer.offer ()), 422);                // a viewer's
  ck_assert_int_eq (refused (as_publisher (peer.offer ())), 406); // H.264
  ck_assert_int_eq (refused (as_publisher (peer.offer ()), {}), 406);
}
END_TEST

/** None of them takes a viewer's place. */
START_TEST (publishers_are_bounded)
{
  const auto port = *Port::open ("127.0.0.1:0");
  const Viewer peer;
  const auto offer = as_publisher (peer.offer ({.video = "96 VP8/90000"}));
  std::vector<Received> pending;
  const auto add = [&] (const std::string &from) {
    auto received = port->receive (offer, from, taken, {});
    ck_assert (received);
    pending.push_back (std::move (*received));
  };
  for (std::size_t i = 0; i < Admission::publishers.pending_per_address; ++i)
    add ("192.0.2.1");
  const auto refused = port->receive (offer, "192.0.2.1", taken, {});
  ck_assert (!refused && refused.error ().status == 503);
  ck_assert (refused.error ().text.find ("too many publishers") != std::string::npos);
  add ("192.0.2.2");
  pending.erase (pending.begin ());
  for (bool again = false; !again;) // once the webrtc thread has put it away
    again = port->receive (offer, "192.0.2.1", taken, {}).has_value ();
}
END_TEST

START_TEST (who_falls_silent_is_ended)
{
  const auto port = *Port::open ("127.0.0.1:0");
  Publication silent (port), absent (port), halfway (port);
  silent.connect ();
  halfway.peer.check ();
  halfway.peer.dtls.advance ();
  halfway.peer.send (halfway.peer.dtls.sent.front ());
  absent.wait_for ("never connected");
  halfway.wait_for ("never connected");
  silent.wait_for ("silent for 10 s");
  silent.peer.pump_until ([&] { return silent.peer.dtls.ended; });
}
END_TEST

/** Media is a sign of life, forged media isn't. */
START_TEST (who_sends_stays)
{
  const auto port = *Port::open ("127.0.0.1:0");
  Publication publication (port), forging (port);
  publication.connect ();
  forging.connect ();
  const auto forged = Publication::packet (1);
  const auto until = g_get_monotonic_time () + 12 * G_USEC_PER_SEC;
  while (g_get_monotonic_time () < until) {
    publication.still_sends ();
    forging.peer.send (forged);
    publication.peer.is_silent (200);
  }
  ck_assert_uint_eq (publication.events ().size (), 1);
  forging.wait_for ("silent for 10 s");
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  const std::string which = argc > 1 ? argv[1] : "";
  if (which == "silence")
    return run ("webrtc-receive-silence", {who_falls_silent_is_ended, who_sends_stays});
  return run (
      "webrtc-receive", {media_and_feedback, in_order_of_arrival, what_is_not_the_publishers,
                            what_was_not_agreed_on, publisher_moves, publisher_leaves, owner_leaves,
                            wrong_fingerprint, offers_that_are_refused, publishers_are_bounded});
}
