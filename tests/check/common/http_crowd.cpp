// SPDX-License-Identifier: LGPL-2.1-or-later
// Too many connections: whose have to go.
#include "gst-plugins/common/http_server.hpp"

#include <vector>

#include "tests/check/common/http_client.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor::http;
using namespace stagedoor::test;

namespace {

/** Answers at "/" at once, elsewhere when the test says so. */
struct Crowded
{
  explicit Crowded (std::size_t connections)
  {
    const auto opened = Server::open ("127.0.0.1:0", {.connections = connections});
    ck_assert (opened.has_value ());
    server = *opened;
    route = server->route ("/", 0, [this] (const Request &request) {
      if (request.path == "/")
        respond (request, 200, "text/plain", "ok");
      else
        waiting.put (std::make_unique<Deferred> (request));
    });
  }
  Client come (std::uint8_t host)
  {
    Client out (AF_INET);
    out.come_from (host);
    out.connect (server->port ());
    return out;
  }
  std::vector<std::unique_ptr<Deferred>> wait (
      std::vector<Client> &clients, std::uint8_t host, int n)
  {
    std::vector<std::unique_ptr<Deferred>> out;
    for (int i = 0; i < n; ++i) {
      clients.push_back (come (host));
      clients.back ().send (get ("/wait"));
      out.push_back (waiting.take ());
    }
    return out;
  }

  std::shared_ptr<Server> server;
  Mailbox<std::unique_ptr<Deferred>> waiting;
  Server::Token route;
};

void
answer (Deferred &deferred)
{
  deferred.answer ([] (const Request &request) { respond (request, 200, "text/plain", "late"); });
}

/** Who has all places waiting makes room for others, until they have as many. */
START_TEST (greedy_address_gives_way)
{
  Crowded at (4);
  std::vector<Client> greedy;
  const auto deferred = at.wait (greedy, 1, 4);
  auto first = at.come (2), second = at.come (2), third = at.come (2);
  ck_assert_int_eq (second.ask (get ("/")).status, 200);
  ck_assert_int_eq (third.ask (get ("/")).status, 200);
  ck_assert (greedy[0].is_closed ()); // the oldest ones
  ck_assert (greedy[1].is_closed ());
  ck_assert (first.is_closed ()); // for the third, of its own
  for (std::size_t i = 2; i < greedy.size (); ++i) {
    answer (*deferred[i]);
    assert_text (greedy[i].receive ().body, "late");
  }
}
END_TEST

/** Who opens ever more of them pushes out nobody else. */
START_TEST (flood_pushes_out_itself)
{
  Crowded at (4);
  auto viewer = at.come (2);
  ck_assert_int_eq (viewer.ask (get ("/")).status, 200);
  std::vector<Client> flood;
  for (int i = 0; i < 40; ++i) {
    flood.push_back (at.come (1));
    flood.back ().send ("GET / HTTP/1.1\r\nX: ");
  }
  ck_assert (flood[36].is_closed ());
  ck_assert_int_eq (viewer.ask (get ("/")).status, 200);
}
END_TEST

/** Nor does it get a place while everybody who waits has no more than it. */
START_TEST (equals_do_not_take_turns)
{
  Crowded at (4);
  std::vector<Client> viewers;
  std::vector<std::unique_ptr<Deferred>> deferred;
  for (const std::uint8_t host : {2, 3, 4, 5})
    deferred.push_back (std::move (at.wait (viewers, host, 1)[0]));
  ck_assert (at.come (1).is_closed ());
  ck_assert (at.come (2).is_closed ());
  for (std::size_t i = 0; i < viewers.size (); ++i) {
    answer (*deferred[i]);
    assert_text (viewers[i].receive ().body, "late");
  }
}
END_TEST

/** As behind a proxy: who keeps us waiting for longest goes, and nobody whom we keep waiting. */
START_TEST (one_address_for_all)
{
  Crowded at (3);
  std::vector<Client> waiting;
  const auto deferred = at.wait (waiting, 1, 2);
  auto idle = at.come (1);
  ck_assert_int_eq (idle.ask (get ("/")).status, 200);
  auto next = at.come (1);
  ck_assert_int_eq (next.ask (get ("/")).status, 200);
  ck_assert (idle.is_closed ());
  for (std::size_t i = 0; i < waiting.size (); ++i) {
    answer (*deferred[i]);
    assert_text (waiting[i].receive ().body, "late");
  }
}
END_TEST

} // namespace

int
main ()
{
  return run ("http-crowd", {greedy_address_gives_way, flood_pushes_out_itself,
                                equals_do_not_take_turns, one_address_for_all});
}
