// SPDX-License-Identifier: LGPL-2.1-or-later
// What publishers' offers are answered with, and what is rejected with which words.
#include "libs/webrtc/incoming.hpp"

#include <algorithm>

#include "tests/unit/suite.hpp"
#include "tests/unit/webrtc/offers.hpp"

using namespace stagedoor;
using namespace stagedoor::webrtc;

namespace {

const std::vector<Codec> all = {
    Codec::h264, Codec::h265, Codec::av1, Codec::vp8, Codec::vp9, Codec::opus};

/** As a browser that shares a screen; retransmissions and transport-wide feedback included. */
Offer
published (std::vector<OfferedCodec> codecs)
{
  auto offer = video_offer (std::move (codecs));
  for (auto &media : offer.media)
    media.direction = Direction::sendonly;
  offer.media[0].transport_cc_id = 3;
  offer.media[0].ssrc = 11;
  offer.media[0].rtx_ssrc = 12;
  return offer;
}

OfferedCodec
with_feedback (int payload_type, const char *encoding, const char *fmtp = "")
{
  return {payload_type, encoding, 90000, 1, fmtp, true, true, true, true};
}

Offer
usual ()
{
  return published (
      {with_feedback (96, "VP8"), {97, "rtx", 90000, 1, "apt=96"}, h264 (102, "42e01f"),
          {103, "rtx", 90000, 1, "apt=102"}, {98, "red", 90000}, {99, "ulpfec", 90000}});
}

IncomingPlan
plan (const Offer &offer, const std::vector<Codec> &codecs = all)
{
  const auto agreed = negotiate_incoming (offer, codecs);
  ck_assert_msg (agreed.has_value (), "%s", agreed ? "" : agreed.error ().text.c_str ());
  return agreed->plan;
}

Rejection
rejection (const Offer &offer, const std::vector<Codec> &codecs = all)
{
  const auto result = negotiate_incoming (offer, codecs);
  ck_assert (!result.has_value ());
  ck_assert_uint_lt (result.error ().text.size (), 1000);
  return result.error ();
}

bool
mentions (const Rejection &rejection, std::string_view words)
{
  return rejection.text.find (words) != std::string::npos;
}

/** What a video codec comes in as; -1 when it isn't taken. */
int
video_type (const OfferedCodec &codec)
{
  const auto agreed = negotiate_incoming (published ({codec}), all);
  return agreed ? agreed->plan.tracks[0].payload_type : -1;
}

std::string
answer (const Offer &offer, const std::vector<Codec> &codecs = all)
{
  const auto agreed = negotiate_incoming (offer, codecs);
  ck_assert (agreed.has_value ());
  return write_incoming_answer (offer, *agreed,
      {{"ourUfrag", "ourPasswordourPassword"}, "AB:CD", {{IpAddress::from_v4 (0xc0000201), 5000}},
          "cname", "stream", 4711});
}

} // namespace

START_TEST (takes_the_first_that_it_can)
{
  const auto both = plan (usual ());
  ck_assert_uint_eq (both.tracks.size (), 2);
  const auto &video = both.tracks[0], &sound = both.tracks[1];
  ck_assert (video.video && video.codec == Codec::vp8 && video.m_line == 0 && video.mid == "0");
  ck_assert_int_eq (video.payload_type, 96);
  ck_assert_int_eq (video.clock_rate, 90000);
  ck_assert_int_eq (video.rtx_payload_type.value_or (0), 97);
  ck_assert (video.nack && video.pli && video.fir && video.transport_cc);
  ck_assert_int_eq (video.transport_cc_id, 3);
  ck_assert_uint_eq (video.ssrc.value_or (0), 11);
  ck_assert_uint_eq (video.rtx_ssrc.value_or (0), 12);
  ck_assert (!sound.video && sound.codec == Codec::opus && sound.m_line == 1);
  ck_assert_int_eq (sound.payload_type, 111);
  ck_assert_int_eq (sound.channels, 2);
  ck_assert (!sound.rtx_payload_type && !sound.transport_cc && sound.transport_cc_id == 0);
  assert_text (sound.fmtp, "minptime=10;useinbandfec=1");

  const auto without_vp8 = plan (usual (), {Codec::opus, Codec::h264});
  ck_assert_int_eq (without_vp8.tracks[0].payload_type, 102);
  ck_assert_int_eq (without_vp8.tracks[0].rtx_payload_type.value_or (0), 103);
  ck_assert (!without_vp8.tracks[0].transport_cc); // of VP8 only

  const auto agreed = negotiate_incoming (usual (), all);
  ck_assert_uint_eq (agreed->transport, 0);
  ck_assert (agreed->remote_fingerprint == fingerprint && agreed->remote_ice.ufrag == "user");
}
END_TEST

START_TEST (what_can_be_depayloaded)
{
  for (const auto *fmtp : {"", "packetization-mode=0", "packetization-mode=1",
           "profile-level-id=7a0028;packetization-mode=1", "profile-level-id=nonsense"})
    ck_assert_int_eq (video_type ({100, "h264", 90000, 1, fmtp}), 100);
  for (const auto *fmtp : {"packetization-mode=2", "packetization-mode=", "packetization-mode=01"})
    ck_assert_int_eq (video_type ({100, "H264", 90000, 1, fmtp}), -1);
  ck_assert_int_eq (video_type ({100, "H265", 90000, 1, "tx-mode=srst"}), 100);
  ck_assert_int_eq (video_type ({100, "H265", 90000, 1, "tx-mode=MRST"}), -1);
  ck_assert_int_eq (video_type ({100, "AV1", 90000, 1, "profile=2"}), 100);
  ck_assert_int_eq (video_type ({100, "VP9", 90000, 1, "profile-id=3"}), 100);
  ck_assert_int_eq (video_type ({100, "VP8", 48000, 1, ""}), -1);
  ck_assert_int_eq (video_type ({100, "AV1X", 90000, 1, ""}), -1);
  ck_assert_int_eq (video_type ({100, "opus", 48000, 2, ""}), -1); // as video
  // RFC 5761: these would look like RTCP.
  for (const int type : {64, 72, 95})
    ck_assert_int_eq (video_type ({type, "VP8", 90000, 1, ""}), -1);
}
END_TEST

START_TEST (retransmissions)
{
  const auto rtx = [] (std::vector<OfferedCodec> more, bool nack = true) {
    OfferedCodec vp8{96, "VP8", 90000, 1, ""};
    vp8.nack = nack;
    more.insert (more.begin (), vp8);
    const auto track = plan (published (std::move (more))).tracks[0];
    ck_assert_int_eq (track.payload_type, 96);
    ck_assert (track.rtx_payload_type || !track.rtx_ssrc);
    return static_cast<int> (track.rtx_payload_type.value_or (0));
  };
  ck_assert_int_eq (rtx ({{97, "rtx", 90000, 1, "apt=96;rtx-time=3000"}}), 97);
  ck_assert_int_eq (rtx ({{97, "RTX", 90000, 1, "apt=96"}, {98, "rtx", 90000, 1, "apt=96"}}), 97);
  ck_assert_int_eq (rtx ({{97, "rtx", 90000, 1, "apt=96"}}, false), 0); // never asked for
  // Of others, of themselves, in circles, of nothing.
  for (const auto *apt : {"apt=98", "apt=97", "apt=", "apt=-96", "apt=960", "apt=x", "", "apt96"})
    ck_assert_int_eq (rtx ({{97, "rtx", 90000, 1, apt}, {98, "rtx", 90000, 1, "apt=97"}}), 0);
  ck_assert_int_eq (rtx ({{97, "rtx", 48000, 1, "apt=96"}}), 0);
  ck_assert_int_eq (rtx ({{72, "rtx", 90000, 1, "apt=96"}}), 0);
}
END_TEST

START_TEST (writes_the_answer)
{
  auto offer = usual ();
  const auto text = answer (offer, {Codec::opus, Codec::vp8});
  const char *expected =
      "v=0\r\no=- 4711 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=ice-lite\r\n"
      "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=recvonly\r\n"
      "a=rtpmap:96 VP8/90000\r\n"
      "a=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 ccm fir\r\n"
      "a=rtcp-fb:96 transport-cc\r\n"
      "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
      "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=rtcp-mux\r\n"
      "a=ice-ufrag:ourUfrag\r\na=ice-pwd:ourPasswordourPassword\r\n"
      "a=fingerprint:sha-256 AB:CD\r\na=setup:passive\r\n"
      "a=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host\r\na=end-of-candidates\r\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=recvonly\r\n"
      "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 stereo=1;useinbandfec=1\r\na=rtcp-fb:111 nack\r\n"
      "a=rtcp-mux\r\na=ice-ufrag:ourUfrag\r\na=ice-pwd:ourPasswordourPassword\r\n"
      "a=fingerprint:sha-256 AB:CD\r\na=setup:passive\r\n";
  assert_text (text, expected);
  // A line that was taken out of use stays in its place.
  offer.media.insert (offer.media.begin (), line ("video", "x", {{120, "VP8", 90000, 1, ""}}));
  offer.media[0].rejected = true;
  const auto with_unused = answer (offer);
  ck_assert (with_unused.find ("m=video 0 UDP/TLS/RTP/SAVPF 120\r\nc=IN IP4 0.0.0.0\r\na=mid:x\r\n"
                               "m=video 9 ")
             != with_unused.npos);
}
END_TEST

/** What a publisher says of its stream, or could receive itself, isn't said back to it. */
START_TEST (parameters_of_the_answer)
{
  const auto fmtp = [] (const char *encoding, const char *offered) -> std::string {
    const auto text = answer (published ({{100, encoding, 90000, 1, offered}}));
    const auto at = text.find ("a=fmtp:100 ");
    return at == text.npos ? "" : text.substr (at + 11, text.find ('\r', at) - at - 11);
  };
  assert_text (fmtp ("H264", "profile-level-id=640028;packetization-mode=1;"
                             "level-asymmetry-allowed=1;sprop-parameter-sets=Z0IA,aM4=;max-br=9"),
      "profile-level-id=640028;packetization-mode=1;level-asymmetry-allowed=1");
  assert_text (fmtp ("H264", "packetization-mode=0"), "packetization-mode=0");
  assert_text (fmtp ("H264", ""), "");
  assert_text (fmtp ("VP8", "max-fs=12288;max-fr=60"), "");
  assert_text (fmtp ("VP9", "profile-id=2; max-fs=12288"), "profile-id=2");
  assert_text (fmtp ("AV1", "level-idx=5;profile=0;tier=0"), "level-idx=5;profile=0;tier=0");
  assert_text (fmtp ("H265", ";;=; level-id = 93 ;profile-id=1;sprop-vps=QAE;tx-mode=SRST"),
      "level-id = 93;profile-id=1;tx-mode=SRST");
  auto offer = usual ();
  offer.media[1].codecs[1].fmtp = "";
  ck_assert (answer (offer).find ("a=fmtp:111 stereo=1\r\n") != std::string::npos);
}
END_TEST

START_TEST (one_kind_only)
{
  auto offer = offer_of ({audio ("a")});
  offer.media[0].direction = Direction::sendrecv;
  const auto sound = plan (offer);
  ck_assert_uint_eq (sound.tracks.size (), 1);
  ck_assert (!sound.tracks[0].video);
  auto picture = usual ();
  picture.media.pop_back ();
  picture.bundle.clear ();
  ck_assert (plan (picture).tracks[0].video);
}
END_TEST

START_TEST (no_codec_in_common)
{
  const auto vp8_only = rejection (usual (), {Codec::av1, Codec::vp9, Codec::opus});
  ck_assert_int_eq (vp8_only.status, 406);
  ck_assert (mentions (vp8_only, "m-line 0 (video) offers VP8, rtx, H264, red, ulpfec"));
  ck_assert (mentions (vp8_only, "taken here: AV1, VP9"));
  auto mono = usual ();
  mono.media[1].codecs = {{111, "opus", 48000, 1, ""}};
  ck_assert_int_eq (rejection (mono).status, 406);
  ck_assert (mentions (rejection (mono), "opus/48000/2"));
  const auto interleaved = rejection (published ({{96, "H264", 90000, 1, "packetization-mode=2"}}));
  ck_assert (mentions (interleaved, "packetization-mode 0 or 1"));
  const auto nothing = rejection (usual (), {Codec::vp8});
  ck_assert_int_eq (nothing.status, 406);
  ck_assert (mentions (nothing, "m-line 1 (audio)"));
  ck_assert_int_eq (rejection (usual (), {}).status, 406);
}
END_TEST

START_TEST (what_no_publisher_offers)
{
  ck_assert_int_eq (rejection ({}).status, 400);
  const auto with = [] (auto change) {
    auto offer = usual ();
    change (offer);
    return rejection (offer);
  };
  const auto viewer = with ([] (Offer &o) { o.media[0].direction = Direction::recvonly; });
  ck_assert_int_eq (viewer.status, 422);
  ck_assert (mentions (viewer, "a publisher offers sendonly"));
  ck_assert_int_eq (
      with ([] (Offer &o) { o.media[1].direction = Direction::inactive; }).status, 422);
  ck_assert_int_eq (with ([] (Offer &o) { o.media[0].rtcp_mux = false; }).status, 422);
  ck_assert_int_eq (with ([] (Offer &o) { o.media[0].setup = SetupRole::passive; }).status, 422);
  ck_assert_int_eq (with ([] (Offer &o) { o.media[0].fingerprint = "sha-1 AB"; }).status, 400);
  ck_assert_int_eq (with ([] (Offer &o) { o.media[0].ice.ufrag.clear (); }).status, 400);
  ck_assert_int_eq (with ([] (Offer &o) { o.bundle.clear (); }).status, 422);
  ck_assert_int_eq (with ([] (Offer &o) { o.bundle.pop_back (); }).status, 422);
  const auto data = with ([] (Offer &o) { o.media.push_back (line ("application", "2", {})); });
  ck_assert_int_eq (data.status, 422);
  ck_assert (mentions (data, "m-line 2 (application)"));
  const auto two = with ([] (Offer &o) {
    o.media.push_back (o.media[0]);
    o.media[2].mid = "2";
    o.bundle.push_back ("2");
  });
  ck_assert_int_eq (two.status, 422);
  ck_assert (mentions (two, "m-line 2 (video)"));
}
END_TEST

/** Packets are told apart by it. */
START_TEST (payload_types_of_two_lines)
{
  auto offer = usual ();
  offer.media[1].codecs[1].payload_type = 96;
  ck_assert_int_eq (rejection (offer).status, 422);
  offer.media[1].codecs[1].payload_type = 97;
  ck_assert_int_eq (rejection (offer).status, 422);
  offer.media[1].codecs[1].payload_type = 102; // isn't used on the other line
  ck_assert_uint_eq (plan (offer).tracks.size (), 2);
}
END_TEST

int
main ()
{
  return test::run (
      "incoming", {takes_the_first_that_it_can, what_can_be_depayloaded, retransmissions,
                      writes_the_answer, parameters_of_the_answer, one_kind_only,
                      no_codec_in_common, what_no_publisher_offers, payload_types_of_two_lines});
}
