// SPDX-License-Identifier: LGPL-2.1-or-later
// Control servers that are right, slow, dead, wrong and lying; and a gate that goes on meanwhile.
#include <algorithm>
#include <atomic>
#include <set>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gst-plugins/common/webhook.hpp"
#include "libs/base/hmac.hpp"
#include "libs/base/text.hpp"
#include "tests/check/gate/control_server.hpp"

#include "tests/check/gate/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using gate::Takeover;
using gate::Terms;
using webhook::Dialect;
using webhook::Webhook;

namespace {

const char *const yes = R"({"allowed":true})";

std::string
always_yes (const Told &)
{
  return http (yes);
}

/** A gate that asks @p url about live/demo, and about nobody else. */
struct House
{
  explicit House (const std::string &url, Dialect dialect = Dialect::stagedoor)
      : hook (*Webhook::open ({.url = url, .secret = "hunter2", .dialect = dialect})),
        asked (gate->admit ("live/demo", Terms (keyring (), Takeover::any_key, hook))),
        unasked (gate->admit ("live/free", keyring ()))
  {
  }

  std::string good () const { return "demo?key=" + key_for ("live/demo"); }

  std::shared_ptr<Webhook> hook;
  TestGate gate;
  gate::Gate::Token asked, unasked;
};

void
assert_refused (House &house, const std::string &reason, const std::string &text)
{
  Publisher publisher (house.gate.port ());
  const auto before = house.gate.refused ().size ();
  ck_assert (!publisher.publish (house.good ()));
  ck_assert_msg (publisher.received ().find (text) != std::string::npos, "not '%s' but %s",
      text.c_str (), house.gate.refused ().back ().text.c_str ());
  ck_assert_uint_eq (house.gate.refused ().size (), before + 1);
  assert_text (house.gate.refused ().back ().reason, reason);
}

/** Each opening has exactly one closing. */
bool
is_paired (const ControlServer &server)
{
  std::multiset<std::string> opened, closed;
  for (const auto &told : server.told ("opening"))
    opened.insert (told.member ("id"));
  for (const auto &told : server.told ("closing"))
    closed.insert (told.member ("id"));
  return opened == closed && std::set (opened.begin (), opened.end ()).size () == opened.size ();
}

std::string
hex_hmac (const std::string &secret, const std::string &body)
{
  std::string out;
  for (const auto byte : hmac_sha256 (view (secret), view (body))) {
    char two[3];
    g_snprintf (two, sizeof two, "%02x", byte);
    out += two;
  }
  return out;
}

START_TEST (allowed_by_http)
{
  ControlServer server (always_yes);
  House house (server.url ());
  {
    Publisher publisher (house.gate.port ());
    ck_assert (publisher.publish (house.good ()));
  }
  ck_assert (eventually ([&] { return server.told ().size () == 2; }));
  const auto told = server.told ();
  ck_assert (told[0].head.starts_with ("POST /hook HTTP/1.1"));
  assert_text (told[0].header ("content-type"), "application/json");
  assert_text (told[0].header ("accept"), "application/json");
  for (const auto &each : told)
    assert_text (
        each.header ("x-stagedoor-signature"), "sha256=" + hex_hmac ("hunter2", each.body));
  assert_text (told[0].member ("event"), "opening");
  assert_text (told[1].member ("event"), "closing");
  assert_text (told[0].member ("id"), told[1].member ("id"));
  for (const auto &[name, value] :
      {std::pair ("protocol", "rtmp"), {"app", "live"}, {"stream", "demo"}, {"peer", "127.0.0.1"}})
    assert_text (told[0].member (name), value);
  const auto key = key_for ("live/demo");
  ck_assert (told[0].body.find (key.substr (key.size () - 22)) == std::string::npos);
  ck_assert_uint_eq (server.connections (), 1); // kept alive
}
END_TEST

START_TEST (ome_request_field_by_field)
{
  ControlServer server ([] (const Told &told) {
    return told.member ("status") == "opening"
               ? http (R"({"allowed":true,"new_url":"rtmp://x/live/other?y","lifetime":0})")
               : http ("{}");
  });
  House house (server.url (), Dialect::ome);
  const auto other = house.gate->admit ("live/other", keyring ());
  const auto before = g_get_real_time ();
  {
    Publisher publisher (house.gate.port ());
    ck_assert (publisher.publish (house.good () + "&user=7"));
    assert_text (house.gate.claim ("live/other")->name (), "live/other");
  }
  ck_assert (eventually ([&] { return server.told ().size () == 2; }));
  const auto base = "rtmp://127.0.0.1:" + std::to_string (house.gate.port ()) + "/live/";
  for (const auto &told : server.told ()) {
    assert_text (told.header ("x-ome-signature"),
        base64url_encode (hmac_sha1 (view (std::string_view ("hunter2")), view (told.body))));
    assert_text (told.header ("x-stagedoor-signature"), "");
    assert_text (told.member ("address"), "127.0.0.1");
    assert_text (told.member ("real_ip"), "127.0.0.1");
    ck_assert_int_gt (std::atoi (told.member ("port").c_str ()), 1023);
    assert_text (told.member ("direction"), "incoming");
    assert_text (told.member ("protocol"), "RTMP");
    const auto url = told.member ("url");
    ck_assert (url.starts_with (base + "demo?key=") && url.ends_with ("&user=7"));
    ck_assert_uint_eq (url.size (), (base + "demo?key=").size () + 16 + 7);
    const auto time = told.member ("time");
    GDateTime *date = g_date_time_new_from_iso8601 (time.c_str (), nullptr);
    ck_assert_msg (
        date != nullptr && time.size () == 24 && time.ends_with ("Z"), "%s", time.c_str ());
    ck_assert_int_le (std::abs (g_date_time_to_unix (date) - before / G_USEC_PER_SEC), 30);
    g_date_time_unref (date);
  }
  assert_text (server.told ()[0].member ("status"), "opening");
  assert_text (server.told ()[0].member ("new_url"), "");
  assert_text (server.told ()[1].member ("status"), "closing");
  ck_assert (server.told ()[1].member ("new_url").starts_with (base + "other?key="));
}
END_TEST

START_TEST (ome_policy_is_passed_on)
{
  ControlServer server (always_yes);
  House house (server.url (), Dialect::ome);
  keys::KeyringSettings settings;
  settings.ome = keys::SignedPolicy{.secret = "ome_is_the_best"};
  const auto token = house.gate->admit ("live/demo",
      Terms (std::make_shared<keys::Keyring> (settings), Takeover::same_key, house.hook));
  const auto url = "rtmp://127.0.0.1:" + std::to_string (house.gate.port ()) + "/live/demo";
  const auto policy = "?policy=" + base64url_encode (view (R"({"url_expire":4102444800000})"));
  const auto query = policy + "&signature="
                     + base64url_encode (hmac_sha1 (
                         view (std::string_view ("ome_is_the_best")), view (url + policy)));
  Publisher publisher (house.gate.port ());
  ck_assert (publisher.publish ("demo" + query));
  assert_text (server.told ()[0].member ("url"), url + query);
}
END_TEST

START_TEST (no_means_no)
{
  ControlServer server (
      [] (const Told &) { return http (R"({"allowed":false,"reason":"pay\nfirst\u202e"})"); });
  House house (server.url ());
  assert_refused (house, "denied", "pay first ");
  house.hook->flush ();
  ck_assert_uint_eq (server.told ().size (), 1);
}
END_TEST

START_TEST (wrong_answers_let_nobody_in)
{
  std::mutex mutex;
  std::string now;
  ControlServer server ([&] (const Told &told) {
    const std::lock_guard lock (mutex);
    return told.member ("event") == "closing" ? http ("{}") : now;
  });
  House house (server.url ());
  const auto elsewhere = "302 Found\r\nLocation: " + server.url () + "?again";
  const std::vector<std::pair<std::string, const char *>> wrong = {
      {http (yes, "500 Internal Server Error"), "answers with status 500"},
      {http (yes, "204 No Content"), "answers with status 204"},
      {http (yes, "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\""), "status 401"},
      {http (yes, elsewhere), "sends us elsewhere"},
      {http (yes, "307 Temporary Redirect\r\nLocation: " + server.url ()), "sends us elsewhere"},
      {http (yes, "200 OK", "text/html"), "something else than application/json"},
      {http ("<html>hello</html>"), "no JSON object"}, {http (""), "no JSON object"},
      {http (R"({"allowed":"true"})"), "neither true nor false"},
      {http (R"({"allowed":true,"stream":"../../etc"})"), "no name of a stream"},
      {http (R"({"allowed":true,"lifetime-ms":-5})"), "no number of milliseconds"},
      {http (R"({"allowed":true,"x":")" + std::string (100000, 'x') + "\"}"), "more than 64 KiB"},
      {http (yes, "200 OK\r\nContent-Encoding: gzip"), "something else than application/json"},
      {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{",
          "does not answer in time"},
      {"nonsense\r\n\r\n", "breaks off"}, {"", "breaks off"}};
  for (const auto &[answer, text] : wrong) {
    {
      const std::lock_guard lock (mutex);
      now = answer;
    }
    assert_refused (house, "no-answer", text);
  }
  house.hook->flush ();
  ck_assert (is_paired (server));
  for (const auto &told : server.told ())
    ck_assert (told.head.find ("?again") == std::string::npos);
  ck_assert_uint_eq (house.gate->counters ().admitted, 0);
}
END_TEST

START_TEST (truth_needs_no_known_length)
{
  ControlServer server ([] (const Told &) {
    return std::string ("HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n8\r\n{\"allowe\r\n8\r\nd\":true}\r\n"
                        "0\r\n\r\n");
  });
  House house (server.url ());
  Publisher publisher (house.gate.port ());
  ck_assert (publisher.publish (house.good ()));
}
END_TEST

START_TEST (dead_server_lets_nobody_in)
{
  std::string url;
  {
    ControlServer server (always_yes);
    url = server.url ();
  }
  House house (url);
  assert_refused (house, "no-answer", "can't be reached");
}
END_TEST

/** Listens, and never accepts. */
class BlackHole
{
public:
  BlackHole () : socket_ (socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
  {
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    ck_assert_int_eq (bind (socket_, reinterpret_cast<sockaddr *> (&here), sizeof here), 0);
    ck_assert_int_eq (listen (socket_, 8), 0);
    getsockname (socket_, reinterpret_cast<sockaddr *> (&here), &size);
    url = "http://127.0.0.1:" + std::to_string (ntohs (here.sin_port)) + "/";
  }
  ~BlackHole () { ::close (socket_); }

  std::string url;

private:
  const int socket_;
};

START_TEST (black_hole_is_given_three_seconds)
{
  BlackHole hole;
  House house (hole.url);
  const auto start = g_get_monotonic_time ();
  assert_refused (house, "no-answer", "does not answer in time");
  const auto took = g_get_monotonic_time () - start;
  ck_assert_int_ge (took, 3 * G_USEC_PER_SEC - G_USEC_PER_SEC / 10);
}
END_TEST

/** Holds answers back until it is told to go on. */
class Barrier
{
public:
  void wait ()
  {
    std::unique_lock lock (mutex_);
    changed_.wait (lock, [this] { return open_; });
  }
  void open ()
  {
    const std::lock_guard lock (mutex_);
    open_ = true;
    changed_.notify_all ();
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

START_TEST (others_come_in_while_a_server_is_slow)
{
  Barrier barrier;
  ControlServer server ([&] (const Told &told) {
    if (told.member ("event") == "opening")
      barrier.wait ();
    return http (yes);
  });
  ControlServer prompt (always_yes);
  House house (server.url ());
  const auto other_hook = *Webhook::open ({.url = prompt.url ()});
  const auto other =
      house.gate->admit ("live/other", Terms (keyring (), Takeover::same_key, other_hook));
  Publisher waits (house.gate.port ());
  waits.handshake ();
  waits.ask ("live", house.good ());
  ck_assert (eventually ([&] { return server.told ().size () == 1; }));
  std::vector<gint64> took;
  for (int i = 0; i < 20; ++i) {
    Publisher unasked (house.gate.port ()), asked (house.gate.port ());
    const auto start = g_get_monotonic_time ();
    ck_assert (unasked.publish ("free?key=" + key_for ("live/free")));
    const auto half = g_get_monotonic_time ();
    ck_assert (asked.publish ("other?key=" + key_for ("live/other")));
    took.push_back (half - start);
    took.push_back (g_get_monotonic_time () - half);
    if (g_get_monotonic_time () - start > G_USEC_PER_SEC)
      break; // a very slow machine; the first one is to be waiting still
  }
  ck_assert_uint_eq (server.told ().size (), 1);
  ck_assert (waits.received ().find ("Publish.Start") == std::string::npos);
  std::ranges::sort (took);
  ck_assert_int_lt (took[took.size () / 2], 50000);
  barrier.open ();
  ck_assert (waits.expect ("NetStream.Publish."));
}
END_TEST

START_TEST (slow_server_hears_of_the_end)
{
  Barrier barrier;
  ControlServer server ([&] (const Told &told) {
    if (told.member ("event") == "opening")
      barrier.wait (); // five seconds would do
    return http (yes);
  });
  House house (server.url ());
  assert_refused (house, "no-answer", "does not answer in time");
  barrier.open ();
  ck_assert (eventually ([&] { return is_paired (server); }));
}
END_TEST

START_TEST (everybody_is_heard_in_a_crowd)
{
  Barrier barrier;
  ControlServer server ([&] (const Told &told) {
    if (told.member ("event") == "opening")
      barrier.wait ();
    return http (yes);
  });
  House house (server.url ());
  std::vector<std::unique_ptr<Publisher>> crowd;
  for (int i = 0; i < 40; ++i) { // more than are asked about at once
    crowd.push_back (std::make_unique<Publisher> (house.gate.port ()));
    crowd.back ()->handshake ();
    crowd.back ()->ask ("live", house.good ());
  }
  ck_assert (eventually ([&] { return server.told ().size () == 16; }));
  barrier.open ();
  for (auto &publisher : crowd)
    ck_assert (publisher->expect ("NetStream.Publish.Start"));
  ck_assert_uint_le (server.connections (), 16);
  crowd.clear ();
  ck_assert (eventually ([&] { return is_paired (server); }));
}
END_TEST

START_TEST (events_are_paired_over_a_thousand_connects)
{
  std::atomic<unsigned> count = 0;
  ControlServer server ([&] (const Told &told) {
    return http (told.member ("event") == "closing" || ++count % 10 != 0 ? yes : "[]");
  });
  auto house = std::make_unique<House> (server.url ());
  const auto other = key_for ("live/*");
  for (int i = 0; i < 1000; ++i) {
    Publisher publisher (house->gate.port ());
    publisher.handshake ();
    publisher.ask ("live", i % 7 == 0 ? "demo?key=" + other : house->good ());
    if (i % 3 != 0) // the others leave at once, some before the answer
      publisher.expect (i % 10 == 9 ? "NetStream.Publish." : "NetStream.Publish.Start");
  }
  ck_assert (eventually ([&] { return server.told ("opening").size () >= 900; }));
  const auto hook = house->hook;
  house.reset (); // with whoever is still in
  hook->flush ();
  ck_assert (is_paired (server));
}
END_TEST

START_TEST (settings_are_checked)
{
  for (const char *bad : {"", "x", "ftp://127.0.0.1/", "/path", "http://", "http://user:pw@h/"})
    ck_assert_msg (!Webhook::open ({.url = bad}).has_value (), "%s", bad);
  ck_assert (!webhook::read_secret ("/nonexistent/secret").has_value ());
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("webhook",
      {allowed_by_http, ome_request_field_by_field, ome_policy_is_passed_on, no_means_no,
          wrong_answers_let_nobody_in, truth_needs_no_known_length, dead_server_lets_nobody_in,
          black_hole_is_given_three_seconds, others_come_in_while_a_server_is_slow,
          slow_server_hears_of_the_end, everybody_is_heard_in_a_crowd,
          events_are_paired_over_a_thousand_connects, settings_are_checked});
}
