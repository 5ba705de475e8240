// SPDX-License-Identifier: LGPL-2.1-or-later
// Fragments of trickle ICE and of ICE restarts, and the If-Match that comes with them.
#include "libs/webrtc/ice_fragment.hpp"

#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::webrtc;

namespace {

/** The example of RFC 9725 section 4.3.2, in essence. */
const std::string trickle = "a=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"
                            "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"
                            "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host "
                            "generation 0 ufrag EsAw network-id 1\r\n"
                            "a=candidate:3471623853 1 udp 2122194687 198.51.100.2 61765 typ srflx "
                            "raddr 192.0.2.1 rport 61764\r\na=end-of-candidates\r\n";

std::string
refusal (const std::string &body)
{
  const auto fragment = parse_ice_fragment (body);
  ck_assert_msg (!fragment.has_value (), "%s", body.c_str ());
  ck_assert_int_eq (fragment.error ().status, 400);
  ck_assert_uint_lt (fragment.error ().text.size (), 200);
  return fragment.error ().text;
}

} // namespace

START_TEST (reads_fragments)
{
  const auto usual = parse_ice_fragment (trickle);
  ck_assert (usual.has_value ());
  assert_text (usual->ice.ufrag, "EsAw");
  assert_text (usual->ice.password, "P2uYro0UCOQ4zxjKXaWCBui1");
  // Credentials of the session, those of each line again, and what nobody has heard of.
  const auto twice = parse_ice_fragment (
      "a=ice-ufrag:EsAw\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\n" + trickle + "a=novelty:1\n");
  ck_assert (twice.has_value () && twice->ice.ufrag == "EsAw");
  const auto only_end = parse_ice_fragment ("a=end-of-candidates");
  ck_assert (only_end.has_value () && only_end->ice.ufrag.empty ());
  const auto only_ufrag = parse_ice_fragment ("a=ice-ufrag:EsAw\r\n");
  ck_assert (only_ufrag.has_value () && only_ufrag->ice.password.empty ());
  // What can't be used isn't malformed.
  for (const auto *candidate : {"1 1 tcp 1 192.0.2.1 9 typ host tcptype active",
           "1 1 UDP 1 0f0e.local 9 typ host", "1 2 sctp 1 unheard-of 9 typ novelty",
           "1 1 udp 1 2001:db8::1 65535 typ relay raddr :: rport 0"})
    ck_assert (parse_ice_fragment ("a=candidate:" + std::string (candidate)).has_value ());
}
END_TEST

START_TEST (refuses_what_is_none)
{
  refusal ("");
  refusal ("\r\n\r\n");
  refusal ("{\"candidate\":\"\"}");
  refusal ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n"); // a whole offer
  refusal (trickle + "A=x\r\n");
  refusal (trickle + "a\r\n");
  refusal (trickle + "\r\na=x\r\n");
  refusal (trickle + std::string ("a=x\0y", 5));
  refusal ("a=" + std::string (2048, 'x'));
  refusal (std::string (65 * 1024, 'a'));
  std::string lines;
  for (int i = 0; i < 1025; ++i)
    lines += "a=x\n";
  ck_assert (refusal (lines).find ("1024 lines") != std::string::npos);
  for (const auto *ufrag : {"", "abc", "ab\"d", "ab d", "ab=cd"})
    refusal ("a=ice-ufrag:" + std::string (ufrag));
  refusal ("a=ice-ufrag:" + std::string (257, 'a'));
  refusal ("a=ice-ufrag:abcd\na=ice-pwd:tooshort");
  refusal ("a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1");
  refusal (trickle + "a=ice-ufrag:Other\r\n");
  refusal (trickle + "a=ice-pwd:Other0UCOQ4zxjKXaWCBui12\r\n");
  for (const auto *candidate : {"", "1", "1 1 udp 1 192.0.2.1 9", "1 1 udp 1 192.0.2.1 9 typ",
           "1 1 udp 1 192.0.2.1 9 type host", "1 1 udp 1 192.0.2.1 70000 typ host",
           "1 1 udp -1 192.0.2.1 9 typ host", "1 x udp 1 192.0.2.1 9 typ host",
           "1  udp 1 192.0.2.1 9 typ host", "1 1 udp 1  9 typ host"})
    refusal ("a=candidate:" + std::string (candidate));
}
END_TEST

START_TEST (writes_the_answer_to_a_restart)
{
  const auto text = write_ice_fragment ("video 9 UDP/TLS/RTP/SAVPF 96", "v", {"ufrag", "password"},
      {{IpAddress::from_v4 (0xc0000201), 5000}});
  assert_text (text, "a=ice-lite\r\na=ice-ufrag:ufrag\r\na=ice-pwd:password\r\n"
                     "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\n"
                     "a=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host\r\n"
                     "a=end-of-candidates\r\n");
  ck_assert (write_ice_fragment ("m", "", {}, {}).find ("a=mid") == std::string::npos);
}
END_TEST

START_TEST (preconditions)
{
  const auto evaluate = [] (std::optional<std::string_view> header) {
    return evaluate_if_match (header, "\"abc\"");
  };
  ck_assert (evaluate (std::nullopt) == Precondition::absent);
  for (const auto *header : {"*", " * ", "\"*\""})
    ck_assert (evaluate (header) == Precondition::any);
  for (const auto *header : {"\"abc\"", " \"abc\" ", "\"x\", \"abc\"", "\"abc\",\"x\""})
    ck_assert (evaluate (header) == Precondition::holds);
  // Weak tags never match, nor do those without quotes.
  for (const auto *header : {"", " ", "abc", "\"ab\"", "\"abcd\"", "\"ABC\"", "W/\"abc\"",
           "\"abc\"x", "*, *", ",", "\"abc", "\"*\", \"x\""})
    ck_assert (evaluate (header) == Precondition::fails);
}
END_TEST

int
main ()
{
  return test::run ("ice-fragment",
      {reads_fragments, refuses_what_is_none, writes_the_answer_to_a_restart, preconditions});
}
