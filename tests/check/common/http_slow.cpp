// SPDX-License-Identifier: LGPL-2.1-or-later
// Slowloris at the HTTP port: whoever asks at a normal pace is answered.
#include "gst-plugins/common/http_server.hpp"
#include "tests/check/slow_crowd.hpp"

#include "tests/check/common/http_client.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor::http;
using namespace stagedoor::test;
using std::chrono::milliseconds;

namespace {

constexpr const char *slow_head = "POST /live/demo/whep HTTP/1.1\r\nHost: test\r\nX: yyyyyyyyy";
constexpr const char *slow_body =
    "POST /live/demo/whep HTTP/1.1\r\nHost: test\r\nContent-Length: 60000\r\n\r\nv=0";

void
wait_for (const std::function<bool ()> &condition)
{
  const auto end = std::chrono::steady_clock::now () + std::chrono::seconds (20);
  while (!condition ()) {
    ck_assert (std::chrono::steady_clock::now () < end);
    poll (nullptr, 0, 1);
  }
}

/** A player's polling. It tries again when the connection that it kept was pushed out meanwhile. */
void
assert_served (Server &server)
{
  for (int i = 0; i < 10; ++i) {
    Client client (server.port ());
    ck_assert_int_eq (client.ask (get ("/")).status, 200);
    const auto offer = post ("/live/demo/whep", "v=0");
    if (client.ask (offer).status == 0)
      ck_assert_int_eq (Client (server.port ()).ask (offer).status, 200);
  }
}

void
besiege (const char *opening, int connections, const Limits &limits)
{
  const auto opened = Server::open ("127.0.0.1:0", limits);
  ck_assert (opened.has_value ());
  const auto route = (*opened)->route (
      "/", 65'536, [] (const Request &request) { respond (request, 200, "text/plain", "ok"); });
  const SlowCrowd crowd (
      {.port = (*opened)->port (), .opening = opening, .connections = connections, .pause_ms = 50});
  wait_for ([&] { return crowd.is_there (); });
  assert_served (**opened);
  wait_for ([&] { return crowd.closed () > connections; });
  assert_served (**opened);
}

START_TEST (fewer_than_the_limit_run_out_of_time)
{
  for (const char *opening : {slow_head, slow_body})
    besiege (opening, 300, {.patience = milliseconds (500)});
}
END_TEST

START_TEST (more_than_the_limit_push_each_other_out)
{
  for (const char *opening : {slow_head, slow_body})
    besiege (opening, 400, {.connections = 200, .patience = milliseconds (20'000)});
}
END_TEST

} // namespace

int
main ()
{
  return run (
      "http-slow", {fewer_than_the_limit_run_out_of_time, more_than_the_limit_push_each_other_out});
}
