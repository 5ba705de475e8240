// SPDX-License-Identifier: LGPL-2.1-or-later
// Offers of real programs, and what no program would send.
#include "gst-plugins/common/sdp_offer.hpp"

#include <algorithm>

#include "tests/check/common/recorded_offers.hpp"
#include "tests/unit/suite.hpp" // last: check.h defines "fail"

using namespace stagedoor;
using namespace stagedoor::webrtc;
using namespace stagedoor::test;

namespace {

std::string
without_cr (std::string text)
{
  std::erase (text, '\r');
  return text;
}

const OfferedMedia &
media_of (const Offer &offer, std::string_view kind)
{
  const auto found = std::ranges::find (offer.media, kind, &OfferedMedia::kind);
  ck_assert (found != offer.media.end ());
  return *found;
}

/** The text of the 400 that @p sdp gets. */
std::string
refusal (const std::string &sdp)
{
  const auto offer = parse_offer (sdp);
  ck_assert (!offer.has_value ());
  ck_assert_int_eq (offer.error ().status, 400);
  ck_assert_uint_lt (offer.error ().text.size (), 200);
  return offer.error ().text;
}

void
assert_refused (const std::string &sdp, std::string_view words)
{
  const auto text = refusal (sdp);
  ck_assert_msg (text.find (words) != text.npos, "\"%s\" lacks \"%s\"", text.c_str (),
      std::string (words).c_str ());
}

const std::vector<Source> sources = {{true, Codec::h264, "640028"}, {false, Codec::opus}};

} // namespace

START_TEST (browsers_and_libraries)
{
  struct Expected
  {
    const char *name;
    int video, audio;
    const char *first_mid;
    bool nack;
  };
  const Expected all[] = {{"chromium", 41, 111, "0", true}, {"firefox", 126, 109, "0", true},
      {"safari", 96, 111, "0", true}, {"aiortc", 99, 96, "0", true},
      {"webrtcbin", 96, 97, "video0", false}};
  for (const auto &expected : all)
    for (const auto &sdp : {recorded (expected.name), without_cr (recorded (expected.name))}) {
      const auto offer = parse_offer (sdp);
      ck_assert_msg (offer.has_value (), "%s", expected.name);
      ck_assert_uint_eq (offer->media.size (), 2);
      ck_assert_uint_eq (offer->bundle.size (), 2);
      ck_assert (offer->bundle[0] == expected.first_mid);
      const auto agreed = negotiate (*offer, sources, 1);
      ck_assert_msg (agreed.has_value (), "%s", expected.name);
      ck_assert_uint_eq (agreed->tracks.size (), 2);
      for (const auto &track : agreed->tracks) {
        const bool video = offer->media[track.m_line].kind == "video";
        ck_assert_int_eq (track.payload_type, video ? expected.video : expected.audio);
        ck_assert_int_eq (track.source, video ? 0 : 1);
        ck_assert (!video || track.pli);
        ck_assert (!video || track.nack == expected.nack);
      }
      ck_assert_uint_eq (agreed->transport, 0);
      ck_assert_uint_ge (agreed->remote_ice.password.size (), 22);
    }
}
END_TEST

START_TEST (reads_every_part)
{
  const auto offer = *parse_offer (recorded ("firefox"));
  const auto &audio = media_of (offer, "audio"), &video = media_of (offer, "video");
  ck_assert (audio.mid == "0" && video.mid == "1");
  ck_assert (audio.protocol == "UDP/TLS/RTP/SAVPF");
  ck_assert (audio.format == "109" && video.format == "120");
  ck_assert (!audio.rejected && !video.rejected); // port 0, but bundle-only
  ck_assert (audio.rtcp_mux && audio.setup == SetupRole::actpass);
  ck_assert (audio.direction == Direction::recvonly);
  ck_assert (audio.fingerprint == video.fingerprint); // the session's
  ck_assert (audio.fingerprint.starts_with ("sha-256 6B:8B:"));
  ck_assert (audio.ice.ufrag == "1a2b3c4d");
  ck_assert_uint_eq (audio.codecs.size (), 5);
  const auto &opus = audio.codecs[0];
  ck_assert_int_eq (opus.payload_type, 109);
  ck_assert (opus.encoding == "opus" && opus.clock_rate == 48000 && opus.channels == 2);
  ck_assert (opus.fmtp == "maxplaybackrate=48000;stereo=1;useinbandfec=1");
  ck_assert (!opus.nack && !opus.pli && !opus.fir);
  const auto &vp8 = video.codecs[0];
  ck_assert (vp8.encoding == "VP8" && vp8.nack && vp8.pli && vp8.fir);
}
END_TEST

START_TEST (directions_setups_and_wildcards)
{
  const auto aiortc = recorded ("aiortc");
  const auto first = [&] (std::string_view what, std::string_view with) {
    return parse_offer (replaced (aiortc, what, with))->media[0];
  };
  ck_assert (first ("a=recvonly", "a=sendonly").direction == Direction::sendonly);
  ck_assert (first ("a=recvonly", "a=inactive").direction == Direction::inactive);
  ck_assert (first ("a=recvonly\r\n", "").direction == Direction::sendrecv);
  ck_assert (first ("a=setup:actpass", "a=setup:active").setup == SetupRole::active);
  ck_assert (first ("a=setup:actpass", "a=setup:passive").setup == SetupRole::passive);
  ck_assert (first ("m=audio 43765", "m=audio 0").rejected);
  ck_assert (first ("a=rtpmap:96", "a=rtcp-fb:* nack\r\na=rtpmap:96").codecs[0].nack);
  ck_assert (first ("a=fingerprint:", "a=fingerprint:md2 00\r\na=fingerprint:")
                 .fingerprint.starts_with ("sha-256"));
  ck_assert (first ("a=rtcp-mux\r\n", "").rtcp_mux == false);
  ck_assert (parse_offer (replaced (aiortc, "BUNDLE 0 1", "BUNDLE 1 x 1"))->bundle
             == std::vector<std::string>{"1"});
  ck_assert (parse_offer (replaced (aiortc, "BUNDLE 0 1", "LS 0 1"))->bundle.empty ());
}
END_TEST

START_TEST (refuses_what_is_no_sdp)
{
  const auto good = recorded ("chromium");
  assert_refused ("", "empty");
  assert_refused ("\r\n\r\n", "empty");
  assert_refused ("hello", "line 1");
  assert_refused ("v=1\r\n", "v=0");
  assert_refused ("s=-\r\n" + good, "v=0");
  assert_refused ("{\"type\":\"offer\"}", "line 1");
  assert_refused (replaced (good, "s=-\r\n", "s=-\r\n\r\n"), "line 4");
  assert_refused (replaced (good, "s=-", std::string ("s=\0-", 4)), "control character");
  assert_refused (replaced (good, "a=mid:0", "a=mid:0\x1b[31m"), "control character");
  assert_refused (replaced (good, "a=mid:0", "a=mid:\t"), "control character");
  assert_refused (replaced (good, "a=mid:0\r\n", "a=mid:0\rm=audio\r\n"), "control character");
  assert_refused (replaced (good, "s=-", "=-"), "line 3");
}
END_TEST

START_TEST (refuses_what_is_too_much)
{
  const auto good = recorded ("chromium");
  assert_refused (std::string (1 << 20, 'a'), "64 KiB");
  assert_refused (good + std::string (64 * 1024, '\n'), "64 KiB");
  std::string mega = good;
  while (mega.size () < 1 << 20)
    mega += "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n";
  assert_refused (mega, "64 KiB");
  std::string lines = good;
  for (int i = 0; i < 2048; ++i)
    lines += "a=x\r\n";
  assert_refused (lines, "2048 lines");
  assert_refused (good + "a=x:" + std::string (2048, 'y') + "\r\n", "2048 bytes");
  std::string media = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";
  for (int i = 0; i < 200; ++i)
    media += "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:" + std::to_string (i) + "\r\n";
  assert_refused (media, "32 m-lines");
}
END_TEST

START_TEST (refuses_bad_attributes)
{
  const auto good = recorded ("aiortc");
  const auto bad = [&] (std::string_view what, std::string_view with, std::string_view words) {
    assert_refused (replaced (good, what, with), words);
  };
  bad ("sha-256 A4:1A", "sha-256 A4:XX", "m-line 0 of the offer has no a=fingerprint");
  bad ("sha-256 A4:1A", "sha-256 1A", "fingerprint");
  bad ("sha-256 A4:1A", "sha-1 A4:1A", "fingerprint");
  bad ("fingerprint:sha-256 A4", "fingerprint:A4", "fingerprint");
  bad ("a=ice-ufrag:weAX", "a=ice-ufrag:abc", "ice-ufrag");
  bad ("a=ice-ufrag:weAX", "a=ice-ufrag:we\"X", "ice-ufrag");
  bad ("a=ice-ufrag:weAX", "a=ice-ufrag:" + std::string (257, 'a'), "ice-ufrag");
  bad ("a=ice-pwd:vm3E", "a=ice-pwd:", "ice-pwd");
  bad ("a=mid:0", "a=mid:1", "m-line 1 of the offer has the a=mid of another");
  bad ("a=mid:0", "a=mid:0 1", "a=mid");
  bad ("a=mid:0", "a=mid:" + std::string (65, 'x'), "a=mid");
  bad ("a=setup:actpass", "a=setup:holdconn", "a=setup");
  bad ("m=audio 43765 UDP/TLS/RTP/SAVPF 96 0 8", "m=audio", "m=kind");
  bad ("m=audio 43765 UDP/TLS/RTP/SAVPF 96 0 8", "m=audio 9 UDP", "m=kind");
  bad ("m=audio", "m=<script>", "m=kind");
  bad ("UDP/TLS/RTP/SAVPF", "\"UDP\"", "m=kind");
  bad ("m=audio", "m=" + std::string (65, 'a'), "m=kind");
}
END_TEST

START_TEST (leaves_bad_codecs_out)
{
  const auto good = recorded ("aiortc");
  const auto codecs = [&] (std::string_view what, std::string_view with) {
    return parse_offer (replaced (good, what, with))->media[0].codecs.size ();
  };
  const std::string_view opus = "a=rtpmap:96 opus/48000/2";
  ck_assert_uint_eq (codecs (opus, opus), 3);
  for (const char *bad : {"a=rtpmap:128 opus/48000/2", "a=rtpmap:-1 opus/48000/2",
           "a=rtpmap:", "a=rtpmap", "a=rtpmap:96", "a=rtpmap:96 ", "a=rtpmap:96 opus",
           "a=rtpmap:96 opus/", "a=rtpmap:96 opus/-1", "a=rtpmap:96 opus/9999999999",
           "a=rtpmap:96 opus/48000/x", "a=rtpmap:96 o\"pus/48000/2", "a=rtpmap:96 /48000/2",
           "a=rtpmap:99999999999999999999 a/1"})
    ck_assert_uint_eq (codecs (opus, bad), 2);
  ck_assert_uint_eq (codecs ("SAVPF 96 0 8", "SAVPF 96 0 8 96 96 0 8 1000 -1 x"), 3);
  const auto fmtp = [&] (const std::string &text) {
    return parse_offer (replaced (good, opus, std::string (opus) + "\r\na=fmtp:96 " + text))
        ->media[0]
        .codecs[0]
        .fmtp;
  };
  ck_assert (fmtp ("a=1;b=2 ") == "a=1;b=2");
  ck_assert (fmtp (std::string (513, 'x')).empty ());
  ck_assert (fmtp ("caf\xc3\xa9").empty ());
}
END_TEST

START_TEST (cut_anywhere_is_no_harm)
{
  for (const auto *name : {"chromium", "firefox", "safari", "aiortc", "webrtcbin"}) {
    const auto sdp = recorded (name);
    for (std::size_t size = 0; size < sdp.size (); size += 1 + size / 256) {
      const auto offer = parse_offer (std::string_view (sdp).substr (0, size));
      if (!offer)
        ck_assert_int_eq (offer.error ().status, 400);
      else if (const auto agreed = negotiate (*offer, sources, 1))
        ck_assert (!write_answer (*offer, sources, *agreed, {}).empty ());
    }
  }
}
END_TEST

START_TEST (bytes_of_any_value_are_no_harm)
{
  const auto sdp = recorded ("webrtcbin");
  for (std::size_t at = 0; at < sdp.size (); ++at)
    for (const char byte : {'\0', '\n', '\r', ' ', '=', ':', '/', '-', '9', '\x7f', '\xff'}) {
      auto changed = sdp;
      changed[at] = byte;
      if (const auto offer = parse_offer (changed))
        if (const auto agreed = negotiate (*offer, sources, 1)) {
          const auto answer = write_answer (*offer, sources, *agreed, {});
          const auto control = [] (char c) {
            return static_cast<unsigned char> (c) < ' ' && c != '\r' && c != '\n';
          };
          ck_assert (std::ranges::none_of (answer, control));
        }
    }
}
END_TEST

int
main ()
{
  return test::run ("sdp-offer",
      {browsers_and_libraries, reads_every_part, directions_setups_and_wildcards,
          refuses_what_is_no_sdp, refuses_what_is_too_much, refuses_bad_attributes,
          leaves_bad_codecs_out, cut_anywhere_is_no_harm, bytes_of_any_value_are_no_harm});
}
