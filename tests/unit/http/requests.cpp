// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests whole, in pieces, pipelined, and such as nobody honest sends.
#include "libs/http/request_reader.hpp"

#include "tests/unit/suite.hpp"

using namespace stagedoor::http1;
using namespace stagedoor::test;

namespace {

using Event = RequestReader::Event;

/** What the reader makes of @p text, given in pieces of @p size: "GET /a?q [body] " for each
 * request, "bad" where it gives up. */
std::string
told (std::string_view text, std::size_t size)
{
  RequestReader reader;
  std::string out;
  while (!text.empty ()) {
    auto piece = text.substr (0, size);
    text.remove_prefix (piece.size ());
    for (auto event = reader.read (piece); event != Event::nothing; event = reader.read (piece)) {
      const auto &head = reader.head ();
      if (event == Event::head)
        out += head.method + " " + head.path + (head.query.empty () ? "" : "?" + head.query) + " [";
      else if (event == Event::piece)
        out += reader.piece ();
      else if (event == Event::end)
        out += "] ";
      else
        return out + "bad";
    }
  }
  return out;
}

/** However it is cut. */
void
assert_told (const std::string &text, const std::string &wanted)
{
  for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{7}, text.size () + 1})
    assert_text (told (text, size), wanted);
}

std::string
with (const std::string &fields)
{
  return "GET / HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n";
}

START_TEST (whole_requests)
{
  assert_told ("GET /a/b?c=d HTTP/1.1\r\nHost: t\r\n\r\n", "GET /a/b?c=d [] ");
  assert_told ("GET / HTTP/1.0\r\n\r\n", "GET / [] ");
  assert_told ("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc", "POST / [abc] ");
  assert_told ("GET / HTTP/1.1\nHost: t\n\n", "GET / [] ");
  assert_told ("\r\n\r\nGET / HTTP/1.1\r\nHost: t\r\n\r\n", "GET / [] ");
  assert_told ("OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n", "OPTIONS * [] ");
  assert_told ("CONNECT t:80 HTTP/1.1\r\nHost: t\r\n\r\n", "CONNECT t:80 [] ");
}
END_TEST

START_TEST (pipelined)
{
  const std::string get = "GET /g HTTP/1.1\r\nHost: t\r\n\r\n",
                    post = "POST /p HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nxy";
  assert_told (get + post + get + post, "GET /g [] POST /p [xy] GET /g [] POST /p [xy] ");
}
END_TEST

START_TEST (chunks)
{
  const auto chunked = [] (const std::string &body) {
    return "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n" + body;
  };
  assert_told (chunked ("3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"), "POST / [abc0123456789] ");
  assert_told (chunked ("3;x=\"y\"\r\nabc\r\n0\r\nTrailer: z\r\n\r\nGET / HTTP/1.0\r\n\r\n"),
      "POST / [abc] GET / [] ");
  assert_told (chunked ("0\r\n\r\n"), "POST / [] ");
  assert_told (chunked ("1 \t;x\r\na\r\n0\t\r\n\r\n"), "POST / [a] ");
  for (const char *bad : {"x\r\n", "\r\n", "-1\r\n", "0x1\r\n", "fffffffffff\r\n", "1\r\nab\r\n",
           "1 1\rx\r\n", "1 1\r\na\r\n", "1;x\na\r\n", "1\na\r\n0\r\n\r\n", "1\r\na\n0\r\n\r\n",
           "0\n\r\n", "0\r\n\n", "0\r\na: b\n\r\n"})
    ck_assert_msg (told (chunked (bad), 5).ends_with ("bad"), "%s", bad);
  ck_assert (told (chunked (std::string (5000, '1')), 100).ends_with ("bad"));
  std::string trailer = "0\r\n";
  for (int i = 0; i < 1000; ++i)
    trailer += "a: b\r\n";
  ck_assert (told (chunked (trailer), 100).ends_with ("bad"));
}
END_TEST

START_TEST (targets)
{
  const auto path = [] (const std::string &target) {
    return told ("GET " + target + " HTTP/1.1\r\nHost: t\r\n\r\n", 4096);
  };
  assert_text (path ("/a/%62%20?%20"), "GET /a/b ?%20 [] ");
  assert_text (path ("http://t:80/a?b"), "GET /a?b [] ");
  assert_text (path ("HTTP://t"), "GET / [] ");
  assert_text (path ("http://t?/a/b"), "GET /?/a/b [] ");
  assert_text (path ("http://[::1]:80/a"), "GET /a [] ");
  assert_text (path ("/a/./b/../c/."), "GET /a/c/ [] ");
  assert_text (path ("/../../%2e%2E/a/.."), "GET / [] ");
  assert_text (path ("/..."), "GET /... [] ");
  for (const char *bad : {"a", "ftp://t/", "/%", "/%0", "/%xx", "/a%00b", "", "/ a", "?a", "/a#b?c",
           "/#", "http://t#/a", "/a\v", "/a\f?b", "/\x01", "/a?\x7f", "/\tb", "http://",
           "http:///a", "http://?a", "http://a@t/", "http://a\\@t/"})
    assert_text (path (bad), "bad");
}
END_TEST

START_TEST (fields)
{
  RequestReader reader;
  const auto text = with ("A: 1\r\na:2\r\nB:  x y \t\r\nC:\r\nConnection: keep-alive, Close\r\n"
                          "Expect: 100-Continue\r\n");
  std::string_view bytes = text;
  ck_assert (reader.read (bytes) == Event::head);
  const auto &head = reader.head ();
  ck_assert (head.field ("a") == "1");
  assert_text (head.list ("A"), "1, 2");
  ck_assert (head.field ("b") == "x y");
  ck_assert (head.field ("c") == "");
  ck_assert (!head.field ("d"));
  ck_assert (!head.keep_alive && head.expects_continue && !head.chunked);
}
END_TEST

START_TEST (bad_heads)
{
  for (const std::string &bad : {std::string ("GET / HTTP/1.1\r\n\r\n"),
           std::string ("GET\r\n\r\n"), std::string ("GET / HTTP/2.0\r\nHost: t\r\n\r\n"),
           std::string ("GET /\r\n\r\n"), std::string ("GET  / HTTP/1.1\r\nHost: t\r\n\r\n"),
           std::string ("G\x80T / HTTP/1.1\r\nHost: t\r\n\r\n"), with ("Host: t\r\n"),
           "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n" + std::string (),
           "GET / HTTP/1.1\r\n Host: t\r\n\r\n" + std::string (),
           "GET / HTTP/1.1\r\nHost: t\xff\r\n\r\n" + std::string (),
           "GET / HTTP/1.1\r\nHost: \"\x01\"\r\n\r\n" + std::string (), with ("no colon\r\n"),
           with ("a: b\r\n c\r\n"), with ("a: b\r\n\tc\r\n"), with ("a: b\n \n"), with (": x\r\n"),
           with ("a b: x\r\n"), with ("a : x\r\n"), with ("a: b\rc\r\n"),
           with (std::string ("a\0: b\r\n", 7)), with (std::string ("a: \0\r\n", 6))})
    assert_told (bad, "bad");
}
END_TEST

START_TEST (framing)
{
  for (const char *bad :
      {"Content-Length: x", "Content-Length:", "Content-Length: -1", "Content-Length: +1",
          "Content-Length: 1 1", "Content-Length: 1, 1", "Content-Length: 12345678901",
          "Content-Length: 1\r\nContent-Length: 1", "Content-Length: 1\r\n 1",
          "Transfer-Encoding: gzip", "Transfer-Encoding:", "Transfer-Encoding: gzip, chunked",
          "Transfer-Encoding: chunked\r\n gzip", "Transfer-Encoding: chunked\r\nContent-Length: 1",
          "Content-Length: 1\r\nTransfer-Encoding: chunked"})
    assert_told (with (bad + std::string ("\r\n")), "bad");
  assert_told ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "bad");
  assert_told (with ("Content-Length: \t 0000000002 \r\n") + "ab", "GET / [ab] ");
}
END_TEST

START_TEST (bounds)
{
  std::string many;
  for (int i = 0; i < 120; ++i)
    many += "X: y\r\n";
  assert_told (with (many), "GET / [] ");
  assert_told (with (many + many), "bad");
  assert_told (with ("A: " + std::string (15'000, 'x') + "\r\n"), "GET / [] ");
  assert_told (with ("A: " + std::string (16'500, 'x') + "\r\n"), "bad");
  assert_told (std::string (20'000, 'x'), "bad");
  std::string lines;
  for (int i = 0; i < 5000; ++i)
    lines += "x\n";
  assert_told ("GET / HTTP/1.1\n" + lines, "bad");
}
END_TEST

/** Nothing that comes behind is read as a request. */
START_TEST (the_end_is_the_end)
{
  assert_told ("bad\r\n\r\nGET / HTTP/1.0\r\n\r\n", "bad");
  RequestReader reader;
  std::string_view bytes = "bad\r\n\r\n";
  ck_assert (reader.read (bytes) == Event::bad);
  bytes = "GET / HTTP/1.0\r\n\r\n";
  ck_assert (reader.read (bytes) == Event::bad);
  ck_assert (bytes.empty ());
}
END_TEST

} // namespace

int
main ()
{
  return run ("http-requests", {whole_requests, pipelined, chunks, targets, fields, bad_heads,
                                   framing, bounds, the_end_is_the_end});
}
