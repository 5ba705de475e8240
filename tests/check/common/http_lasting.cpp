// SPDX-License-Identifier: LGPL-2.1-or-later
// Connections that last longer than they should: those of slow readers, and of forked processes.
#include "gst-plugins/common/http_content.hpp"

#include <vector>

#include <poll.h>
#include <sys/wait.h>

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

constexpr std::size_t much = 32 * 1024 * 1024;

void
say_much (const Request &request)
{
  respond (request, 200, "text/plain", std::string (much, 'x'));
}

/** Bytes of the answer, head and all. */
std::size_t
slowly_taken (Server &server, const char *path)
{
  Client client (server.port ());
  client.send (get (path, "Connection: close\r\n"));
  std::vector<char> bytes (65'536);
  std::size_t taken = 0;
  for (ssize_t got = 1; got > 0; taken += static_cast<std::size_t> (got)) {
    poll (nullptr, 0, 10); // a reader that is slow
    got = std::max<ssize_t> (recv (client.fd (), bytes.data (), bytes.size (), 0), 0);
  }
  return taken;
}

/** Somebody who takes a little now and then would keep an answer in memory for as long as it
 * wants: of media that is more than is kept for all others. */
START_TEST (slow_reader_is_closed)
{
  const auto server = open_server ({.patience = milliseconds (2000), .least_rate = much});
  const auto route = server->route ("/", 0, say_much);
  ck_assert_uint_lt (slowly_taken (*server, "/"), much);
}
END_TEST

/** The same for one that takes enough for the server, but of what gets old meanwhile. */
START_TEST (answers_that_get_old)
{
  const auto server = open_server ({.patience = milliseconds (2000)});
  const auto route = server->route ("/", 0, [] (const Request &request) {
    const std::string bytes (much, 'x');
    respond_content (
        request, {.type = "text/plain",
                     .pieces = {stagedoor::adopt (g_bytes_new (bytes.data (), bytes.size ()))},
                     .etag = "\"1\"",
                     .cache_control = "no-store",
                     .longest = milliseconds (request.path == "/old" ? 300 : 0)});
  });
  ck_assert_uint_lt (slowly_taken (*server, "/old"), much);
  ck_assert_uint_gt (slowly_taken (*server, "/"), much);
}
END_TEST

START_TEST (other_readers_get_all)
{
  const auto server = open_server ({.patience = milliseconds (2000)});
  const auto route = server->route ("/", 0, say_much);
  Client client (server->port ());
  ck_assert_uint_eq (client.ask (get ("/")).body.size (), much);
}
END_TEST

/** Epoll tells of a connection for as long as any process has it: also of one that we closed, while
 * a child that was forked before has not yet called exec(). */
START_TEST (closed_while_a_child_has_it)
{
  const auto server = open_server ();
  const auto route = server->route (
      "/", 0, [] (const Request &request) { respond (request, 200, "text/plain", "ok"); });
  Client client (server->port ());
  ck_assert_int_eq (client.ask (get ("/")).status, 200);
  int lives[2];
  ck_assert_int_eq (pipe (lives), 0);
  const auto child = fork ();
  ck_assert_int_ge (child, 0);
  if (child == 0) {
    close (lives[1]);
    char byte;
    while (read (lives[0], &byte, 1) > 0)
      ;
    _exit (0);
  }
  ck_assert_int_eq (client.ask (get ("/", "Connection: close\r\n")).status, 200);
  ck_assert (client.is_closed ());
  client.close ();
  for (int i = 0; i < 100; ++i)
    ck_assert_int_eq (Client (server->port ()).ask (get ("/")).status, 200);
  close (lives[1]);
  close (lives[0]);
  ck_assert_int_eq (waitpid (child, nullptr, 0), child);
}
END_TEST

} // namespace

int
main ()
{
  return run ("http-lasting", {slow_reader_is_closed, answers_that_get_old, other_readers_get_all,
                                  closed_while_a_child_has_it});
}
