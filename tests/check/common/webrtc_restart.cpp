// SPDX-License-Identifier: LGPL-2.1-or-later
// ICE restarts and trickled candidates, of publishers and of viewers.
#include <gst/gst.h>

#include <array>

#include "tests/check/common/publication.hpp"
#include "tests/unit/suite.hpp" // last: check.h defines "fail"

using namespace stagedoor;
using namespace stagedoor::webrtc;
using namespace stagedoor::test;

namespace {

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
  mobile.send (peer.port, publication.wire (1));
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

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("webrtc-restart", {ice_restarts, restarts_that_nothing_comes_of,
                                    preconditions_of_patches, viewers_restart_too});
}
