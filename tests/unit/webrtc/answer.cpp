// SPDX-License-Identifier: LGPL-2.1-or-later
// What answers look like, to the byte.
#include "libs/webrtc/negotiation.hpp"

#include <cstdio>

#include "tests/unit/suite.hpp"
#include "tests/unit/webrtc/offers.hpp"

using namespace stagedoor;
using namespace stagedoor::webrtc;

namespace {

AnswerDetails
details ()
{
  return {{"ourUfrag", "ourPasswordourPassword"}, "AB:CD",
      {{IpAddress::from_v4 (0xc0000201), 5000}, {*IpAddress::parse ("2001:db8::1"), 5001}}, "cname",
      "stream", 4711};
}

std::string
answer (const Offer &offer, const std::vector<Source> &sources)
{
  const auto agreement = negotiate (offer, sources, 1);
  ck_assert (agreement.has_value ());
  return write_answer (offer, sources, *agreement, details ());
}

std::size_t
count (std::string_view text, std::string_view part)
{
  std::size_t found = 0;
  for (auto at = text.find (part); at != text.npos; at = text.find (part, at + 1))
    ++found;
  return found;
}

} // namespace

START_TEST (writes_the_answer)
{
  auto offer = video_offer ({{96, "VP8", 90000, 1, ""}, h264 (102, "42e01f", ";x=y")});
  offer.media[0].direction = Direction::sendrecv;
  const auto text = answer (offer, {h264_source ("42e01f"), opus});
  const std::string_view expected =
      "v=0\r\no=- 4711 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=ice-lite\r\n"
      "m=video 9 UDP/TLS/RTP/SAVPF 102\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\n"
      "a=rtpmap:102 H264/90000\r\n"
      "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n"
      "a=rtcp-fb:102 nack\r\na=rtcp-fb:102 nack pli\r\na=rtcp-fb:102 ccm fir\r\n"
      "a=msid:stream stream-video\r\na=ssrc:2298633409 cname:cname\r\na=rtcp-mux\r\n"
      "a=ice-ufrag:ourUfrag\r\na=ice-pwd:ourPasswordourPassword\r\n"
      "a=fingerprint:sha-256 AB:CD\r\na=setup:passive\r\n"
      "a=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host\r\n"
      "a=candidate:2 1 udp 2130706175 2001:db8::1 5001 typ host\r\na=end-of-candidates\r\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=sendonly\r\n"
      "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 stereo=1;sprop-stereo=1\r\na=rtcp-fb:111 nack\r\n"
      "a=msid:stream stream-audio\r\na=ssrc:1703865447 cname:cname\r\na=rtcp-mux\r\n"
      "a=ice-ufrag:ourUfrag\r\na=ice-pwd:ourPasswordourPassword\r\n"
      "a=fingerprint:sha-256 AB:CD\r\na=setup:passive\r\n";
  if (text != expected)
    std::fputs (text.c_str (), stderr);
  ck_assert (text == expected);
}
END_TEST

START_TEST (unused_lines_stay_in_place)
{
  const auto text = answer (offer_of ({audio ("s"), line ("video", "p", {h264 (96, "42e01f")})}),
      {h264_source ("42e01f")});
  ck_assert (text.find ("a=group:BUNDLE s p\r\n") != text.npos);
  ck_assert (text.find ("m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 "
                        "0.0.0.0\r\na=mid:s\r\na=inactive\r\na=rtpmap:0 PCMU/8000\r\n")
             != text.npos);
  ck_assert_uint_eq (count (text, "a=ssrc:"), 1);
  ck_assert_uint_eq (count (text, "a=setup:passive"), 2);
  ck_assert_uint_eq (count (text, "a=end-of-candidates"), 1);
}
END_TEST

START_TEST (one_line_without_bundle_or_mid)
{
  Offer offer{{line ("video", "", {{96, "VP8", 90000, 1, ""}})}, {}};
  const auto text = answer (offer, {{true, Codec::vp8}});
  ck_assert (text.find ("BUNDLE") == text.npos);
  ck_assert (text.find ("a=mid") == text.npos);
  ck_assert (text.find ("a=fmtp") == text.npos);
  ck_assert_uint_eq (count (text, "a=end-of-candidates"), 1);
}
END_TEST

START_TEST (mono_opus_says_nothing)
{
  auto mono = opus;
  mono.stereo = false;
  const auto text = answer (offer_of ({audio ()}), {mono});
  ck_assert (text.find ("a=fmtp") == text.npos);
}
END_TEST

START_TEST (the_transport_stands_where_the_bundle_says)
{
  auto offer = video_offer ({h264 (96, "64001f")});
  offer.media.insert (offer.media.begin (), line ("application", "d", {}));
  offer.bundle = {"d", "1", "0"};
  const auto text = answer (offer, {h264_source ("64001f"), opus});
  ck_assert (text.find ("a=group:BUNDLE 1 0\r\n") != text.npos);
  ck_assert (
      text.find ("m=application 0 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:d\r\nm=video 9")
      != text.npos);
  ck_assert_uint_eq (count (text, "a=candidate:"), 2);
  ck_assert (text.find ("a=candidate:") > text.find ("m=audio"));
}
END_TEST

int
main ()
{
  return test::run (
      "answer", {writes_the_answer, unused_lines_stay_in_place, one_line_without_bundle_or_mid,
                    mono_opus_says_nothing, the_transport_stands_where_the_bundle_says});
}
