// SPDX-License-Identifier: LGPL-2.1-or-later
// What a viewer gets: the stream, whole, in order, from a key frame on, and again what got lost.
#include "tests/check/whep/fixture.hpp"
#include "tests/unit/webrtc/depacketize.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using webrtc::Codec;

namespace {

void
check_sequence (const std::vector<RtpPacket> &packets)
{
  for (std::size_t i = 1; i < packets.size (); ++i)
    ck_assert_uint_eq (
        packets[i].sequence, static_cast<std::uint16_t> (packets[i - 1].sequence + 1));
}

void
check_units (const webrtc::PacketizedFrame &frame, const std::vector<Bytes> &nals)
{
  const auto units = depacketize (frame);
  ck_assert (units.has_value ());
  ck_assert (*units == nals);
}

std::size_t
count_frames (const Viewer &viewer)
{
  return viewer.frames (viewer.video_ssrc, Codec::h264).size ();
}

void
content_and_clock (const PeerOptions &options)
{
  Sink sink;
  Video video (sink);
  Audio audio (sink);
  std::vector<std::vector<Bytes>> sent{video.keyframe (40'000)};
  audio.packet ();
  Viewer viewer (options);
  viewer.join (sink.http_port ());
  ck_assert (viewer.connect ());
  viewer.pump_until ([&] { return count_frames (viewer) == 1; });
  std::vector<Bytes> sounds;
  for (int i = 0; i < 30; ++i) {
    sent.push_back (video.frame (300u * static_cast<unsigned> (i)));
    sounds.push_back (audio.packet ());
  }
  viewer.pump_until ([&] {
    return count_frames (viewer) == 31 && viewer.packets (viewer.audio_ssrc).size () == 30;
  });

  const auto frames = viewer.frames (viewer.video_ssrc, Codec::h264);
  for (std::size_t i = 0; i < frames.size (); ++i) {
    check_units (frames[i], sent[i]);
    ck_assert_uint_eq (frames[i].rtp_timestamp - frames[0].rtp_timestamp, 3000 * i);
  }
  const auto packets = viewer.packets (viewer.audio_ssrc);
  for (std::size_t i = 0; i < packets.size (); ++i) {
    ck_assert (packets[i].payload == sounds[i]);
    ck_assert_uint_eq (packets[i].timestamp - packets[0].timestamp, 960 * i);
    ck_assert_uint_eq (packets[i].payload_type, 111);
  }
  check_sequence (packets);
  check_sequence (viewer.packets (viewer.video_ssrc));
  ck_assert_uint_eq (viewer.received[0].payload_type, 96);
  ck_assert_int_eq (viewer.forged, 0);
  ck_assert_uint_eq (sink.viewers (), 1);
}

START_TEST (content_by_gcm)
{
  content_and_clock ({});
}
END_TEST

START_TEST (content_by_counter_mode)
{
  content_and_clock ({.srtp = "SRTP_AES128_CM_SHA1_80"});
}
END_TEST

START_TEST (late_joiner_gets_the_group_in_progress)
{
  Sink sink;
  Video video (sink);
  video.keyframe ();
  video.frame ();
  std::vector<std::vector<Bytes>> sent{video.keyframe (20'000)};
  for (int i = 0; i < 100; ++i)
    sent.push_back (video.frame ());
  Viewer viewer;
  viewer.join (sink.http_port (), {.audio = false});
  ck_assert (viewer.connect ());
  // Goes on while the viewer catches up.
  for (int i = 0; i < 20; ++i)
    sent.push_back (video.frame ());
  viewer.pump_until ([&] { return count_frames (viewer) == sent.size (); });
  const auto frames = viewer.frames (viewer.video_ssrc, Codec::h264);
  for (std::size_t i = 0; i < frames.size (); ++i)
    check_units (frames[i], sent[i]);
  check_sequence (viewer.packets (viewer.video_ssrc));
}
END_TEST

START_TEST (joiner_while_the_publisher_is_away_has_the_last_picture)
{
  Sink sink;
  Video video (sink);
  std::vector<std::vector<Bytes>> sent{video.keyframe (20'000)};
  for (int i = 0; i < 5; ++i)
    sent.push_back (video.frame ());
  const auto pause = g_get_monotonic_time ();
  Viewer witness, viewer; // one from before, one from during the pause
  witness.join (sink.http_port (), {.audio = false});
  ck_assert (witness.connect ());
  witness.pump_until ([&] { return count_frames (witness) == 6; });
  g_usleep (1'500'000); // of the scene, not of a condition
  viewer.join (sink.http_port (), {.audio = false});
  ck_assert (viewer.connect ());
  viewer.pump_until ([&] { return count_frames (viewer) == 6; });
  const auto shown = g_get_monotonic_time ();
  const auto away = static_cast<GstClockTime> (shown - pause) * GST_USECOND;
  video.time += away;
  sent.push_back (video.keyframe ());
  sent.push_back (video.frame ());
  for (auto *each : {&witness, &viewer}) {
    each->pump_until ([&] { return count_frames (*each) == 8; });
    check_sequence (each->packets (each->video_ssrc));
  }
  const auto step = [] (const Viewer &of) { // from the last picture before to the first after
    const auto frames = of.frames (of.video_ssrc, Codec::h264);
    return frames[6].rtp_timestamp - frames[5].rtp_timestamp;
  };
  const auto whole = static_cast<std::uint32_t> (away / GST_USECOND * 9 / 100);
  ck_assert_uint_ge (step (witness), whole);
  ck_assert_uint_le (step (witness), whole + 3100);
  ck_assert_uint_le (step (viewer), 90'000); // what has passed since it was shown the last one
  const auto frames = viewer.frames (viewer.video_ssrc, Codec::h264);
  for (std::size_t i = 0; i < frames.size (); ++i)
    check_units (frames[i], sent[i]);
}
END_TEST

START_TEST (joiner_without_keyframe_waits_and_asks)
{
  Sink sink;
  Source video (sink, "video_0");
  ck_assert (video.start (avc_caps, avc_codec_data ())); // says enough for an answer
  Viewer viewer;
  viewer.join (sink.http_port (), {.audio = false});
  ck_assert (viewer.connect ());
  wait_for ([&] { return video.keyframe_requests () == 1; });
  const auto late = nal (0x41, 3000, 1), key = nal (0x65, 3000, 2), next = nal (0x41, 3000, 3);
  ck_assert_int_eq (video.push (length_prefixed ({late}), 0, false), GST_FLOW_OK);
  ck_assert_int_eq (video.push (length_prefixed ({key}), GST_SECOND, true), GST_FLOW_OK);
  ck_assert_int_eq (video.push (length_prefixed ({next}), 2 * GST_SECOND, false), GST_FLOW_OK);
  viewer.pump_until ([&] { return count_frames (viewer) == 2; });
  const auto frames = viewer.frames (viewer.video_ssrc, Codec::h264);
  auto first = parameter_sets ();
  first.push_back (key);
  check_units (frames[0], first);
  check_units (frames[1], {next});
}
END_TEST

START_TEST (lost_packets_come_again_byte_for_byte)
{
  Sink sink;
  Video video (sink);
  video.keyframe ();
  Viewer viewer;
  viewer.join (sink.http_port (), {.audio = false});
  ck_assert (viewer.connect ());
  for (int i = 0; i < 10; ++i)
    video.frame (10'000);
  viewer.pump_until ([&] { return count_frames (viewer) == 11; });
  const auto before = viewer.packets (viewer.video_ssrc);
  const auto &first = before[2], &second = before[40];
  viewer.send_nack (viewer.video_ssrc,
      {first.sequence, second.sequence, static_cast<std::uint16_t> (before.back ().sequence + 1),
          static_cast<std::uint16_t> (before.front ().sequence - 1)});
  viewer.pump_until (
      [&] { return viewer.packets (viewer.video_ssrc).size () == before.size () + 2; });
  const auto after = viewer.packets (viewer.video_ssrc);
  ck_assert (after[before.size ()].wire == first.wire);
  ck_assert (after[before.size () + 1].wire == second.wire);
  ck_assert_uint_eq (sink.stat ("retransmitted"), 2);
}
END_TEST

START_TEST (retransmissions_are_bounded)
{
  Sink sink;
  Video video (sink);
  video.keyframe ();
  Viewer viewer;
  viewer.join (sink.http_port (), {.audio = false});
  ck_assert (viewer.connect ());
  viewer.pump_until ([&] { return count_frames (viewer) == 1; });
  const auto sequence = viewer.packets (viewer.video_ssrc).front ().sequence;
  for (int i = 0; i < 2000; ++i)
    viewer.send_nack (viewer.video_ssrc, {sequence});
  const auto before = viewer.check_answers;
  viewer.send (viewer.binding_request ());
  viewer.pump_until ([&] { return viewer.check_answers > before; }); // all NACKs are read by then
  ck_assert_uint_ge (sink.stat ("retransmitted"), 256);
  ck_assert_uint_lt (sink.stat ("retransmitted"), 1500);
}
END_TEST

START_TEST (keyframe_requests_are_coalesced)
{
  Sink sink;
  Video video (sink);
  video.keyframe ();
  Viewer viewers[2];
  for (auto &viewer : viewers) {
    viewer.join (sink.http_port (), {.audio = false});
    ck_assert (viewer.connect ());
    for (int i = 0; i < 20; ++i)
      viewer.send_pli (viewer.video_ssrc);
  }
  wait_for ([&] { return sink.stat ("keyframe-requests") == 40; });
  wait_for ([&] { return video.keyframe_requests () >= 1; });
  // What came within the second is made good by one more.
  wait_for ([&] { return video.keyframe_requests () == 2; });
  video.keyframe ();
}
END_TEST

/** RTP timestamps by SSRC, of the latest instant that both tracks have a report of; empty when
 * there is none yet. A track isn't in the reports before it has sent something. */
std::map<std::uint32_t, std::uint32_t>
both_of_an_instant (const Viewer &viewer)
{
  std::map<std::uint64_t, std::map<std::uint32_t, std::uint32_t>> instants;
  for (const auto &compound : viewer.rtcp) {
    Reader reader (compound);
    ck_assert_uint_eq (reader.u32 () >> 16, 0x80c8);
    const auto ssrc = reader.u32 ();
    const auto ntp = reader.u64 ();
    instants[ntp][ssrc] = reader.u32 ();
  }
  std::erase_if (instants, [] (const auto &instant) { return instant.second.size () < 2; });
  return instants.empty () ? std::map<std::uint32_t, std::uint32_t>{} : instants.rbegin ()->second;
}

START_TEST (reports_keep_tracks_in_step)
{
  Sink sink;
  Video video (sink);
  Audio audio (sink);
  video.keyframe ();
  audio.packet ();
  Viewer viewer;
  viewer.join (sink.http_port ());
  ck_assert (viewer.connect ());
  video.frame ();
  audio.packet ();
  std::map<std::uint32_t, std::uint32_t> reports;
  viewer.pump_until ([&] {
    reports = both_of_an_instant (viewer);
    return !reports.empty ();
  });
  // Both timelines, seen from the frame and the packet of the same running time.
  const auto video_start = viewer.packets (viewer.video_ssrc).front ().timestamp;
  const auto audio_start = viewer.packets (viewer.audio_ssrc).front ().timestamp;
  const auto v = reports.at (viewer.video_ssrc), a = reports.at (viewer.audio_ssrc);
  const auto video_ms = static_cast<std::int32_t> (v - video_start) / 90;
  const auto audio_ms = static_cast<std::int32_t> (a - audio_start) / 48 + 20;
  ck_assert_int_le (std::abs (video_ms - audio_ms), 1);
}
END_TEST

START_TEST (many_viewers_get_the_same)
{
  Sink sink;
  Video video (sink);
  video.keyframe ();
  std::vector<std::unique_ptr<Viewer>> viewers;
  for (int i = 0; i < 30; ++i) {
    viewers.push_back (std::make_unique<Viewer> ());
    viewers.back ()->join (sink.http_port (), {.audio = false});
    ck_assert (viewers.back ()->connect ());
  }
  ck_assert_uint_eq (sink.viewers (), 30); // not later: who says nothing for 10 s is ended
  std::vector<std::vector<Bytes>> sent;
  for (int i = 0; i < 10; ++i)
    sent.push_back (video.frame (8000));
  for (const auto &viewer : viewers) {
    viewer->pump_until ([&] { return count_frames (*viewer) == 11; });
    const auto frames = viewer->frames (viewer->video_ssrc, Codec::h264);
    for (std::size_t i = 0; i < sent.size (); ++i)
      check_units (frames[i + 1], sent[i]);
    ck_assert_int_eq (viewer->forged, 0);
  }
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("whep-play",
      {content_by_gcm, content_by_counter_mode, late_joiner_gets_the_group_in_progress,
          joiner_while_the_publisher_is_away_has_the_last_picture,
          joiner_without_keyframe_waits_and_asks, lost_packets_come_again_byte_for_byte,
          retransmissions_are_bounded, keyframe_requests_are_coalesced, reports_keep_tracks_in_step,
          many_viewers_get_the_same});
}
