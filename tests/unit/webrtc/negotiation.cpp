// SPDX-License-Identifier: LGPL-2.1-or-later
// What is agreed on, and what is rejected with which words.
#include "libs/webrtc/negotiation.hpp"

#include "tests/unit/suite.hpp"
#include "tests/unit/webrtc/offers.hpp"

using namespace stagedoor;
using namespace stagedoor::webrtc;

namespace {

/** The payload type that video gets; -1 when the offer is rejected. */
int
video_type (const std::vector<OfferedCodec> &codecs, const Source &source)
{
  const auto agreed = negotiate (video_offer (codecs), {source, opus}, 1);
  return agreed ? agreed->tracks[0].payload_type : -1;
}

Rejection
rejection (const Offer &offer, const std::vector<Source> &sources = {h264_source ("64001f"), opus})
{
  const auto result = negotiate (offer, sources, 1);
  ck_assert (!result.has_value ());
  ck_assert (!result.error ().text.empty ());
  return result.error ();
}

bool
mentions (const Rejection &rejection, std::string_view words)
{
  return rejection.text.find (words) != std::string::npos;
}

} // namespace

START_TEST (agrees_on_both)
{
  const auto offer = video_offer ({{96, "VP8", 90000, 1, ""}, h264 (102, "64001f")});
  const auto agreed = negotiate (offer, {h264_source ("64001f"), opus}, 1);
  ck_assert (agreed.has_value ());
  ck_assert_uint_eq (agreed->tracks.size (), 2);
  const auto &video = agreed->tracks[0], &sound = agreed->tracks[1];
  ck_assert_uint_eq (video.source, 0);
  ck_assert_uint_eq (video.m_line, 0);
  ck_assert_uint_eq (video.payload_type, 102);
  ck_assert (video.nack && video.pli);
  ck_assert_uint_eq (sound.source, 1);
  ck_assert_uint_eq (sound.m_line, 1);
  ck_assert_uint_eq (sound.payload_type, 111);
  ck_assert (sound.nack && !sound.pli);
  ck_assert_uint_ne (video.ssrc, sound.ssrc);
  ck_assert_uint_ne (video.ssrc, 0);
  ck_assert_uint_eq (agreed->transport, 0);
  ck_assert (agreed->remote_fingerprint == fingerprint);
  ck_assert (agreed->remote_ice.ufrag == "user");
  const auto other = negotiate (offer, {h264_source ("64001f"), opus}, 2);
  ck_assert_uint_ne (other->tracks[0].ssrc, video.ssrc);
}
END_TEST

START_TEST (h264_profiles)
{
  const std::vector<OfferedCodec> chromium = {h264 (102, "42001f"), h264 (108, "42e01f"),
      h264 (116, "4d001f"), h264 (41, "f4001f"), h264 (42, "64001f")};
  ck_assert_int_eq (video_type (chromium, h264_source ("42e01f")), 108);
  ck_assert_int_eq (video_type (chromium, h264_source ("42C028")), 108);
  ck_assert_int_eq (video_type (chromium, h264_source ("420028")), 102);
  ck_assert_int_eq (video_type (chromium, h264_source ("4d4028")), 116);
  ck_assert_int_eq (video_type (chromium, h264_source ("640028")), 42);
  ck_assert_int_eq (video_type (chromium, h264_source ("6e0028")), 41);
  ck_assert_int_eq (video_type (chromium, h264_source ("7a0028")), 41);
  ck_assert_int_eq (video_type (chromium, h264_source ("f40028")), 41);
  ck_assert_int_eq (video_type (chromium, h264_source ("nonsense")), 102);
  // Constrained baseline is inside each of them, and Main that keeps to Baseline is constrained.
  for (const auto *profile : {"42001f", "4d001f", "64001f", "f4001f", "58001f", "4d801f"})
    ck_assert_int_eq (video_type ({h264 (99, profile)}, h264_source ("42e01f")), 99);
  // Firefox offers nothing but constrained baseline, and decodes up to High.
  const std::vector<OfferedCodec> firefox = {h264 (126, "42e01f")};
  for (const auto *profile : {"42001f", "4d001f", "64001f", "640c28"})
    ck_assert_int_eq (video_type (firefox, h264_source (profile)), 126);
  for (const auto *profile : {"6e001f", "7a001f", "f4001f", "58001f"})
    ck_assert_int_eq (video_type (firefox, h264_source (profile)), -1);
}
END_TEST

START_TEST (h264_modes_and_levels)
{
  const auto with = [] (const std::string &fmtp) {
    return std::vector<OfferedCodec>{{102, "h264", 90000, 1, fmtp}};
  };
  const auto stream = h264_source ("42e01f");
  ck_assert_int_eq (
      video_type (with ("packetization-mode=1; PROFILE-LEVEL-ID = 42E01F"), stream), 102);
  ck_assert_int_eq (video_type (with ("packetization-mode=0;profile-level-id=42e01f"), stream), -1);
  ck_assert_int_eq (video_type (with ("profile-level-id=42e01f"), stream), -1);
  ck_assert_int_eq (
      video_type (with ("packetization-mode=11;profile-level-id=42e01f"), stream), -1);
  ck_assert_int_eq (video_type (with ("packetization-mode=1;profile-level-id=42e01"), stream), -1);
  ck_assert_int_eq (video_type (with ("packetization-mode=1;profile-level-id=zzzzzz"), stream), -1);
  ck_assert_int_eq (video_type (with ("packetization-mode=1;profile-level-id=00e01f"), stream), -1);
  // Level 3.0 doesn't take 3.1, unless levels may differ; no level means level 1.
  ck_assert_int_eq (video_type (with ("packetization-mode=1;profile-level-id=42e01e"), stream), -1);
  ck_assert_int_eq (
      video_type (
          with ("packetization-mode=1;profile-level-id=42e01e;level-asymmetry-allowed=1"), stream),
      102);
  ck_assert_int_eq (video_type (with ("packetization-mode=1"), stream), -1);
  ck_assert_int_eq (video_type (with ("packetization-mode=1"), h264_source ("42e00a")), 102);
  ck_assert_int_eq (video_type (with ("packetization-mode=1"), h264_source ("42f00b")), 102); // 1b
  ck_assert_int_eq (video_type (with (""), stream), 102); // as webrtcbin offers
  ck_assert_int_eq (video_type (with (";;=;packetization-mode"), stream), -1);
  const std::vector<OfferedCodec> both = {{96, "H264", 90000, 1, ""}, h264 (97, "42e01f")};
  ck_assert_int_eq (video_type (both, stream), 97);
}
END_TEST

START_TEST (other_codecs)
{
  const auto one = [] (const char *name, const char *fmtp, Codec codec, std::uint8_t profile) {
    return video_type ({{96, name, 90000, 1, fmtp}}, {true, codec, "", profile});
  };
  ck_assert_int_eq (one ("vp8", "max-fs=12288", Codec::vp8, 0), 96);
  ck_assert_int_eq (one ("VP9", "", Codec::vp9, 0), 96);
  ck_assert_int_eq (one ("VP9", "profile-id=2", Codec::vp9, 2), 96);
  ck_assert_int_eq (one ("VP9", "profile-id=0", Codec::vp9, 2), -1);
  ck_assert_int_eq (one ("VP9", "profile-id=2", Codec::vp9, 0), -1);
  ck_assert_int_eq (one ("AV1", "level-idx=5;profile=0;tier=0", Codec::av1, 0), 96);
  ck_assert_int_eq (one ("AV1", "profile=1", Codec::av1, 0), 96);
  ck_assert_int_eq (one ("AV1", "profile=0", Codec::av1, 1), -1);
  ck_assert_int_eq (one ("AV1", "profile=-1", Codec::av1, 0), -1);
  ck_assert_int_eq (one ("H265", "level-id=93;profile-id=1;tx-mode=SRST", Codec::h265, 1), 96);
  ck_assert_int_eq (one ("H265", "profile-id=2", Codec::h265, 1), 96);
  ck_assert_int_eq (one ("H265", "profile-id=1", Codec::h265, 2), -1);
  ck_assert_int_eq (one ("H265", "profile-id=1;tx-mode=MRST", Codec::h265, 1), -1);
  ck_assert_int_eq (one ("VP8", "", Codec::h264, 0), -1);
  ck_assert_int_eq (video_type ({{96, "VP8", 48000, 1, ""}}, {true, Codec::vp8}), -1);
  // RFC 5761: these would look like RTCP.
  for (const int type : {64, 72, 95})
    ck_assert_int_eq (video_type ({{type, "VP8", 90000, 1, ""}}, {true, Codec::vp8}), -1);
  ck_assert_int_eq (video_type ({{35, "VP8", 90000, 1, ""}}, {true, Codec::vp8}), 35);
}
END_TEST

START_TEST (first_source_that_fits)
{
  const std::vector<Source> sources = {{true, Codec::h265, "", 1}, {true, Codec::vp8}, opus};
  const auto agreed = negotiate (video_offer ({{96, "VP8", 90000, 1, ""}}), sources, 1);
  ck_assert (agreed.has_value ());
  ck_assert_uint_eq (agreed->tracks.size (), 2);
  ck_assert_uint_eq (agreed->tracks[0].source, 1);
  ck_assert_uint_eq (agreed->tracks[1].source, 2);
}
END_TEST

START_TEST (rejects_what_it_has_no_codec_for)
{
  const auto vp8_only =
      rejection (video_offer ({{96, "VP8", 90000, 1, ""}, {97, "rtx", 90000, 1, "apt=96"}}));
  ck_assert_int_eq (vp8_only.status, 406);
  ck_assert (mentions (vp8_only, "H.264 (high profile, level 3.1)"));
  ck_assert (mentions (vp8_only, "VP8, rtx"));
  const auto mode_0 = rejection (video_offer ({{96, "H264", 90000, 1, "packetization-mode=0"}}));
  ck_assert_int_eq (mode_0.status, 406);
  ck_assert (mentions (mode_0, "packetization-mode"));
  auto mono = video_offer ({h264 (96, "64001f")});
  mono.media[1].codecs = {{111, "opus", 48000, 1, ""}};
  ck_assert_int_eq (rejection (mono).status, 406);
  ck_assert (mentions (rejection (mono), "opus/48000/2"));
  mono.media[1].codecs.clear ();
  ck_assert_int_eq (rejection (mono).status, 406);
  std::vector<OfferedCodec> many;
  for (int i = 0; i < 60; ++i)
    many.push_back ({i, std::string (60, static_cast<char> ('A' + i)), 90000, 1, ""});
  ck_assert_uint_lt (rejection (video_offer (many)).text.size (), 1000);
}
END_TEST

START_TEST (audio_only)
{
  const auto offer = offer_of ({audio ("a")});
  const auto agreed = negotiate (offer, {h264_source ("64001f"), opus}, 1);
  ck_assert (agreed.has_value ());
  ck_assert_uint_eq (agreed->tracks.size (), 1);
  ck_assert_uint_eq (agreed->tracks[0].source, 1);
  const auto no_sound = rejection (offer, {h264_source ("64001f")});
  ck_assert_int_eq (no_sound.status, 406);
  ck_assert (mentions (no_sound, "only video: H.264 (high profile, level 3.1)"));
  ck_assert_int_eq (rejection (offer, {}).status, 406);
}
END_TEST

START_TEST (rejects_what_no_viewer_offers)
{
  ck_assert_int_eq (rejection ({}).status, 400);
  const auto good = video_offer ({h264 (96, "64001f")});
  const auto with = [&] (auto change) {
    auto offer = good;
    change (offer);
    return rejection (offer);
  };
  ck_assert_int_eq (
      with ([] (Offer &o) { o.media[0].direction = Direction::sendonly; }).status, 422);
  ck_assert_int_eq (
      with ([] (Offer &o) { o.media[1].direction = Direction::inactive; }).status, 422);
  ck_assert_int_eq (with ([] (Offer &o) { o.media[0].protocol = "RTP/AVP"; }).status, 422);
  ck_assert_int_eq (with ([] (Offer &o) { o.media[0].rtcp_mux = false; }).status, 422);
  ck_assert_int_eq (with ([] (Offer &o) { o.media[0].setup = SetupRole::passive; }).status, 422);
  ck_assert_int_eq (with ([] (Offer &o) { o.media[0].fingerprint.clear (); }).status, 400);
  ck_assert_int_eq (with ([] (Offer &o) { o.media[0].fingerprint = "sha-1 AB"; }).status, 400);
  ck_assert_int_eq (with ([] (Offer &o) { o.media[0].ice.ufrag.clear (); }).status, 400);
  ck_assert_int_eq (with ([] (Offer &o) { o.media[0].ice.password.clear (); }).status, 400);
  ck_assert_int_eq (with ([] (Offer &o) { o.bundle.clear (); }).status, 422);
  ck_assert_int_eq (with ([] (Offer &o) { o.bundle.pop_back (); }).status, 422);
  ck_assert_int_eq (with ([] (Offer &o) { o.bundle = {"nobody"}; }).status, 422);
  ck_assert_int_eq (
      with ([] (Offer &o) { o.media[0].rejected = o.media[1].rejected = true; }).status, 422);
  const auto two = with ([] (Offer &o) {
    o.media.push_back (o.media[0]);
    o.media[2].mid = "2";
    o.bundle.push_back ("2");
  });
  ck_assert_int_eq (two.status, 422);
  ck_assert (mentions (two, "m-line 2 (video)"));
}
END_TEST

START_TEST (transport_is_the_first_of_the_bundle)
{
  auto offer = video_offer ({h264 (96, "64001f")});
  offer.media.insert (offer.media.begin (), line ("application", "d", {}));
  offer.bundle = {"d", "1", "0"};
  offer.media[2].ice.ufrag = "audioUfrag";
  offer.media[1].ice = {};
  offer.media[1].fingerprint.clear ();
  offer.media[1].rtcp_mux = false; // a bundled line needs none of its own
  const auto agreed = negotiate (offer, {h264_source ("64001f"), opus}, 1);
  ck_assert (agreed.has_value ());
  ck_assert_uint_eq (agreed->transport, 2);
  ck_assert (agreed->remote_ice.ufrag == "audioUfrag");
}
END_TEST

int
main ()
{
  return test::run (
      "negotiation", {agrees_on_both, h264_profiles, h264_modes_and_levels, other_codecs,
                         first_source_that_fits, rejects_what_it_has_no_codec_for, audio_only,
                         rejects_what_no_viewer_offers, transport_is_the_first_of_the_bundle});
}
