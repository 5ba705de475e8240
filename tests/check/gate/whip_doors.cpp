// SPDX-License-Identifier: LGPL-2.1-or-later
// Who decides besides the key, for publishers by WHIP and RTMPS: an authority that takes its time,
// and the back-off of an address.
#include <algorithm>

#include "libs/keys/public.hpp"
#include "tests/check/gate/certificate_files.hpp"
#include "tests/check/gate/webhook_fixture.hpp"

#include "tests/check/gate/authority_fixture.hpp"
#include "tests/check/gate/whip_client.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using namespace std::chrono_literals;
using gate::Answer;
using gate::Limits;

namespace {

constexpr const char *demo = "/live/demo/whip";

/** A gate with all doors that take HTTP or TLS; a judge is asked about live/demo. */
struct Court
{
  explicit Court (const Limits &limits = {}) : gate (limits, {.certificate = certificate}) {}

  /** Asks, and doesn't wait. */
  Client ask (const std::string &token, const char *path = demo) const
  {
    Client client (whip);
    client.send (whip_request (path, token));
    return client;
  }
  Response post (const std::string &token, const char *path = demo) const
  {
    return ask (token, path).receive ();
  }
  std::unique_ptr<Publisher> by_tls (const std::string &stream) const
  {
    auto out = std::make_unique<Publisher> (gate.port ());
    ck_assert (out->start_tls ());
    out->handshake ();
    out->ask ("live", stream);
    return out;
  }
  std::string last_reason () const
  {
    const auto all = gate.refused ();
    return all.empty () ? "" : all.back ().reason;
  }
  bool is_empty () const
  {
    return eventually ([&] { return gate->counters ().open == 0; });
  }

  CertificateFiles files;
  std::shared_ptr<Certificate> certificate = files.open ();
  const std::shared_ptr<Judge> judge = std::make_shared<Judge> ();
  TestGate gate;
  const std::uint16_t whip = open_whip_door (*gate.pointer ());
  gate::Gate::Token asked =
      gate->admit ("live/demo", Terms (keyring (), Takeover::same_key, judge));
  gate::Gate::Token unasked = gate->admit ("live/free", keyring ());
};

std::string
good ()
{
  return key_for ("live/demo");
}

bool
is_silent (const Client &client)
{
  pollfd waiting{client.fd (), POLLIN, 0};
  return poll (&waiting, 1, 0) == 0;
}

START_TEST (a_post_waits_for_the_answer)
{
  Court court;
  auto client = court.ask (good ());
  ck_assert (court.judge->was_asked (1));
  const auto visit = court.judge->opened ().front ();
  assert_text (visit.protocol, "whip");
  assert_text (visit.app, "live");
  assert_text (visit.stream, "demo");
  assert_text (visit.url, "http://test:" + std::to_string (court.whip) + demo);
  ck_assert (is_silent (client));
  ck_assert_uint_eq (court.gate->counters ().admitted, 0);
  court.judge->allow (0);
  const auto answer = client.receive ();
  ck_assert_int_eq (answer.status, 201);
  const auto publication = court.gate.claim ();
  ck_assert (court.judge->closed ().empty ());
  const auto location = value_of (answer, "Location");
  client.ask (http_request ("DELETE", location, bearer (good ())));
  ck_assert (court.judge->was_told_of (1));
  assert_text (court.judge->closed ().front ().id, visit.id);
}
END_TEST

START_TEST (a_key_in_the_query_is_not_told)
{
  Court court;
  auto client = court.ask ("", (std::string (demo) + "?a=b&key=" + good ()).c_str ());
  ck_assert (court.judge->was_asked (1));
  const auto visit = court.judge->opened ().front ();
  ck_assert (visit.url.find (good ()) == std::string::npos);
  ck_assert (visit.url.ends_with ("?a=b&key=" + visit.credential));
  court.judge->deny (0, "no");
  expect_problem (client.receive (), 403, "no");
}
END_TEST

START_TEST (others_come_in_meanwhile)
{
  Court court;
  auto waits = court.ask (good ());
  const auto waits_by_tls = court.by_tls ("demo?key=" + good ());
  ck_assert (court.judge->was_asked (2));
  const auto free = key_for ("live/free");
  std::vector<gint64> took;
  const auto begun = g_get_monotonic_time ();
  for (int i = 0; i < 15; ++i) {
    const auto start = g_get_monotonic_time ();
    if (i % 3 == 0) {
      ck_assert_int_eq (court.post (free, "/live/free/whip").status, 201);
    } else {
      Publisher other (court.gate.port ());
      ck_assert (i % 3 == 1 || other.start_tls ());
      ck_assert (other.publish ("free?key=" + free));
    }
    took.push_back (g_get_monotonic_time () - start);
    if (start - begun > G_USEC_PER_SEC)
      break; // a very slow machine: those who wait do so for 3.5 s
  }
  ck_assert (is_silent (waits));
  std::ranges::sort (took);
  ck_assert_int_lt (took[took.size () / 2], 50000);
  court.judge->allow (1);
  ck_assert (waits_by_tls->expect ("NetStream.Publish.Start"));
  court.judge->allow (0);
  ck_assert_int_eq (waits.receive ().status, 201); // the same key
  ck_assert (waits_by_tls->expect ("the same key publishes from another connection now"));
}
END_TEST

START_TEST (a_denial_has_its_words)
{
  Court court;
  auto client = court.ask (good ());
  const auto by_tls = court.by_tls ("demo?key=" + good ());
  ck_assert (court.judge->was_asked (2));
  for (const std::size_t number : {0, 1})
    court.judge->deny (number, "come back tomorrow");
  expect_problem (client.receive (), 403, "come back tomorrow");
  ck_assert (by_tls->expect ("NetStream.Publish.Denied"));
  ck_assert (by_tls->expect ("come back tomorrow"));
  assert_text (court.last_reason (), "denied");
  ck_assert (court.judge->closed ().empty ());
  ck_assert (court.is_empty ());
}
END_TEST

/** Also where nobody has to show anything. */
START_TEST (a_denial_on_a_public_stream)
{
  Court court;
  const auto open = court.gate->admit (
      "live/open", Terms (std::make_shared<keys::Public> (), Takeover::same_key, court.judge));
  auto client = court.ask ("", "/live/open/whip");
  ck_assert (court.judge->was_asked (1));
  court.judge->deny (0, "not on Sundays");
  expect_problem (client.receive (), 403, "not on Sundays");
}
END_TEST

START_TEST (no_answer_may_be_one_later)
{
  Court court;
  auto client = court.ask (good ());
  ck_assert (court.judge->was_asked (1));
  court.judge->answer (0, {Answer::Kind::failed, "the control server is on fire", {}});
  const auto answer = client.receive ();
  expect_problem (answer, 503, "on fire");
  ck_assert (answer.has ("Retry-After: "));
  const auto late = court.post (good ());
  expect_problem (late, 503, "in time");
  court.judge->allow (1);
  ck_assert (court.judge->was_told_of (1));
  ck_assert_uint_eq (court.gate->counters ().admitted, 0);
  ck_assert (court.is_empty ());
}
END_TEST

/** Its session is open for nobody, and ends like that of anybody who never connects. */
START_TEST (who_left_while_waiting_is_closed)
{
  Court court;
  court.ask (good ()).close ();
  ck_assert (court.judge->was_asked (1));
  court.judge->allow (0);
  court.gate.claim ()->close ("enough");
  ck_assert (court.judge->was_told_of (1));
  ck_assert (court.is_empty ());
}
END_TEST

START_TEST (another_stream_may_be_chosen_and_busy)
{
  Court court;
  auto client = court.ask (good ());
  ck_assert (court.judge->was_asked (1));
  court.judge->allow (0, "live/free");
  const auto answer = client.receive ();
  ck_assert_int_eq (answer.status, 201);
  assert_text (court.gate.claim ("live/free")->name (), "live/free");
  auto second = court.ask (key_for ("live/*"));
  ck_assert (court.judge->was_asked (2));
  court.judge->allow (1, "live/free");
  const auto busy = second.receive ();
  expect_problem (busy, 409, "somebody else");
  ck_assert (busy.has ("Retry-After: "));
  ck_assert (court.judge->was_told_of (1));
}
END_TEST

START_TEST (a_lifetime_ends_it)
{
  Court court;
  auto client = court.ask (good ());
  ck_assert (court.judge->was_asked (1));
  court.judge->allow (0, {}, 300ms);
  ck_assert_int_eq (client.receive ().status, 201);
  const auto publication = court.gate.claim ();
  const auto end = pop_until (*publication,
      [] (const gate::Item &item) { return std::holds_alternative<gate::End> (item); });
  assert_text (std::get<gate::End> (*end).why, "the time that was allowed for this stream is over");
  ck_assert (court.judge->was_told_of (1));
}
END_TEST

/** As it is with a real control server, too. */
START_TEST (a_control_server_is_heard)
{
  ControlServer server ([] (const Told &told) {
    return http (told.member ("event") == "closing" || told.member ("protocol") == "rtmps"
                     ? yes
                     : R"({"allowed":false,"reason":"pay first"})");
  });
  CertificateFiles files;
  const auto certificate = files.open ();
  House house (server.url ());
  const auto whip = open_whip_door (*house.gate.pointer ());
  const auto rtmps =
      port_of (*house.gate->add_door ("rtmps://127.0.0.1:0", {.certificate = certificate}));
  expect_problem (Client (whip).ask (whip_request (demo, good ())), 403, "pay first");
  assert_text (server.told ("opening").front ().member ("protocol"), "whip");
  {
    Publisher publisher (rtmps);
    ck_assert (publisher.start_tls ());
    ck_assert (publisher.publish (house.good (), "live", "rtmps"));
  }
  ck_assert (eventually ([&] { return server.told ("closing").size () == 1; }));
}
END_TEST

Limits
three_strikes ()
{
  Limits out;
  out.wrong_keys = 3;
  out.back_off_first = 30s;
  return out;
}

std::string
wrong_key ()
{
  return key_for ("live/free", keys::Role::publish, 3600, false);
}

START_TEST (back_off_says_when_to_try_again)
{
  Court court (three_strikes ());
  constexpr const char *path = "/live/free/whip";
  for (int i = 0; i < 3; ++i)
    ck_assert_int_eq (court.post (wrong_key (), path).status, 401);
  for (const auto &key : {wrong_key (), std::string ("rubbish")}) {
    const auto answer = court.post (key, path);
    expect_problem (answer, 429, "too many wrong keys came from your address; try again in ");
    const auto seconds = std::stoi (value_of (answer, "Retry-After"));
    ck_assert (seconds > 20 && seconds <= 30);
    ck_assert (answer.body.find (std::to_string (seconds) + " s") != std::string::npos);
    ck_assert (!answer.has ("WWW-Authenticate"));
    assert_text (court.last_reason (), "back-off");
  }
  ck_assert_uint_eq (court.gate->counters ().refused_back_off, 2);
  expect_problem (court.post ("", path), 401, "wants a key"); // as it would otherwise
  ck_assert_int_eq (court.post (key_for ("live/free"), path).status, 201);
  ck_assert_int_eq (court.post (wrong_key (), path).status, 401); // a new beginning
}
END_TEST

START_TEST (all_doors_count_together)
{
  Court court (three_strikes ());
  const auto by_tls = [&] (const std::string &key) {
    return court.by_tls ("free?key=" + key);
  };
  ck_assert_int_eq (court.post (wrong_key (), "/live/free/whip").status, 401);
  ck_assert (by_tls (wrong_key ())->expect ("NetStream.Publish.Denied"));
  ck_assert (
      !Publisher (court.gate.port ()).publish ("free?key=" + wrong_key ())); // one without TLS
  ck_assert_int_eq (court.post (wrong_key (), "/live/free/whip").status, 429);
  ck_assert (by_tls (wrong_key ())->expect ("too many wrong keys"));
  ck_assert (by_tls (key_for ("live/free"))->expect ("NetStream.Publish.Start"));
  ck_assert_int_eq (court.post (wrong_key (), "/live/free/whip").status, 401);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("whip doors",
      {a_post_waits_for_the_answer, a_key_in_the_query_is_not_told, others_come_in_meanwhile,
          a_denial_has_its_words, a_denial_on_a_public_stream, no_answer_may_be_one_later,
          who_left_while_waiting_is_closed, another_stream_may_be_chosen_and_busy,
          a_lifetime_ends_it, a_control_server_is_heard, back_off_says_when_to_try_again,
          all_doors_count_together});
}
