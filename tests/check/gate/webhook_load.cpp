// SPDX-License-Identifier: LGPL-2.1-or-later
// Control servers that are slow or dead, and many publishers: the gate goes on meanwhile, and
// events stay paired.
#include <algorithm>
#include <atomic>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/check/gate/webhook_fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

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

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("webhook-load",
      {dead_server_lets_nobody_in, black_hole_is_given_three_seconds,
          others_come_in_while_a_server_is_slow, slow_server_hears_of_the_end,
          everybody_is_heard_in_a_crowd, events_are_paired_over_a_thousand_connects});
}
