// SPDX-License-Identifier: LGPL-2.1-or-later
// The shared HTTP server's routes, answers and addresses, over loopback.
#include "gst-plugins/common/http_server.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include "tests/check/common/http_client.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor::http;
using namespace stagedoor::test;

namespace {

std::shared_ptr<Server>
open_server (const std::string &address = "127.0.0.1:0", const Limits &limits = {})
{
  const auto server = Server::open (address, limits);
  ck_assert_msg (server.has_value (), "%s", server ? "" : server.error ().c_str ());
  return *server;
}

Handler
say (const std::string &text)
{
  return [text] (const Request &request) {
    respond (request, 200, "text/plain", text);
  };
}

/** Repeats what the server made of the request. */
void
tell (const Request &request)
{
  respond (request, 200, "text/plain",
      request.method + "|" + request.path + "|" + request.query + "|" + request.bearer + "|"
          + request.body + "|" + request.peer);
}

std::string
error_of (const std::string &address)
{
  const auto server = Server::open (address);
  ck_assert (!server);
  return server.error ();
}

START_TEST (longest_prefix_wins)
{
  const auto server = open_server ();
  const auto b = server->route ("/a/b", 0, say ("b"));
  const auto a = server->route ("/a", 0, say ("a"));
  const auto slash = server->route ("/s/", 0, say ("s"));
  Client client (server->port ());
  assert_text (client.ask (get ("/a")).body, "a");
  assert_text (client.ask (get ("/a/")).body, "a");
  assert_text (client.ask (get ("/a/b")).body, "b");
  assert_text (client.ask (get ("/a/b/c?x=/a/d")).body, "b");
  assert_text (client.ask (get ("/a/bc")).body, "a");
  assert_text (client.ask (get ("/s/x")).body, "s");
  assert_text (client.ask (get ("/s")).body, "s"); // the same as without a slash
  ck_assert_int_eq (client.ask (get ("/ab")).status, 404);
  ck_assert_int_eq (client.ask (get ("/")).status, 404);
}
END_TEST

/** Wherever the server keeps them. */
START_TEST (routes_of_every_shape)
{
  const auto server = open_server ();
  std::vector<Server::Token> routes;
  for (const char *prefix : {"/", "/live", "/live/demo", "/live/demo/whep", "/live/other/hls",
           "/*/*/whip", "/*/x", "/live/*/x/y", "/watch"})
    routes.push_back (server->route (prefix, 0, say (prefix)));
  Client client (server->port ());
  const auto body = [&client] (const char *path) {
    return client.ask (get (path)).body;
  };
  assert_text (body ("/"), "/");
  assert_text (body ("/a/b/c"), "/");
  assert_text (body ("/live"), "/live");
  assert_text (body ("/live/a/b"), "/live");
  assert_text (body ("/live/demo/status.json"), "/live/demo");
  assert_text (body ("/live/demo/whep/1"), "/live/demo/whep");
  assert_text (body ("/live/other/hls/a.m3u8"), "/live/other/hls");
  assert_text (body ("/a/b/whip"), "/*/*/whip");
  assert_text (body ("/a/x/whip"), "/*/x");
  assert_text (body ("/live/a/x/y"), "/live/*/x/y");
  assert_text (body ("/watch/live/demo"), "/watch");
  assert_text (body ("/*/x"), "/*/x");
  while (!routes.empty ())
    routes.pop_back ();
  ck_assert_int_eq (client.ask (get ("/live/demo")).status, 404);
  for (const char *prefix : {"//a", "/a//b", "/a//"}) // no path has these: they aren't for more
    routes.push_back (server->route (prefix, 0, say (prefix)));
  for (const char *path : {"/", "/a", "/a/", "/a/b"})
    ck_assert_msg (client.ask (get (path)).status == 404, "%s", path);
}
END_TEST

START_TEST (latest_of_equal_prefixes_wins)
{
  const auto server = open_server ();
  const auto first = server->route ("/a", 0, say ("first"));
  auto second = server->route ("/a", 0, say ("second"));
  Client client (server->port ());
  assert_text (client.ask (get ("/a")).body, "second");
  second = nullptr;
  assert_text (client.ask (get ("/a")).body, "first");
}
END_TEST

START_TEST (nothing_there)
{
  const auto server = open_server ();
  Client client (server->port ());
  const auto response = client.ask (get ("/"));
  ck_assert_int_eq (response.status, 404);
  ck_assert (response.has ("Content-Type: application/problem+json\r\n"));
  ck_assert (response.has ("Access-Control-Allow-Origin: *\r\n"));
  ck_assert (response.has ("Cache-Control: no-store\r\n"));
  assert_text (response.body, "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                              "\"detail\":\"there is nothing at this address\"}\n");
}
END_TEST

START_TEST (request_is_told_truly)
{
  const auto server = open_server ();
  const auto route = server->route ("/a", 100, tell);
  Client client (server->port ());
  assert_text (
      client.ask (post ("/a/%62?x=%20&y", "text")).body, "POST|/a/b|x=%20&y||text|127.0.0.1");
  assert_text (client.ask (post_chunked ("/a", "chunks")).body, "POST|/a|||chunks|127.0.0.1");
  assert_text (client.ask ("BREW /a HTTP/1.1\r\nHost: t\r\n\r\n").body, "BREW|/a||||127.0.0.1");
  assert_text (
      client.ask ("GET http://t/a HTTP/1.1\r\nHost: t\r\n\r\n").body, "GET|/a||||127.0.0.1");
}
END_TEST

START_TEST (head_has_no_body)
{
  const auto server = open_server ();
  const auto route = server->route ("/a", 0, say ("four"));
  Client client (server->port ());
  client.send ("HEAD /a HTTP/1.1\r\nHost: t\r\n\r\n" + get ("/a"));
  const auto head = client.receive (false);
  ck_assert_int_eq (head.status, 200);
  ck_assert (head.has ("Content-Length: 4\r\n"));
  assert_text (client.receive ().body, "four");
}
END_TEST

START_TEST (preflight)
{
  const auto server = open_server ();
  const auto route = server->route ("/a", 0, [] (const Request &request) {
    set_header (request, "Cache-Control", "max-age=9");
    respond (request, 204, nullptr, "");
  });
  Client client (server->port ());
  const auto response = client.ask ("OPTIONS /a HTTP/1.1\r\nHost: t\r\nOrigin: http://o\r\n"
                                    "Access-Control-Request-Method: POST\r\n\r\n");
  ck_assert_int_eq (response.status, 204);
  ck_assert (response.has ("Access-Control-Allow-Origin: *\r\n"));
  ck_assert (
      response.has ("Access-Control-Allow-Methods: GET, HEAD, POST, PATCH, DELETE, OPTIONS"));
  ck_assert (response.has ("Access-Control-Allow-Headers: Authorization, Content-Type, If-Match"));
  ck_assert (response.has ("Access-Control-Expose-Headers: Location, Link, ETag"));
  ck_assert (response.has ("Cache-Control: max-age=9\r\n"));
  ck_assert (!response.has ("no-store"));
  ck_assert (!client.ask (get ("/a")).has ("Access-Control-Allow-Methods"));
  // Of what isn't there, too: or the script is not told that it isn't.
  const auto nothing = client.ask ("OPTIONS /b HTTP/1.1\r\nHost: t\r\n\r\n");
  ck_assert (
      nothing.status == 204 && nothing.has ("Access-Control-Allow-Headers: Authorization, "));
  ck_assert_int_eq (client.ask (get ("/b")).status, 404);
}
END_TEST

START_TEST (bearer)
{
  const auto server = open_server ();
  const auto route = server->route ("/", 0, [] (const Request &request) {
    respond (request, 200, "text/plain", "<" + request.bearer + ">");
  });
  Client client (server->port ());
  const auto ask = [&client] (const char *header) {
    return client.ask (get ("/", header)).body;
  };
  assert_text (ask ("Authorization: Bearer a.b-c~1\r\n"), "<a.b-c~1>");
  assert_text (ask ("authorization:   bEARER   x  \r\n"), "<x>");
  assert_text (ask ("Authorization: Bearer\r\n"), "<>");
  assert_text (ask ("Authorization: Bearer \r\n"), "<>");
  assert_text (ask ("Authorization: Basic eDp5\r\n"), "<>");
  assert_text (ask ("Authorization: Bearerx\r\n"), "<>");
  assert_text (ask ("Authorization:\r\n"), "<>");
}
END_TEST

START_TEST (problem_is_json_whatever_it_says)
{
  const auto server = open_server ();
  const auto route = server->route ("/", 0, [] (const Request &request) {
    respond_problem (request, 409, "\"quoted\" back\\slash\nline\xff end \xc3\xa9");
  });
  Client client (server->port ());
  assert_text (client.ask (get ("/")).body,
      "{\"type\":\"about:blank\",\"title\":\"Conflict\",\"status\":409,"
      "\"detail\":\"\\\"quoted\\\" back\\\\slash line\xef\xbf\xbd end \xc3\xa9\"}\n");
}
END_TEST

START_TEST (removal_waits_for_the_handler)
{
  const auto server = open_server ();
  Mailbox<int> entered, dropping;
  std::atomic<bool> finished = false;
  auto route = server->route ("/", 0, [&] (const Request &request) {
    entered.put (1);
    dropping.take ();
    respond (request, 200, "text/plain", "still");
    finished = true;
  });
  Client client (server->port ());
  client.send (get ("/"));
  entered.take ();
  dropping.put (1);
  route = nullptr;
  ck_assert (finished);
  assert_text (client.receive ().body, "still");
  ck_assert_int_eq (client.ask (get ("/")).status, 404);
}
END_TEST

START_TEST (handler_removes_itself)
{
  const auto server = open_server ();
  Server::Token route;
  route = server->route ("/", 0, [&] (const Request &request) {
    route = nullptr;
    respond (request, 200, "text/plain", "once");
  });
  Client client (server->port ());
  assert_text (client.ask (get ("/")).body, "once");
  ck_assert_int_eq (client.ask (get ("/")).status, 404);
}
END_TEST

START_TEST (one_server_per_address)
{
  auto server = open_server ();
  const auto address = server->address ();
  assert_text (address, ("127.0.0.1:" + std::to_string (server->port ())));
  auto second = open_server (address);
  ck_assert_ptr_eq (server.get (), second.get ());
  ck_assert_ptr_eq (
      open_server ("localhost:" + std::to_string (server->port ())).get (), server.get ());
  ck_assert_ptr_ne (open_server ().get (), server.get ());
  server = nullptr;
  const auto route = second->route ("/", 0, say ("lives"));
  assert_text (Client (second->port ()).ask (get ("/")).body, "lives");
  second = nullptr; // and gives up its port at once
  assert_text (open_server (address)->address (), address);
}
END_TEST

START_TEST (taken_port_and_bad_addresses)
{
  const auto server = open_server ();
  const auto taken = error_of (":" + std::to_string (server->port ()));
  ck_assert_msg (taken.find ("can't listen on :" + std::to_string (server->port ())) == 0
                     && taken.find ("in use") != std::string::npos,
      "%s", taken.c_str ());
  for (const char *bad : {"", "80", "127.0.0.1", ":65536", ":-1", ":8o", "::1:80", "[::1",
           "host:80", "127.0.0.1:80x", "\n:80"})
    ck_assert_msg (error_of (bad).find ("is not a listen address") != std::string::npos, "%s", bad);
}
END_TEST

bool
have_ipv6 ()
{
  const Client probe (AF_INET6);
  const sockaddr_in6 any{AF_INET6, 0, 0, IN6ADDR_LOOPBACK_INIT, 0};
  return bind (probe.fd (), reinterpret_cast<const sockaddr *> (&any), sizeof any) == 0;
}

START_TEST (both_families)
{
  const auto server = open_server (":0");
  const auto route = server->route ("/", 0, tell);
  assert_text (Client (server->port ()).ask (get ("/")).body, "GET|/||||127.0.0.1");
  if (!have_ipv6 ())
    return;
  assert_text (Client (server->port (), AF_INET6).ask (get ("/")).body, "GET|/||||::1");
  const auto six = open_server ("[::1]:0");
  ck_assert (six->address ().starts_with ("[::1]:"));
  ck_assert_int_eq (Client (six->port (), AF_INET6).ask (get ("/")).status, 404);
}
END_TEST

START_TEST (last_holder_lets_go_inside_a_handler)
{
  auto server = open_server ();
  const auto port = server->port ();
  const auto address = server->address ();
  const auto route = server->route ("/", 0, [&server] (const Request &request) {
    respond (request, 200, "text/plain", "bye");
    server = nullptr;
  });
  Client client (port);
  client.send (get ("/"));
  ck_assert (client.is_closed ());
  const auto again = [&address] {
    return Server::open (address).has_value ();
  };
  while (!again ()) // until the old thread has closed its socket
    std::this_thread::yield ();
}
END_TEST

START_TEST (post_runs_on_the_http_thread)
{
  const auto server = open_server ();
  Mailbox<std::thread::id> posted, handled;
  const auto route = server->route ("/", 0, [&] (const Request &request) {
    handled.put (std::this_thread::get_id ());
    respond (request, 204, nullptr, "");
  });
  server->post ([&posted] { posted.put (std::this_thread::get_id ()); });
  Client (server->port ()).ask (get ("/"));
  ck_assert (posted.take () == handled.take ());
}
END_TEST

START_TEST (deferred_answers)
{
  const auto server = open_server ();
  Mailbox<std::unique_ptr<Deferred>> mailbox;
  const auto route = server->route (
      "/", 9, [&] (const Request &request) { mailbox.put (std::make_unique<Deferred> (request)); });
  Client client (server->port ());
  client.send (post ("/x?q", "body") + get ("/"));
  auto deferred = mailbox.take ();
  deferred->answer (tell);
  assert_text (client.receive ().body, "POST|/x|q||body|127.0.0.1");
  mailbox.take () = nullptr; // unanswered
  ck_assert_int_eq (client.receive ().status, 503);
}
END_TEST

START_TEST (deferred_outlives_client_and_server)
{
  auto server = open_server ();
  Mailbox<std::unique_ptr<Deferred>> mailbox;
  const auto route = server->route (
      "/", 0, [&] (const Request &request) { mailbox.put (std::make_unique<Deferred> (request)); });
  Client client (server->port ());
  client.send (get ("/"));
  auto deferred = mailbox.take ();
  client.close ();
  Mailbox<int> written;
  deferred->answer ([&written] (const Request &request) {
    tell (request);
    written.put (1);
  });
  written.take ();

  Client second (server->port ());
  second.send (get ("/"));
  deferred = mailbox.take ();
  server = nullptr;
  ck_assert (second.is_closed ());
  deferred->answer ([] (const Request &) { ck_abort_msg ("the server has gone"); });
}
END_TEST

} // namespace

int
main ()
{
  return run (
      "http", {longest_prefix_wins, routes_of_every_shape, latest_of_equal_prefixes_wins,
                  nothing_there, request_is_told_truly, head_has_no_body, preflight, bearer,
                  problem_is_json_whatever_it_says, removal_waits_for_the_handler,
                  handler_removes_itself, one_server_per_address, taken_port_and_bad_addresses,
                  both_families, last_holder_lets_go_inside_a_handler, post_runs_on_the_http_thread,
                  deferred_answers, deferred_outlives_client_and_server});
}
