// SPDX-License-Identifier: LGPL-2.1-or-later
// What a client may say about the length of a body.
#include "gst-plugins/common/http_server.hpp"

#include <malloc.h>

#include "tests/check/common/http_client.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor::http;
using namespace stagedoor::test;

namespace {

std::shared_ptr<Server>
open_server ()
{
  const auto server = Server::open ("127.0.0.1:0");
  ck_assert_msg (server.has_value (), "%s", server ? "" : server.error ().c_str ());
  return *server;
}

void
say_length (const Request &request)
{
  respond (request, 200, "text/plain", std::to_string (request.body.size ()));
}

START_TEST (bad_framing)
{
  const auto server = open_server ();
  const auto route = server->route ("/", 10, say_length);
  for (const std::string &framing : {std::string ("Transfer-Encoding: gzip"),
           std::string ("transfer-encoding:"), std::string ("Transfer-Encoding: identity"),
           std::string ("TRANSFER-ENCODING: chunked, gzip"),
           std::string ("Transfer-Encoding: chunked\r\n gzip"),
           std::string ("Transfer-Encoding:\r\n\tgzip"),
           std::string ("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip"),
           std::string ("Transfer-Encoding: chunked\r\nX: y\r\nContent-Length: 1"),
           std::string ("Content-Length: 1\r\nTransfer-Encoding: chunked"),
           std::string ("Content-Length: 1x"), std::string ("content-length: 0x1"),
           std::string ("Content-Length: -1"), std::string ("Content-Length: +1"),
           std::string ("Content-Length:"), std::string ("Content-Length: 1 1"),
           std::string ("Content-Length: 1\n 1"), std::string ("Content-Length: 1, 1"),
           std::string ("X: y\r\n  Content-Length: 7"), std::string ("Content-Length: \r1"),
           std::string ("Content-Length: 12345678901"),
           std::string ("Content-Length: 1\r\nContent-Length: 1"),
           "Content-Length: 1" + std::string (100, ' ') + "x",
           std::string ("Connection: Content-Length\r\nContent-Length: x"),
           std::string ("Content-\0Length: x", 18), std::string ("\0Content-Length: x", 18)})
    for (const char *version : {"HTTP/1.1", "HTTP/1.0"}) {
      Client client (server->port ());
      ck_assert_int_eq (client.ask (get ("/")).status, 200);
      client.send (std::string ("POST / ") + version + "\r\nHost: t\r\n" + framing + "\r\n\r\n");
      const auto response = client.receive ();
      ck_assert_msg (response.status == 400, "%s: %d", framing.c_str (), response.status);
      ck_assert (client.is_closed ());
    }
}
END_TEST

/** Wherever the end of the request before it is. */
START_TEST (bad_framing_behind_a_body)
{
  const auto server = open_server ();
  const auto route = server->route ("/", 10, say_length);
  const std::string bad = "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: x\r\n\r\n";
  for (const std::string &before : {post ("/", "12"), post_chunked ("/", "12"),
           post_chunked ("/", "12") + get ("/"), post ("/", "1\r\n"), std::string ("\r\n\r\n"),
           std::string ("POST / HTTP/1.0\r\nConnection: keep-alive, Content-Length\r\n"
                        "Content-Length: 5000\r\n\r\n"),
           std::string ("POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\n"
                        "Content-Length: 5000\r\n\r\n")}) {
    Client whole (server->port ()), bytewise (server->port ());
    whole.send (before + bad);
    for (const char c : before + bad)
      bytewise.send ({&c, 1});
    ck_assert (whole.is_closed ());
    ck_assert (bytewise.is_closed ());
  }
}
END_TEST

START_TEST (good_framing_passes)
{
  const auto server = open_server ();
  const auto route = server->route ("/", 5000, say_length);
  Client client (server->port ());
  const auto ask = [&client] (const std::string &headers, const std::string &body) {
    return client.ask ("POST / HTTP/1.1\r\nHost: t\r\n" + headers + "\r\n" + body).body;
  };
  assert_text (ask ("content-length:2\r\n", "12"), "2");
  assert_text (ask ("Content-Length: \t 0000000002 \t\r\n", "12"), "2");
  assert_text (ask ("Content-Length: 2\n", "12"), "2");
  assert_text (ask ("TRANSFER-ENCODING:Chunked\r\n", "2\r\n12\r\n0\r\n\r\n"), "2");
  assert_text (ask ("X: y Content-Length: 7\r\nContent-Lengths: x\r\n", ""), "0");
  std::string lines;
  while (lines.size () < 4500)
    lines += "a=\r\n "; // more than a head may have
  assert_text (client.ask (post ("/", lines) + get ("/")).body, std::to_string (lines.size ()));
  assert_text (client.receive ().body, "0");
}
END_TEST

START_TEST (bad_framing_leaks_nothing)
{
  const auto server = open_server ();
  const auto route = server->route ("/", 10, say_length);
  const std::string path (12'000, 'p');
  std::size_t before = 0;
  for (int i = 0; i < 1000; ++i) {
    Client client (server->port ());
    client.send ("POST /" + path + " HTTP/1.1\r\nHost: t\r\n"
                 + (i % 2 ? "Transfer-Encoding: x" : "Content-Length: x") + "\r\n\r\n");
    ck_assert (client.is_closed ());
    if (i == 100)
      before = mallinfo2 ().uordblks;
  }
  ck_assert_uint_lt (mallinfo2 ().uordblks, before + 1'000'000); // 900 paths are ten times that
}
END_TEST

} // namespace

int
main ()
{
  return run ("http-framing",
      {bad_framing, bad_framing_behind_a_body, good_framing_passes, bad_framing_leaks_nothing});
}
