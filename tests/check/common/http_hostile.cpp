// SPDX-License-Identifier: LGPL-2.1-or-later
// What the shared HTTP server does with clients that are slow, greedy, many or plain wrong.
#include "gst-plugins/common/http_server.hpp"

#include <vector>

#include <poll.h>
#include <sys/resource.h>

#include "tests/check/common/http_client.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor::http;
using namespace stagedoor::test;
using std::chrono::milliseconds;

namespace {

std::shared_ptr<Server>
open_server (const Limits &limits = {})
{
  const auto server = Server::open ("127.0.0.1:0", limits);
  ck_assert_msg (server.has_value (), "%s", server ? "" : server.error ().c_str ());
  return *server;
}

void
say_length (const Request &request)
{
  respond (request, 200, "text/plain", std::to_string (request.body.size ()));
}

START_TEST (body_limit)
{
  const auto server = open_server ();
  const auto route = server->route ("/", 10, say_length);
  Client client (server->port ());
  assert_text (client.ask (post ("/", std::string (10, 'x'))).body, "10");
  assert_text (client.ask (post_chunked ("/", std::string (10, 'x'))).body, "10");
  const auto refused = client.ask (post ("/", std::string (11, 'x')));
  ck_assert_int_eq (refused.status, 413);
  ck_assert (refused.has ("Access-Control-Allow-Origin: *\r\n"));
  ck_assert (refused.body.find ("body is larger") != std::string::npos);
  ck_assert_int_eq (client.ask (post_chunked ("/", std::string (11, 'x'))).status, 413);
  ck_assert_int_eq (client.ask (post ("/", std::string (500'000, 'x'))).status, 413);
  assert_text (client.ask (post ("/", "")).body, "0"); // and forgets the last one
}
END_TEST

START_TEST (no_route_takes_no_body)
{
  const auto server = open_server ();
  Client client (server->port ());
  ck_assert_int_eq (client.ask (post ("/", "x")).status, 413);
  ck_assert_int_eq (client.ask (post ("/", "")).status, 404);
}
END_TEST

START_TEST (endless_body_is_cut_off)
{
  const auto server = open_server ({.patience = milliseconds (500)});
  const auto route = server->route ("/", 10, say_length);
  const std::string piece (65'536, 'x');
  for (const char *framing : {"Content-Length: 9999999999", "Transfer-Encoding: chunked"}) {
    Client client (server->port ());
    client.send (std::string ("POST / HTTP/1.1\r\nHost: t\r\n") + framing + "\r\n\r\n");
    std::size_t sent = 0;
    while (client.send_while_open (framing[0] == 'T' ? "10000\r\n" + piece + "\r\n" : piece))
      ck_assert_int_lt (++sent, 2'000'000);
    ck_assert (client.is_closed ());
  }
}
END_TEST

START_TEST (expect_continue)
{
  const auto server = open_server ();
  const auto route = server->route ("/", 10, say_length);
  const auto head = [] (int length) {
    return "POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: "
           + std::to_string (length) + "\r\n\r\n";
  };
  Client client (server->port ());
  ck_assert_int_eq (client.ask (head (4)).status, 100);
  assert_text (client.ask ("1234").body, "4");
  ck_assert_int_eq (client.ask (head (11)).status, 413); // without having seen any of it
}
END_TEST

START_TEST (wrong_lengths)
{
  const auto server = open_server ({.patience = milliseconds (1000)});
  const auto route = server->route ("/", 10, say_length);
  for (const char *framing : {"Content-Length: -1", "Content-Length: x",
           "Content-Length: 99999999999999999999999", "Transfer-Encoding: gzip",
           "Content-Length: 5\r\nContent-Length: 6", "Transfer-Encoding: chunked\r\n\r\nzz",
           "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n"}) {
    Client client (server->port ());
    client.send (std::string ("POST / HTTP/1.1\r\nHost: t\r\n") + framing + "\r\n\r\n");
    const auto response = client.receive ();
    ck_assert_msg (response.status != 200 || response.body == "0", "%s", framing);
    ck_assert_msg (client.is_closed (), "%s", framing);
  }
  ck_assert_int_eq (Client (server->port ()).ask (get ("/")).status, 200);
}
END_TEST

START_TEST (paths)
{
  const auto server = open_server ();
  const auto route = server->route (
      "/a", 0, [] (const Request &request) { respond (request, 200, "text/plain", request.path); });
  const std::string long_path = "/a/" + std::string (2046, 'x');
  for (const std::string &path :
      {std::string ("//a"), std::string ("/a//b"), std::string ("/a/%2E%2e/b"),
          std::string ("/a/.%2e"), std::string ("/a%2f%2fb"), std::string ("/a/%00"),
          std::string ("/a%00/b"), std::string ("/a/%ff"), std::string ("/a/%c0%ae"), long_path}) {
    Client client (server->port ());
    const auto status = client.ask (get (path)).status;
    ck_assert_msg (status == 404 || status == 400, "%s: %d", path.c_str (), status);
  }
  Client client (server->port ());
  assert_text (client.ask (get ("/a/./b")).body, "/a/b");
  ck_assert_int_eq (client.ask (get ("/a/../b")).status, 404);
  assert_text (client.ask (get ("/c/../a/b")).body, "/a/b");
  assert_text (client.ask (get ("/a/%2e/b")).body, "/a/b");
  assert_text (client.ask (get ("/c/%2E%2e/a/b/%2e")).body, "/a/b/");
  ck_assert_int_eq (client.ask (get (long_path.substr (1, 2048).insert (0, "/"))).status, 404);
  ck_assert_int_eq (client.ask (get (long_path.substr (0, 2048))).status, 200);
  ck_assert_int_eq (client.ask (get ("/a%2fb")).status, 200);
}
END_TEST

START_TEST (malformed_requests)
{
  const auto server = open_server ({.patience = milliseconds (1000)});
  const auto route = server->route ("/", 0, say_length);
  for (const std::string &bytes : {std::string ("GET / HTTP/1.1\r\n\r\n"), // no Host
           std::string ("GET / HTTP/9.9\r\nHost: t\r\n\r\n"), std::string ("GET\r\n\r\n"),
           std::string ("\r\n\r\n\r\n"), std::string ("\0\0\0\0\r\n\r\n", 8),
           std::string ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
           std::string ("CONNECT t:80 HTTP/1.1\r\nHost: t\r\n\r\n"),
           std::string ("GET ftp://t/ HTTP/1.1\r\nHost: t\r\n\r\n"),
           std::string ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), // a TLS hello
           std::string ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")}) {
    Client client (server->port ());
    client.send (bytes);
    ck_assert_msg (client.receive ().status != 200, "%s", bytes.c_str ());
    ck_assert (client.is_closed ());
  }
  ck_assert_int_eq (Client (server->port ()).ask (get ("/")).status, 200);
}
END_TEST

START_TEST (too_many_headers)
{
  const auto server = open_server ({.patience = milliseconds (1000)});
  const auto route = server->route ("/", 0, say_length);
  std::string many;
  for (int i = 0; i < 20'000; ++i)
    many += "X" + std::to_string (i) + ": y\r\n";
  Client client (server->port ());
  ck_assert_int_ne (client.ask (get ("/", many)).status, 200);
  ck_assert (client.is_closed ());
  for (const std::string &good :
      {"A: " + std::string (15'000, 'x') + "\r\n", many.substr (0, many.find ("X100:"))})
    ck_assert_int_eq (Client (server->port ()).ask (get ("/", good)).status, 200);
  for (const std::string &bad :
      {"A: " + std::string (16'384, 'x') + "\r\n", many.substr (0, many.find ("X200:"))})
    ck_assert_int_eq (Client (server->port ()).ask (get ("/", bad)).status, 400);
  Client endless (server->port ());
  while (endless.send (std::string (4096, 'x')))
    ;
  ck_assert (endless.is_closed ());
}
END_TEST

START_TEST (slow_writers_are_closed)
{
  const auto server = open_server ({.patience = milliseconds (300)});
  const auto route = server->route ("/", 1000, say_length);
  Client silent (server->port ()), head (server->port ()), body (server->port ());
  head.send ("GET / HT");
  body.send ("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\n");
  // A byte now and then does not help: the whole request has one deadline.
  pollfd waiting[2] = {{head.fd (), POLLIN, 0}, {body.fd (), POLLIN, 0}};
  while ((waiting[0].revents | waiting[1].revents) == 0) {
    head.send ("T");
    body.send ("b");
    ck_assert_int_ge (poll (waiting, 2, 20), 0);
  }
  ck_assert (head.is_closed ());
  ck_assert (body.is_closed ());
  ck_assert (silent.is_closed ());
}
END_TEST

START_TEST (idle_connection_is_closed)
{
  const auto server = open_server ({.patience = milliseconds (1000)});
  const auto route = server->route ("/", 0, say_length);
  Client client (server->port ());
  ck_assert_int_eq (client.ask (get ("/")).status, 200);
  ck_assert_int_eq (client.ask (get ("/")).status, 200);
  ck_assert (client.is_closed ());
}
END_TEST

START_TEST (idle_connection_that_ends_is_closed)
{
  const auto server = open_server ({.patience = std::chrono::hours (1)});
  const auto route = server->route ("/", 0, say_length);
  for (const char *last : {"", "\r\n", "GET / HT", "GET / HTTP/1.1\r\nHost: t\r\n"}) {
    Client client (server->port ());
    ck_assert_int_eq (client.ask (get ("/")).status, 200);
    client.send (last);
    ck_assert_int_eq (shutdown (client.fd (), SHUT_WR), 0);
    ck_assert_int_eq (client.receive ().status, 0); // not an answer to half a request
    ck_assert (client.is_closed ());
  }
}
END_TEST

START_TEST (client_that_does_not_read_is_closed)
{
  const auto server = open_server ({.patience = milliseconds (300)});
  Mailbox<int> finished;
  const auto route = server->route ("/", 0, [&finished] (const Request &request) {
    static const std::string bytes (32 * 1024 * 1024, 'x');
    const auto piece = stagedoor::adopt (g_bytes_new_with_free_func (
        bytes.data (), bytes.size (),
        [] (gpointer mailbox) { static_cast<Mailbox<int> *> (mailbox)->put (1); }, &finished));
    respond_bytes (request, 200, "text/plain", {&piece, 1});
  });
  Client client (server->port ());
  client.send (get ("/"));
  finished.take ();
  ck_assert_int_lt (client.receive ().body.size (), 32 * 1024 * 1024);
}
END_TEST

START_TEST (deferred_is_given_time)
{
  const auto server = open_server ({.patience = milliseconds (100)});
  Mailbox<std::unique_ptr<Deferred>> mailbox;
  const auto route = server->route (
      "/", 0, [&] (const Request &request) { mailbox.put (std::make_unique<Deferred> (request)); });
  Client client (server->port ());
  client.send (get ("/"));
  auto deferred = mailbox.take ();
  Client idle (server->port ());
  ck_assert (idle.is_closed ()); // so much time has passed
  deferred->answer (say_length);
  ck_assert_int_eq (client.receive ().status, 200);
  ck_assert (client.is_closed ());
}
END_TEST

START_TEST (newcomer_pushes_out_the_idlest)
{
  const auto server = open_server ({.connections = 2});
  const auto route = server->route ("/", 0, say_length);
  Client first (server->port ()), second (server->port ());
  ck_assert_int_eq (first.ask (get ("/")).status, 200);
  ck_assert_int_eq (second.ask (get ("/")).status, 200);
  ck_assert_int_eq (first.ask (get ("/")).status, 200);
  Client third (server->port ());
  ck_assert_int_eq (third.ask (get ("/")).status, 200);
  ck_assert (second.is_closed ());
  ck_assert_int_eq (first.ask (get ("/")).status, 200);
}
END_TEST

START_TEST (connections_being_answered_are_not_pushed_out)
{
  const auto server = open_server ({.connections = 1});
  Mailbox<std::unique_ptr<Deferred>> mailbox;
  const auto route = server->route (
      "/", 0, [&] (const Request &request) { mailbox.put (std::make_unique<Deferred> (request)); });
  Client client (server->port ());
  client.send (get ("/"));
  auto deferred = mailbox.take ();
  Client refused (server->port ());
  ck_assert (refused.is_closed ());
  deferred->answer (say_length);
  ck_assert_int_eq (client.receive ().status, 200);
}
END_TEST

START_TEST (pipelined_requests)
{
  const auto server = open_server ();
  const auto route = server->route ("/", 100, [] (const Request &request) {
    respond (request, 200, "text/plain", request.path + request.body);
  });
  Client client (server->port ());
  std::string bytes;
  for (int i = 0; i < 200; ++i)
    bytes += i % 2 ? get ("/" + std::to_string (i)) : post ("/", std::to_string (i));
  ck_assert (client.send (bytes));
  for (int i = 0; i < 200; ++i)
    assert_text (client.receive ().body, ("/" + std::to_string (i)));
}
END_TEST

START_TEST (old_clients_and_closing_ones)
{
  const auto server = open_server ();
  const auto route = server->route ("/", 0, say_length);
  for (const char *bytes :
      {"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"}) {
    Client client (server->port ());
    ck_assert_int_eq (client.ask (bytes).status, 200);
    ck_assert (client.is_closed ());
  }
}
END_TEST

START_TEST (ranges_are_not_cut)
{
  const auto server = open_server ();
  const auto route = server->route (
      "/", 0, [] (const Request &request) { respond (request, 200, "text/plain", "0123456789"); });
  Client client (server->port ());
  assert_text (client.ask (get ("/", "Range: bytes=0-,0-,1-,2-,-5\r\n")).body, "0123456789");
}
END_TEST

START_TEST (survives_lack_of_file_descriptors)
{
  const auto server = open_server ({.patience = milliseconds (20'000)}); // tries again after 2 s
  const auto route = server->route ("/", 0, say_length);
  Client first (server->port ()); // stays: the server closes its end whenever it gets to it
  ck_assert_int_eq (first.ask (get ("/")).status, 200); // all is set up
  std::vector<Client> clients;
  for (int i = 0; i < 8; ++i)
    clients.emplace_back (AF_INET);
  rlimit before;
  getrlimit (RLIMIT_NOFILE, &before);
  const rlimit none{static_cast<rlim_t> (clients.back ().fd ()) + 1, before.rlim_max};
  setrlimit (RLIMIT_NOFILE, &none);
  for (auto &client : clients)
    client.connect (server->port ()); // the kernel takes them, the server can't
  ck_assert (!Client (AF_INET).send ("x"));
  ck_assert (clients.front ().send (get ("/")));
  pollfd silence{clients.front ().fd (), POLLIN, 0};
  ck_assert_int_eq (poll (&silence, 1, 100), 0);
  setrlimit (RLIMIT_NOFILE, &before);
  ck_assert_int_eq (clients.front ().receive ().status, 200);
  ck_assert_int_eq (clients.back ().ask (get ("/")).status, 200);
}
END_TEST

START_TEST (many_half_open)
{
  const auto server = open_server ({.connections = 64});
  const auto route = server->route ("/", 0, say_length);
  std::vector<Client> crowd;
  for (int i = 0; i < 400; ++i) {
    crowd.emplace_back (server->port ());
    crowd.back ().send ("GET / HTTP/1.1\r\nX: ");
  }
  ck_assert_int_eq (Client (server->port ()).ask (get ("/")).status, 200);
  ck_assert (crowd.front ().is_closed ());
}
END_TEST

} // namespace

int
main ()
{
  return run ("http-hostile",
      {body_limit, no_route_takes_no_body, endless_body_is_cut_off, expect_continue, wrong_lengths,
          paths, malformed_requests, too_many_headers, slow_writers_are_closed,
          idle_connection_is_closed, idle_connection_that_ends_is_closed,
          client_that_does_not_read_is_closed, deferred_is_given_time,
          newcomer_pushes_out_the_idlest, connections_being_answered_are_not_pushed_out,
          pipelined_requests, old_clients_and_closing_ones, ranges_are_not_cut,
          survives_lack_of_file_descriptors, many_half_open});
}
