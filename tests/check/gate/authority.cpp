// SPDX-License-Identifier: LGPL-2.1-or-later
// Publishers about whom somebody is asked: what each answer does, and that events stay paired
// whatever else happens meanwhile.
#include <thread>

#include "gst-plugins/common/gate/srt_socket.hpp"
#include "libs/keys/public.hpp"
#include "tests/check/gate/srt_caller.hpp"

#include "tests/check/gate/authority_fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using gate::Answer;
using gate::Takeover;
using gate::Terms;

namespace {

/** A gate that asks a judge about live/demo. */
struct Court
{
  explicit Court (std::shared_ptr<Judge> judge = std::make_shared<Judge> ())
      : judge (std::move (judge))
  {
  }

  const std::shared_ptr<Judge> judge;
  TestGate gate;
  gate::Gate::Token admitted =
      gate->admit ("live/demo", Terms (keyring (), Takeover::same_key, judge));

  std::string good () const { return "demo?key=" + key_for ("live/demo"); }
};

struct Knocker : Publisher
{
  Knocker (std::uint16_t port, const std::string &stream) : Publisher (port)
  {
    handshake ();
    ask ("live", stream);
  }
  bool is_let_in () { return expect ("NetStream.Publish.Start"); }
};

std::string
why_ended (gate::Publication &publication)
{
  const auto end = pop_until (
      publication, [] (const gate::Item &i) { return std::holds_alternative<gate::End> (i); });
  ck_assert (end.has_value ());
  return std::get<gate::End> (*end).why;
}

void
assert_refused (Court &court, Knocker &publisher, const char *code, const std::string &reason,
    const std::string &text)
{
  ck_assert_msg (publisher.expect (code), "%s", reason.c_str ());
  ck_assert (publisher.expect (text));
  ck_assert (publisher.closed_by_peer ());
  publisher.close ();
  ck_assert (eventually ([&] { return !court.gate.refused ().empty (); }));
  assert_text (court.gate.refused ().back ().reason, reason);
  ck_assert (eventually ([&] { return court.gate->counters ().open == 0; }));
}

START_TEST (allowed_publisher_comes_in_and_its_end_is_told)
{
  Court court;
  Knocker publisher (court.gate.port (), court.good ());
  ck_assert (court.judge->was_asked (1));
  const auto visit = court.judge->opened ().front ();
  assert_text (visit.protocol, "rtmp");
  assert_text (visit.app, "live");
  assert_text (visit.stream, "demo");
  assert_text (visit.peer.ip.to_string (), "127.0.0.1");
  const auto id = keys::credential_id (key_for ("live/demo"));
  ck_assert_uint_eq (visit.id.size (), 22);
  assert_text (visit.url, "rtmp://127.0.0.1:" + std::to_string (court.gate.port ())
                              + "/live/demo?key=" + visit.credential);
  ck_assert_uint_eq (visit.credential.size (), id.size ());
  ck_assert_uint_eq (court.gate->counters ().admitted, 0);
  court.judge->allow (0);
  ck_assert (publisher.is_let_in ());
  const auto publication = court.gate.claim ();
  ck_assert (court.judge->closed ().empty ());
  publisher.unpublish ();
  why_ended (*publication);
  ck_assert (court.judge->was_told_of (1));
  assert_text (court.judge->closed ().front ().id, visit.id);
}
END_TEST

START_TEST (key_comes_first)
{
  Court court;
  Knocker publisher (court.gate.port (), "demo?key=" + key_for ("live/other"));
  ck_assert (publisher.expect ("NetStream.Publish.Denied"));
  ck_assert (court.judge->opened ().empty ());
}
END_TEST

START_TEST (refusal_is_shown_to_the_publisher)
{
  Court court;
  Knocker publisher (court.gate.port (), court.good ());
  ck_assert (court.judge->was_asked (1));
  court.judge->deny (0, "come back tomorrow");
  assert_refused (court, publisher, "NetStream.Publish.Denied", "denied", "come back tomorrow");
  Knocker other (court.gate.port (), court.good ());
  ck_assert (court.judge->was_asked (2));
  court.judge->answer (1, {Answer::Kind::failed, "the control server is on fire", {}});
  assert_refused (court, other, "NetStream.Publish.Denied", "no-answer", "on fire");
  ck_assert (court.judge->closed ().empty ());
}
END_TEST

START_TEST (answer_that_comes_too_late_is_no_answer)
{
  Court court;
  Knocker publisher (court.gate.port (), court.good ());
  assert_refused (court, publisher, "NetStream.Publish.Denied", "no-answer", "in time");
  court.judge->allow (0); // it believes that somebody came in
  ck_assert (court.judge->was_told_of (1));
  ck_assert_uint_eq (court.gate->counters ().admitted, 0);
}
END_TEST

START_TEST (publisher_that_left_meanwhile_is_closed)
{
  Court court;
  {
    Knocker publisher (court.gate.port (), court.good ());
    ck_assert (court.judge->was_asked (1));
  }
  court.judge->allow (0);
  ck_assert (court.judge->was_told_of (1));
  ck_assert (eventually ([&] { return court.gate->counters ().open == 0; }));
}
END_TEST

START_TEST (gate_that_left_meanwhile_is_no_trouble)
{
  const auto judge = std::make_shared<Judge> ();
  {
    Court court (judge);
    Knocker waits (court.gate.port (), court.good ());
    ck_assert (court.judge->was_asked (1));
    Knocker is_in (court.gate.port (), court.good ());
    ck_assert (court.judge->was_asked (2));
    court.judge->allow (1);
    ck_assert (is_in.is_let_in ());
  }
  ck_assert (judge->was_told_of (1));
  assert_text (judge->closed ()[0].id, judge->opened ()[1].id);
  judge->allow (0);
  ck_assert (judge->was_told_of (2));
  assert_text (judge->closed ()[1].id, judge->opened ()[0].id);
}
END_TEST

START_TEST (what_comes_while_waiting_is_kept_back)
{
  Court court;
  Knocker eager (court.gate.port (), court.good ());
  ck_assert (court.judge->was_asked (1));
  eager.send_aac_setup ();
  std::thread sends ([&] { // more than sockets hold
    eager.send_h264_setup ();
    for (int i = 0; i < 200; ++i)
      eager.send_video (40 * i, i % 50 == 0, 60000);
  });
  Knocker other (court.gate.port (), court.good ()); // the gate is not held up by it
  ck_assert (court.judge->was_asked (2));
  court.judge->deny (1, "no");
  ck_assert (other.closed_by_peer ());
  court.judge->allow (0);
  ck_assert (eager.is_let_in ());
  sends.join ();
  const auto publication = court.gate.claim ();
  const auto frames = [&] {
    const Structure stats (publication->stats ());
    guint64 n = 0;
    gst_structure_get_uint64 (stats.get (), "video-frames", &n);
    return n;
  };
  ck_assert (eventually ([&] { return frames () == 200; }));
}
END_TEST

START_TEST (another_stream_is_published_instead)
{
  Court court;
  const auto second = court.gate->admit ("live/second", keyring ());
  Knocker publisher (court.gate.port (), court.good ());
  ck_assert (court.judge->was_asked (1));
  court.judge->allow (0, "live/second");
  ck_assert (publisher.is_let_in ());
  const auto publication = court.gate.claim ("live/second");
  assert_text (publication->name (), "live/second");
  publisher.close ();
  ck_assert (court.judge->was_told_of (1));
  const auto closed = court.judge->closed ().front ();
  assert_text (closed.stream, "demo");
  assert_text (closed.published_as, "live/second");
}
END_TEST

START_TEST (another_stream_has_to_be_one_of_ours)
{
  Court court;
  const auto any = court.gate->admit ("*", keyring ());
  const auto own = court.gate->admit ("app2/mine", keyring ());
  const std::vector<std::string> bad = {
      "x", "/", "live/", "/demo", "live/..", "live/a/b", "live/a b", "app2/other", "app3/mine"};
  for (std::size_t i = 0; i < bad.size (); ++i) {
    Knocker publisher (court.gate.port (), court.good ());
    ck_assert (court.judge->was_asked (i + 1));
    court.judge->allow (i, bad[i]);
    assert_refused (court, publisher, "NetStream.Publish.Denied", "wrong-stream", "not served");
    ck_assert (court.judge->was_told_of (i + 1));
  }
  for (const char *good : {"live/free", "app2/mine"}) {
    Knocker publisher (court.gate.port (), court.good ());
    const auto number = court.judge->closed ().size ();
    ck_assert (court.judge->was_asked (number + 1));
    court.judge->allow (number, good);
    ck_assert_msg (publisher.is_let_in (), "%s", good);
    publisher.close ();
    ck_assert (court.judge->was_told_of (number + 1));
  }
}
END_TEST

START_TEST (another_stream_may_be_busy)
{
  Court court;
  const auto other = court.gate->admit ("live/other", keyring ());
  Publisher first (court.gate.port ());
  ck_assert (first.publish ("other?key=" + key_for ("live/*")));
  Knocker publisher (court.gate.port (), court.good ());
  ck_assert (court.judge->was_asked (1));
  court.judge->allow (0, "live/other");
  ck_assert (publisher.expect ("NetStream.Publish.BadName"));
  ck_assert (court.judge->was_told_of (1));
  Knocker same (court.gate.port (), "demo?key=" + key_for ("live/*"));
  ck_assert (court.judge->was_asked (2));
  court.judge->allow (1, "live/other");
  ck_assert (same.is_let_in ());
  ck_assert (first.expect ("the same key publishes"));
}
END_TEST

START_TEST (two_knock_at_once)
{
  Court court;
  Knocker first (court.gate.port (), court.good ());
  ck_assert (court.judge->was_asked (1));
  Knocker second (court.gate.port (), court.good ());
  ck_assert (court.judge->was_asked (2));
  Knocker other (court.gate.port (), "demo?key=" + key_for ("live/*"));
  ck_assert (court.judge->was_asked (3));
  court.judge->allow (1);
  ck_assert (second.is_let_in ());
  court.judge->allow (2);
  ck_assert (other.expect ("NetStream.Publish.BadName"));
  court.judge->allow (0);
  ck_assert (first.is_let_in ());
  ck_assert (second.closed_by_peer ());
  ck_assert (court.judge->was_told_of (2));
  first.close ();
  ck_assert (court.judge->was_told_of (3));
}
END_TEST

START_TEST (key_may_be_revoked_while_waiting)
{
  Court court;
  Knocker publisher (court.gate.port (), court.good ());
  ck_assert (court.judge->was_asked (1));
  const auto credential = court.judge->opened ().front ().credential;
  const auto now = court.gate->admit (
      "live/demo", Terms (keyring (credential), Takeover::same_key, court.judge));
  court.judge->allow (0);
  assert_refused (court, publisher, "NetStream.Publish.Denied", "revoked", "revoked");
  ck_assert (court.judge->was_told_of (1));
}
END_TEST

START_TEST (nobody_waits_for_another_ones_answer)
{
  Court court;
  const auto free = court.gate->admit ("live/free", keyring ());
  Knocker waits (court.gate.port (), court.good ());
  ck_assert (court.judge->was_asked (1));
  Publisher unasked (court.gate.port ());
  ck_assert (unasked.publish ("free?key=" + key_for ("live/free")));
  Knocker asked (court.gate.port (), court.good ());
  ck_assert (court.judge->was_asked (2));
  court.judge->allow (1);
  ck_assert (asked.is_let_in ());
  ck_assert_uint_eq (court.gate->counters ().admitted, 2);
  court.judge->deny (0, "late, but no");
  ck_assert (waits.expect ("late, but no"));
}
END_TEST

START_TEST (silent_publisher_ends_when_its_time_is_over)
{
  Court court;
  const auto port = open_srt_door (*court.gate.pointer ());
  const char *over = "the time that was allowed for this stream is over";
  Knocker by_rtmp (court.gate.port (), court.good ());
  ck_assert (court.judge->was_asked (1));
  court.judge->allow (0, {}, std::chrono::milliseconds (300));
  ck_assert (by_rtmp.is_let_in ());
  ck_assert (by_rtmp.expect (over));
  ck_assert (by_rtmp.closed_by_peer ());
  SrtCaller by_srt (port, {"publish:live/demo?key=" + key_for ("live/demo")});
  ck_assert (court.judge->was_asked (2));
  court.judge->allow (1, {}, std::chrono::milliseconds (300));
  assert_text (why_ended (*court.gate.claim ()), over);
  ck_assert (by_srt.closed_by_peer ());
  ck_assert (court.judge->was_told_of (2));
}
END_TEST

START_TEST (public_stream_keeps_its_query)
{
  Court court;
  const auto open = court.gate->admit (
      "live/open", Terms (std::make_shared<keys::Public> (), Takeover::same_key, court.judge));
  Knocker publisher (court.gate.port (), "open?key=a&user=b");
  ck_assert (court.judge->was_asked (1));
  ck_assert (court.judge->opened ().front ().url.ends_with ("/live/open?key=a&user=b"));
  court.judge->deny (0, "no");
}
END_TEST

START_TEST (srt_caller_is_asked_about_once_connected)
{
  Court court;
  const auto port = open_srt_door (*court.gate.pointer ());
  const auto streamid = "publish:live/demo?x=1&key=" + key_for ("live/demo");
  SrtCaller refused (port, {streamid});
  ck_assert_int_eq (refused.reject_reason (), 0);
  ck_assert (court.judge->was_asked (1));
  const auto visit = court.judge->opened ().front ();
  assert_text (visit.protocol, "srt");
  ck_assert_msg (
      visit.url.ends_with ("/live/demo?x=1&key=" + visit.credential), "%s", visit.url.c_str ());
  ck_assert_uint_eq (court.gate->counters ().open, 1);
  court.judge->deny (0, "not you");
  ck_assert (refused.closed_by_peer ());
  assert_text (court.gate.refused ().back ().reason, "denied");
  ck_assert (eventually ([&] { return court.gate->counters ().open == 0; }));
  SrtCaller caller (port, {streamid});
  ck_assert (court.judge->was_asked (2));
  ck_assert (caller.send (transport_stream ("h264-aac.mpegts")));
  court.judge->allow (1);
  const auto publication = court.gate.claim ();
  ck_assert (pop_until (
      *publication, [] (const gate::Item &i) { return std::holds_alternative<gate::Frame> (i); }));
  caller.close ();
  ck_assert (court.judge->was_told_of (1));
  SrtCaller gone (port, {streamid});
  ck_assert (court.judge->was_asked (3));
  gone.close ();
  court.judge->allow (2);
  ck_assert (court.judge->was_told_of (2));
  ck_assert (eventually ([&] { return court.gate->counters ().open == 0; }));
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("authority",
      {allowed_publisher_comes_in_and_its_end_is_told, key_comes_first,
          refusal_is_shown_to_the_publisher, answer_that_comes_too_late_is_no_answer,
          publisher_that_left_meanwhile_is_closed, gate_that_left_meanwhile_is_no_trouble,
          what_comes_while_waiting_is_kept_back, another_stream_is_published_instead,
          another_stream_has_to_be_one_of_ours, another_stream_may_be_busy, two_knock_at_once,
          key_may_be_revoked_while_waiting, nobody_waits_for_another_ones_answer,
          silent_publisher_ends_when_its_time_is_over, public_stream_keeps_its_query,
          srt_caller_is_asked_about_once_connected});
}
