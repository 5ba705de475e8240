// SPDX-License-Identifier: LGPL-2.1-or-later
// A port that receives: media and feedback in both directions, ICE restarts, ends, and what
// strangers or a publisher itself may try.
#include "gst-plugins/common/webrtc/port.hpp"

#include <gst/gst.h>

#include <algorithm>
#include <array>
#include <mutex>

#include "gst-plugins/common/webrtc/admission.hpp"
#include "tests/check/whep/viewer.hpp"
#include "tests/unit/suite.hpp" // last: check.h defines "fail"

using namespace stagedoor;
using namespace stagedoor::webrtc;
using namespace stagedoor::test;

namespace {

const std::vector<Codec> taken = {Codec::vp8, Codec::opus};
constexpr std::uint8_t vp8_type = 96, opus_type = 111;

std::string
as_publisher (std::string offer)
{
  for (auto at = offer.find ("a=recvonly"); at != offer.npos; at = offer.find ("a=recvonly"))
    offer.replace (at, 10, "a=sendonly");
  return offer;
}

/** An owner of an ingest, and its publisher. */
class Publication
{
public:
  explicit Publication (const std::shared_ptr<Port> &on = *Port::open ("127.0.0.1:0"),
      const std::string &fingerprint = {})
      : port (on)
  {
    auto received = port->receive (
        as_publisher (peer.offer ({.video = "96 VP8/90000", .fingerprint = fingerprint})),
        "127.0.0.1", taken, calls ());
    ck_assert_msg (received.has_value (), "%s", received ? "" : received.error ().text.c_str ());
    ingest = received->ingest;
    ck_assert (received->etag == ingest->etag () && received->id.size () >= 20);
    peer.answer (received->answer);
  }

  void connect ()
  {
    ck_assert (peer.connect ());
    wait_for ("connected");
  }
  /** A packet of the publisher's, in the clear. */
  static Bytes packet (
      std::uint64_t index, std::uint8_t type = vp8_type, std::uint32_t ssrc = 1, char text = 'x')
  {
    Bytes out;
    Writer writer (out);
    writer.u8 (0x80);
    writer.u8 (type);
    writer.u16 (static_cast<std::uint16_t> (index));
    writer.u32 (1000);
    writer.u32 (ssrc);
    out.resize (out.size () + 500, static_cast<std::uint8_t> (text));
    return out;
  }
  void send (std::uint64_t index, std::uint8_t type = vp8_type, std::uint32_t ssrc = 1)
  {
    peer.send (peer.protect_rtp (index, packet (index, type, ssrc)));
  }
  /** Sends one more packet, and waits for it: whatever was sent before has been read then. */
  void still_sends ()
  {
    const auto index = next_++;
    send (index, opus_type, 99);
    wait_for_packet (packet (index, opus_type, 99));
  }

  void wait_for (const std::string &event)
  {
    peer.pump_until ([&] {
      std::lock_guard lock (mutex_);
      return std::ranges::count (events_, event) > 0;
    });
  }
  void wait_for_packet (const Bytes &expected)
  {
    peer.pump_until ([&] {
      std::lock_guard lock (mutex_);
      return std::ranges::count (rtp_, expected) > 0;
    });
  }
  std::vector<std::string> events ()
  {
    std::lock_guard lock (mutex_);
    return events_;
  }
  /** Those that came, without still_sends (). */
  std::vector<Bytes> packets ()
  {
    std::lock_guard lock (mutex_);
    auto out = rtp_;
    std::erase_if (out, [] (const Bytes &packet) { return packet[11] == 99; });
    return out;
  }
  std::vector<Bytes> compounds ()
  {
    std::lock_guard lock (mutex_);
    return rtcp_;
  }

  const std::shared_ptr<Port> port;
  Viewer peer;
  std::shared_ptr<Ingest> ingest;

private:
  IngestCalls calls ()
  {
    const auto note = [this] (std::string event) {
      std::lock_guard lock (mutex_);
      ck_assert (events_.empty () || events_.back () == "connected");
      events_.push_back (std::move (event));
    };
    const auto is_on = [this] {
      return events_ == std::vector<std::string>{"connected"};
    };
    return {[note] { note ("connected"); },
        [this, is_on] (std::span<const ByteView> packets) {
          std::lock_guard lock (mutex_);
          ck_assert (is_on () && !packets.empty ());
          for (const auto packet : packets)
            rtp_.emplace_back (packet.begin (), packet.end ());
        },
        [this, is_on] (ByteView compound) {
          std::lock_guard lock (mutex_);
          ck_assert (is_on ());
          rtcp_.emplace_back (compound.begin (), compound.end ());
        },
        [note] (std::string why) {
          note (std::move (why));
        }};
  }

  std::uint64_t next_ = 0;
  std::mutex mutex_;
  std::vector<std::string> events_; // protected by mutex_
  std::vector<Bytes> rtp_, rtcp_;   // protected by mutex_
};

/** A receiver report without blocks. */
Bytes
compound (std::uint32_t ssrc = 7)
{
  Bytes out;
  Writer writer (out);
  writer.u32 (0x80c90001);
  writer.u32 (ssrc);
  return out;
}

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
  const auto good = peer.protect_rtp (5, Publication::packet (5));
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
  mobile.send (peer.port, peer.protect_rtp (1, Publication::packet (1))); // nobody's path yet
  publication.still_sends ();
  ck_assert (publication.packets ().empty ());
  mobile.send (peer.port, peer.binding_request ());
  ck_assert (mobile.receive (5000)); // the answer
  mobile.send (peer.port, peer.protect_rtp (1, Publication::packet (1)));
  publication.wait_for_packet (Publication::packet (1));
  const auto check = mobile.receive (5000);
  ck_assert (check && (*check)[0] == 0);
  mobile.send (peer.port, peer.binding_response (*check));
  mobile.send (peer.port, peer.protect_rtp (2, Publication::packet (2)));
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

/** Own ufrag, remote ufrag and password. */
using Credentials = std::array<std::string, 3>;

Credentials
credentials_of (const Viewer &peer)
{
  return {peer.ufrag, peer.remote_ufrag, peer.remote_password};
}

void
use (Viewer &peer, const Credentials &credentials)
{
  peer.ufrag = credentials[0];
  peer.remote_ufrag = credentials[1];
  peer.remote_password = credentials[2];
}

Bytes
check_with (Viewer &peer, const Credentials &credentials)
{
  const auto now = credentials_of (peer);
  use (peer, credentials);
  auto out = peer.binding_request ();
  use (peer, now);
  return out;
}

/** @p peer uses other credentials from now on; says so, and takes note of the answer. */
IcePatch
restart (Publication &publication, const std::string &ufrag,
    std::optional<std::string_view> if_match = "*")
{
  auto &peer = publication.peer;
  peer.ufrag = ufrag;
  peer.password = "another+0123456789+0123";
  const auto patched = publication.ingest->patch (
      "a=ice-ufrag:" + peer.ufrag + "\r\na=ice-pwd:" + peer.password + "\r\n", if_match);
  ck_assert (patched && patched->status == 200);
  ck_assert (patched->etag == publication.ingest->etag ());
  ck_assert (patched->fragment.find ("a=ice-lite\r\n") != std::string::npos);
  ck_assert (patched->fragment.find ("m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\n")
             != std::string::npos);
  peer.answer (patched->fragment);
  return *patched;
}

START_TEST (ice_restarts)
{
  Publication publication;
  publication.connect ();
  auto &peer = publication.peer;
  const auto before = publication.ingest->etag ();
  const auto old = credentials_of (peer);
  const auto old_check = [&] {
    return check_with (peer, old);
  };
  restart (publication, "again");
  ck_assert (publication.ingest->etag () != before);
  // The old session holds until the new one is there.
  const auto answers = peer.check_answers;
  peer.send (old_check ());
  peer.pump_until ([&] { return peer.check_answers == answers + 1; });
  peer.check (false);
  peer.send (old_check ());
  peer.pump_until ([&] { return peer.check_answers == answers + 3; });
  peer.check ();
  peer.send (old_check ());
  publication.still_sends ();
  ck_assert_int_eq (peer.check_answers, answers + 4);
  ck_assert_uint_eq (publication.events ().size (), 1);

  // From elsewhere, which has to be proven with the new password.
  restart (publication, "onceMore");
  Socket mobile;
  mobile.send (peer.port, peer.binding_request ());
  const auto answer = mobile.receive (5000), check = mobile.receive (5000);
  ck_assert (answer && (*answer)[0] == 1 && check && (*check)[0] == 0);
  mobile.send (peer.port, peer.binding_response (*check));
  mobile.send (peer.port, peer.protect_rtp (1, Publication::packet (1)));
  publication.wait_for_packet (Publication::packet (1));
  publication.ingest->send_rtcp (compound ());
  ck_assert (mobile.receive (5000));
}
END_TEST

/** Their credentials are gone, those in use stay. */
START_TEST (restarts_that_nothing_comes_of)
{
  Publication publication;
  publication.connect ();
  auto &peer = publication.peer;
  const auto old = credentials_of (peer);
  restart (publication, "first");
  const auto abandoned = peer.binding_request ();
  for (int i = 0; i < 100; ++i)
    restart (publication, "restart" + std::to_string (i));
  const auto answers = peer.check_answers;
  peer.send (abandoned);
  publication.still_sends ();
  ck_assert_int_eq (peer.check_answers, answers);
  peer.check ();
  restart (publication, "last");
  peer.check ();
  peer.send (check_with (peer, old));
  publication.still_sends ();
  ck_assert_int_eq (peer.check_answers, answers + 2);
}
END_TEST

START_TEST (preconditions_of_patches)
{
  Publication publication;
  const auto etag = publication.ingest->etag ();
  const std::string candidate = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n";
  const auto same = "a=ice-ufrag:" + publication.peer.ufrag
                    + "\r\na=ice-pwd:" + publication.peer.password + "\r\n" + candidate;
  const auto patch = [&] (const std::string &fragment, std::optional<std::string_view> if_match) {
    const auto result = publication.ingest->patch (fragment, if_match);
    ck_assert (!result || (result->etag.empty () && result->fragment.empty ()));
    return result ? result->status : result.error ().status;
  };
  ck_assert_int_eq (patch (same, etag), 204);
  ck_assert_int_eq (patch (candidate, etag), 204);
  ck_assert_int_eq (patch (same, "*"), 204);
  ck_assert_int_eq (patch (same, std::nullopt), 428);
  ck_assert_int_eq (patch (same, "\"other\""), 412);
  ck_assert_int_eq (patch (same, "W/" + etag), 412);
  ck_assert_int_eq (patch ("", etag), 400);
  ck_assert_int_eq (patch ("a=ice-ufrag:other\r\n", "*"), 400);
  const std::string other = "a=ice-ufrag:other\r\na=ice-pwd:0123456789012345678901\r\n";
  ck_assert_int_eq (patch (other, "\"other\""), 412);
  ck_assert (publication.ingest->etag () == etag);
  // Nothing of that was a restart.
  publication.connect ();
  restart (publication, "first", etag);
  ck_assert_int_eq (patch (same, etag), 412); // comes late
  restart (publication, "second", std::nullopt);
}
END_TEST

START_TEST (viewers_restart_too)
{
  const auto port = *Port::open ("127.0.0.1:0");
  const auto feed = port->new_feed (1, nullptr);
  Source source{};
  source.video = true;
  source.codec = Codec::vp8;
  feed->set_source (0, source);
  Viewer viewer;
  const auto joined = feed->join (viewer.offer ({.video = "96 VP8/90000", .audio = false}), {});
  ck_assert (joined.has_value ());
  viewer.answer (joined->answer);
  ck_assert (viewer.connect ());
  const auto patch = [&] (const std::string &id, std::string_view if_match) {
    return feed->patch (id, "a=ice-ufrag:again\r\na=ice-pwd:" + viewer.password + "\r\n", if_match);
  };
  ck_assert_int_eq (patch ("nobody", "*").error ().status, 404);
  ck_assert_int_eq (patch (joined->id, "\"x\"").error ().status, 412);
  const auto patched = patch (joined->id, joined->etag);
  ck_assert (patched && patched->status == 200 && patched->etag != joined->etag);
  viewer.ufrag = "again";
  viewer.answer (patched->fragment);
  viewer.check ();
  ck_assert (feed->has (joined->id));
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
  return run ("webrtc-receive",
      {media_and_feedback, in_order_of_arrival, what_is_not_the_publishers, what_was_not_agreed_on,
          publisher_moves, publisher_leaves, owner_leaves, wrong_fingerprint,
          offers_that_are_refused, publishers_are_bounded, ice_restarts,
          restarts_that_nothing_comes_of, preconditions_of_patches, viewers_restart_too});
}
