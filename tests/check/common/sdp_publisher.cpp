// SPDX-License-Identifier: LGPL-2.1-or-later
// Publishers' offers, from the text to the answer: of real programs, and hostile ones.
#include <algorithm>

#include "gst-plugins/common/sdp_offer.hpp"
#include "libs/webrtc/incoming.hpp"
#include "tests/check/common/recorded_offers.hpp"
#include "tests/unit/suite.hpp" // last: check.h defines "fail"

using namespace stagedoor;
using namespace stagedoor::webrtc;
using namespace stagedoor::test;

namespace {

const std::vector<Codec> all = {
    Codec::h264, Codec::h265, Codec::av1, Codec::vp8, Codec::vp9, Codec::opus};
constexpr const char *names[] = {"chromium-publisher", "chromium-simulcast", "aiortc-publisher"};

/** Chromium's offer with @p lines at the end of its video section. */
std::string
with_lines (const std::string &lines)
{
  return recorded ("chromium-publisher") + lines;
}

IncomingAgreement
agree (const std::string &sdp, const std::vector<Codec> &codecs = all)
{
  const auto offer = parse_offer (sdp);
  ck_assert_msg (offer.has_value (), "%s", offer ? "" : offer.error ().text.c_str ());
  auto agreed = negotiate_incoming (*offer, codecs);
  ck_assert_msg (agreed.has_value (), "%s", agreed ? "" : agreed.error ().text.c_str ());
  return *agreed;
}

const IncomingTrack &
video_of (const IncomingAgreement &agreed)
{
  const auto found = std::ranges::find (agreed.plan.tracks, true, &IncomingTrack::video);
  ck_assert (found != agreed.plan.tracks.end ());
  return *found;
}

} // namespace

START_TEST (browsers_and_libraries)
{
  const auto chromium = agree (recorded ("chromium-publisher"));
  ck_assert_uint_eq (chromium.plan.tracks.size (), 2);
  const auto &sound = chromium.plan.tracks[0];
  ck_assert (sound.codec == Codec::opus && sound.mid == "0" && sound.payload_type == 111);
  ck_assert (sound.transport_cc && sound.transport_cc_id == 3);
  ck_assert_uint_eq (sound.ssrc.value_or (0), 2951172122);
  const auto &picture = video_of (chromium);
  ck_assert (picture.codec == Codec::vp8 && picture.mid == "1" && picture.payload_type == 96);
  ck_assert_int_eq (picture.rtx_payload_type.value_or (0), 97);
  ck_assert (picture.nack && picture.pli && picture.fir && picture.transport_cc);
  ck_assert_int_eq (picture.transport_cc_id, 3);
  ck_assert_uint_eq (picture.ssrc.value_or (0), 4234380022);
  ck_assert_uint_eq (picture.rtx_ssrc.value_or (0), 676198105);

  const auto h264 = agree (recorded ("chromium-publisher"), {Codec::h264, Codec::opus});
  ck_assert_int_eq (video_of (h264).payload_type, 102);
  const auto av1 = agree (recorded ("chromium-publisher"), {Codec::av1, Codec::opus});
  ck_assert_int_eq (video_of (av1).rtx_payload_type.value_or (0), 46);

  const auto aiortc = agree (recorded ("aiortc-publisher"));
  ck_assert_int_eq (video_of (aiortc).rtx_payload_type.value_or (0), 98);
  ck_assert (!video_of (aiortc).transport_cc && video_of (aiortc).pli);
  ck_assert_uint_eq (aiortc.transport, 0);
  ck_assert (aiortc.remote_ice.ufrag == "hLsn");
}
END_TEST

/** The publisher then sends one layer (RFC 8853 section 5.3.2). */
START_TEST (simulcast_isnt_taken)
{
  const auto sdp = recorded ("chromium-simulcast");
  ck_assert (sdp.find ("a=simulcast:send") != sdp.npos);
  const auto agreed = agree (sdp);
  const auto answer = write_incoming_answer (*parse_offer (sdp), agreed, {});
  for (const auto *word : {"simulcast", "a=rid", "rtp-stream-id", "goog-remb", "sdes:mid"})
    ck_assert (answer.find (word) == answer.npos);
  ck_assert (!video_of (agreed).ssrc);
}
END_TEST

START_TEST (extension_ids)
{
  const std::string uri (transport_cc_extension);
  const auto id = [&] (const std::string &line) {
    auto sdp = recorded ("chromium-publisher");
    const auto video = sdp.find ("m=video");
    const auto at = sdp.find ("a=extmap:3 ", video);
    sdp.replace (at, sdp.find ("\r\n", at) - at, line);
    const auto agreed = agree (sdp);
    ck_assert (video_of (agreed).transport_cc == (video_of (agreed).transport_cc_id != 0));
    return static_cast<int> (video_of (agreed).transport_cc_id);
  };
  ck_assert_int_eq (id ("a=extmap:1 " + uri), 1);
  ck_assert_int_eq (id ("a=extmap:12/sendonly " + uri), 12);
  ck_assert_int_eq (id ("a=extmap:12/sendrecv " + uri + " and more"), 12);
  ck_assert_int_eq (id ("a=extmap:12/recvonly " + uri), 0);
  ck_assert_int_eq (id ("a=extmap:12/inactive " + uri), 0);
  for (const auto *bad : {"0", "15", "16", "255", "256", "4096", "-1", "99999999999", "x", ""})
    ck_assert_int_eq (id ("a=extmap:" + std::string (bad) + " " + uri), 0);
  ck_assert_int_eq (id ("a=extmap:3"), 0);
  ck_assert_int_eq (id ("a=extmap"), 0);
  ck_assert_int_eq (id ("a=extmap:3 " + uri.substr (1)), 0);
  // One id for two things, or two for one.
  ck_assert_int_eq (id ("a=extmap:13 " + uri), 0); // the video-orientation's
  ck_assert_int_eq (id ("a=extmap:3 " + uri + "\r\na=extmap:3 urn:x"), 0);
  ck_assert_int_eq (id ("a=extmap:3 urn:x\r\na=extmap:3 " + uri), 0);
  ck_assert_int_eq (id ("a=extmap:3 " + uri + "\r\na=extmap:1 " + uri), 3);
  // Only with the feedback.
  auto sdp = recorded ("chromium-publisher");
  sdp = replaced (sdp, "a=rtcp-fb:96 transport-cc", "a=rtcp-fb:96 transport-cd");
  ck_assert (!video_of (agree (sdp)).transport_cc);
}
END_TEST

START_TEST (announced_sources)
{
  auto without = recorded ("aiortc-publisher");
  without.erase (
      without.find ("a=ssrc-group"), without.find ("a=rtpmap:97") - without.find ("a=ssrc-group"));
  const auto with = [&] (const std::string &lines) {
    const auto agreed = agree (without + lines);
    const auto &track = video_of (agreed);
    return std::pair (track.ssrc.value_or (0), track.rtx_ssrc.value_or (0));
  };
  using Pair = std::pair<std::uint32_t, std::uint32_t>;
  ck_assert (with ("") == Pair (0, 0));
  ck_assert (with ("a=ssrc:5 cname:x\r\na=ssrc:6 cname:x\r\n") == Pair (5, 0));
  ck_assert (with ("a=ssrc:5 cname:x\r\na=ssrc-group:FID 6 7\r\n") == Pair (6, 7));
  ck_assert (
      with ("a=ssrc-group:SIM 1 2 3\r\na=ssrc-group:FID 4294967295 1\r\n") == Pair (4294967295, 1));
  for (const auto *bad : {"FID", "FID 1", "FID 1 1", "FID 1 2 3", "FID 4294967296 1", "FID 1 -2",
           "FID x y", "FID  1 2", "fid 1 2", ""})
    ck_assert (with ("a=ssrc-group:" + std::string (bad) + "\r\n") == Pair (0, 0));
  for (const auto *bad : {"", "x cname:x", "-1 cname:x", "4294967296 cname:x", "1.5"})
    ck_assert (with ("a=ssrc:" + std::string (bad) + "\r\n") == Pair (0, 0));
  std::string spam;
  for (int i = 100; i < 1600; ++i)
    spam += "a=ssrc:" + std::to_string (i) + " cname:x\r\na=ssrc-group:FID 1\r\n";
  ck_assert (with (spam.substr (0, 30'000)) == Pair (100, 0));
}
END_TEST

START_TEST (payload_types_and_retransmissions)
{
  // The last description of a type counts, as ever; it is there once.
  const auto twice = agree (with_lines ("a=rtpmap:96 H264/90000\r\na=fmtp:96 apt=96\r\n"));
  ck_assert (video_of (twice).codec == Codec::h264 && video_of (twice).payload_type == 96);
  std::string loops;
  for (int type = 96; type < 128; ++type)
    loops += "a=rtpmap:" + std::to_string (type) + " rtx/90000\r\na=fmtp:" + std::to_string (type)
             + " apt=" + std::to_string (96 + (type + 1) % 32) + "\r\n";
  const auto looped = agree (with_lines (loops));
  ck_assert_int_eq (video_of (looped).payload_type, 39); // what is left
  const auto shared = parse_offer (
      replaced (recorded ("chromium-publisher"), "a=rtpmap:111 opus", "a=rtpmap:111 nopus"));
  ck_assert (shared && !negotiate_incoming (*shared, all));
  const auto same = parse_offer (
      replaced (replaced (recorded ("aiortc-publisher"), "SAVPF 96 0 8", "SAVPF 97 0 8"),
          "a=rtpmap:96 opus", "a=rtpmap:97 opus"));
  const auto refused = negotiate_incoming (*same, all);
  ck_assert (!refused && refused.error ().status == 422);
}
END_TEST

START_TEST (too_many_lines)
{
  auto sdp = recorded ("chromium-publisher");
  const auto media = sdp.substr (sdp.find ("m=video"));
  std::string many = sdp.substr (0, sdp.find ("m=audio"));
  for (int i = 0; i < 200; ++i)
    many += "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:" + std::to_string (i) + "\r\n";
  ck_assert (!parse_offer (many));
  const auto two = parse_offer (
      replaced (sdp, "BUNDLE 0 1", "BUNDLE 0 1 2") + replaced (media, "a=mid:1", "a=mid:2"));
  ck_assert (two.has_value ());
  const auto refused = negotiate_incoming (*two, all);
  ck_assert (!refused && refused.error ().status == 422);
}
END_TEST

namespace {

void
answer_if_possible (std::string_view sdp)
{
  const auto offer = parse_offer (sdp);
  if (!offer)
    return;
  const auto agreed = negotiate_incoming (*offer, all);
  if (!agreed)
    return;
  const auto answer = write_incoming_answer (*offer, *agreed, {});
  ck_assert (std::ranges::none_of (answer,
      [] (char c) { return static_cast<unsigned char> (c) < ' ' && c != '\r' && c != '\n'; }));
  ck_assert (answer.find ("\r\n\r\n") == answer.npos);
}

} // namespace

START_TEST (cut_anywhere_or_changed_is_no_harm)
{
  for (const auto *name : names) {
    const auto sdp = recorded (name);
    for (std::size_t size = 0; size < sdp.size (); size += 1 + size / 256)
      answer_if_possible (std::string_view (sdp).substr (0, size));
  }
  const auto sdp = recorded ("aiortc-publisher");
  for (std::size_t at = 0; at < sdp.size (); ++at)
    for (const char byte : {'\0', '\n', ' ', ':', '-', '9', '\xff'}) {
      auto changed = sdp;
      changed[at] = byte;
      answer_if_possible (changed);
    }
}
END_TEST

int
main ()
{
  return test::run ("sdp-publisher",
      {browsers_and_libraries, simulcast_isnt_taken, extension_ids, announced_sources,
          payload_types_and_retransmissions, too_many_lines, cut_anywhere_or_changed_is_no_harm});
}
