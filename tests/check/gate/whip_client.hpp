// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests to a WHIP endpoint, as strangers and publishers make them.
#pragma once

#include <fstream>
#include <iterator>

#include "tests/check/gate/fixture.hpp"

#include "tests/check/common/http_client.hpp" // last: check.h defines "fail"

namespace stagedoor::test {

inline constexpr const char *sdp = "application/sdp";

/** An offer of tests/data/offers. */
inline std::string
recorded (const std::string &name)
{
  std::ifstream file (std::string (OFFERS) + "/" + name + ".sdp", std::ios::binary);
  std::string text{std::istreambuf_iterator<char> (file), {}};
  ck_assert (!text.empty ());
  return text;
}

/** Returns its port. */
inline std::uint16_t
open_whip_door (gate::Gate &gate, const std::string &http_address = "127.0.0.1:0")
{
  const auto opened =
      gate.add_door ("whip://" + http_address, {.whip = {.webrtc_address = "127.0.0.1:0"}});
  ck_assert_msg (opened.has_value (), "%s", opened ? "" : opened.error ().c_str ());
  return port_of (*opened);
}

inline std::string
bearer (const std::string &token)
{
  return token.empty () ? "" : "Authorization: Bearer " + token + "\r\n";
}

inline std::string
http_request (const std::string &method, const std::string &path, const std::string &headers = "",
    const std::string &body = "", const std::string &host = "test")
{
  return method + " " + path + " HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: "
         + std::to_string (body.size ()) + "\r\n" + headers + "\r\n" + body;
}

/** A POST with an offer. */
inline std::string
whip_request (const std::string &path, const std::string &token = "",
    const std::string &offer = recorded ("obs-publisher"), const std::string &type = sdp,
    const std::string &host = "test")
{
  return http_request (
      "POST", path, "Content-Type: " + type + "\r\n" + bearer (token), offer, host);
}

inline std::string
value_of (const Response &response, const std::string &header)
{
  const auto at = response.head.find ("\r\n" + header + ": ");
  ck_assert_msg (at != std::string::npos, "no %s in %s", header.c_str (), response.head.c_str ());
  const auto begin = at + header.size () + 4;
  return response.head.substr (begin, response.head.find ("\r\n", begin) - begin);
}

inline void
expect_problem (const Response &response, int status, const std::string &text)
{
  ck_assert_msg (
      response.status == status, "%d, not %d: %s", response.status, status, response.body.c_str ());
  ck_assert (response.has ("application/problem+json"));
  ck_assert_msg (response.body.find (text) != std::string::npos, "%s", response.body.c_str ());
}

/** What it is by now; false when it never was anything else. */
inline bool
session_has_ended (std::uint16_t port, const std::string &location, const std::string &token)
{
  return eventually ([&] {
    return Client (port).ask (http_request ("GET", location, bearer (token))).status == 404;
  });
}

} // namespace stagedoor::test
