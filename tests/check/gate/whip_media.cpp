// SPDX-License-Identifier: LGPL-2.1-or-later
// What a publisher by WHIP sends, and what is handed over of it: codecs, loss, sync.
#include <algorithm>

#include "tests/check/gate/whip_studio.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using gate::Track;
using webrtc::Codec;

namespace {

struct Format
{
  Codec codec;
  const char *encoder, *caps;
};

constexpr Format formats[] = {
    {Codec::h264, "x264enc tune=zerolatency key-int-max=15 ! rtph264pay config-interval=-1",
        "video/x-h264, stream-format=avc, alignment=au, width=320, height=240"},
    {Codec::vp8, "vp8enc deadline=1 keyframe-max-dist=15 ! rtpvp8pay",
        "video/x-vp8, width=320, height=240"},
    {Codec::vp9, "vp9enc deadline=1 cpu-used=8 keyframe-max-dist=15 ! rtpvp9pay",
        "video/x-vp9, alignment=super-frame, profile=(string)0, width=320, height=240"},
};
constexpr int format_count = 3;

std::uint16_t
sequence_of (const Bytes &packet)
{
  return static_cast<std::uint16_t> (packet[2] << 8 | packet[3]);
}

bool
has_marker (const Bytes &packet)
{
  return packet[1] & 0x80;
}

void
assert_caps (const std::vector<gate::TrackCaps> &all, Track track, const char *wanted)
{
  const auto caps =
      std::ranges::find_if (all, [&] (const gate::TrackCaps &c) { return c.track == track; });
  ck_assert (caps != all.end ());
  const auto expected = adopt (gst_caps_from_string (wanted));
  const String text (gst_caps_to_string (caps->caps.get ()));
  ck_assert_msg (gst_caps_is_subset (caps->caps.get (), expected.get ()), "%s", text.get ());
}

GstClockTime
pts_of (const gate::Frame &frame)
{
  return GST_BUFFER_PTS (frame.buffer.get ());
}

/** Sends as a camera does: a picture every 33 ms. @p send may lose packets. */
void
stream (const std::vector<Bytes> &packets, const std::function<void (const Bytes &)> &send)
{
  for (const auto &packet : packets) {
    send (packet);
    if (has_marker (packet))
      g_usleep (33'333); // not waiting for anything: it is what a camera does
  }
}

std::uint64_t
stat (const Studio &studio, const char *name)
{
  const auto stats = const_cast<Studio &> (studio).input ().stats ();
  return name == std::string_view ("lost")            ? stats.lost
         : name == std::string_view ("retransmitted") ? stats.retransmitted
                                                      : stats.received;
}

/** The NACK of @p sequence was sent. */
bool
asked_for (const Studio &studio, std::uint16_t sequence)
{
  for (const auto &compound : studio.rtcp ())
    for (std::size_t at = 0; at + 16 <= compound.size ();
         at += 4 + std::size_t (4) * (compound[at + 2] << 8 | compound[at + 3]))
      if (compound[at] == 0x81 && compound[at + 1] == 205
          && (compound[at + 12] << 8 | compound[at + 13]) == sequence)
        return true;
  return false;
}

} // namespace

START_TEST (pictures_come_as_by_other_doors)
{
  const auto &format = formats[_i];
  Studio studio (plan_of (format.codec));
  for (const auto &packet : video_packets (format.encoder, 30))
    studio.push (packet);
  const auto frames = studio.wait_for (Track::video, 30);
  assert_caps (studio.caps (), Track::video, format.caps);
  ck_assert_uint_eq (frames.size (), 30);
  ck_assert_uint_le (pts_of (frames[0]), GST_SECOND);
  for (std::size_t i = 0; i < frames.size (); ++i) {
    const auto expected = pts_of (frames[0]) + i * GST_SECOND / 30;
    ck_assert_uint_le (pts_of (frames[i]), expected + GST_MSECOND);
    ck_assert_uint_ge (pts_of (frames[i]) + GST_MSECOND, expected);
    ck_assert (is_key (frames[i]) == (i % 15 == 0));
    ck_assert (GST_BUFFER_DTS_IS_VALID (frames[i].buffer.get ()) == (format.codec == Codec::h264));
    ck_assert (bool (GST_BUFFER_FLAG_IS_SET (frames[i].buffer.get (), GST_BUFFER_FLAG_DISCONT))
               == (i == 0));
  }
  assert_text (studio.failure (), "");
}
END_TEST

START_TEST (sound_is_opus)
{
  Studio studio (plan_of (Codec::vp8));
  for (const auto &packet : audio_packets (50))
    studio.push (packet);
  const auto frames = studio.wait_for (Track::audio, 50);
  assert_caps (studio.caps (), Track::audio, "audio/x-opus, rate=48000, channels=2");
  for (std::size_t i = 2; i < frames.size (); ++i) // the encoder's first packet is shorter
    ck_assert_uint_eq (pts_of (frames[i]), pts_of (frames[i - 1]) + 20 * GST_MSECOND);
}
END_TEST

START_TEST (what_is_lost_is_asked_for_and_comes_again)
{
  Studio studio (plan_of (Codec::h264, false));
  const auto packets = video_packets (formats[0].encoder, 60);
  std::vector<Bytes> lost;
  std::uint16_t rtx_sequence = 7;
  int sent = 0;
  stream (packets, [&] (const Bytes &packet) {
    if (++sent % 25 == 0 && sent < static_cast<int> (packets.size ()) - 10)
      return lost.push_back (packet);
    studio.push (packet);
    std::erase_if (lost, [&] (const Bytes &wanted) {
      if (!asked_for (studio, sequence_of (wanted)))
        return false;
      studio.push (as_retransmission (wanted, rtx_sequence++));
      return true;
    });
  });
  ck_assert_uint_eq (lost.size (), 0);
  const auto frames = studio.wait_for (Track::video, 60);
  ck_assert_uint_eq (frames.size (), 60);
  for (std::size_t i = 1; i < frames.size (); ++i)
    ck_assert (!GST_BUFFER_FLAG_IS_SET (frames[i].buffer.get (), GST_BUFFER_FLAG_DISCONT));
  ck_assert_uint_gt (stat (studio, "retransmitted"), 0);
  ck_assert_int_eq (studio.key_frames_needed (), 0);
}
END_TEST

START_TEST (what_stays_lost_costs_pictures_up_to_the_next_key)
{
  Studio studio (plan_of (Codec::h264, false), std::chrono::milliseconds (50));
  const auto packets = video_packets (formats[0].encoder, 45);
  int picture = 0;
  bool lost = false;
  stream (packets, [&] (const Bytes &packet) {
    if (picture != 20 || std::exchange (lost, true))
      studio.push (packet);
    picture += has_marker (packet);
  });
  const auto frames = studio.wait_for (Track::video, 35);
  ck_assert_uint_eq (frames.size (), 35); // 0 to 19, 30 to 44
  ck_assert (is_key (frames[20]));
  ck_assert (GST_BUFFER_FLAG_IS_SET (frames[20].buffer.get (), GST_BUFFER_FLAG_DISCONT));
  ck_assert_int_gt (studio.key_frames_needed (), 0);
  ck_assert_uint_ge (stat (studio, "lost"), 1);
}
END_TEST

START_TEST (key_frames_are_asked_for)
{
  Studio studio (plan_of (Codec::vp8, false));
  for (const auto &packet : video_packets (formats[1].encoder, 5))
    studio.push (packet);
  studio.wait_for (Track::video, 5);
  studio.input ().request_key_frame ();
  ck_assert (eventually ([&] { return studio.sent (206, 1); }));
}
END_TEST

START_TEST (transport_wide_feedback_is_given)
{
  Studio studio (plan_of (Codec::vp8, false));
  std::uint16_t number = 0;
  for (const auto &packet : video_packets (formats[1].encoder, 30)) {
    Bytes numbered (packet.begin (), packet.begin () + 12);
    numbered[0] |= 0x10;
    const std::uint8_t extension[] = {0xbe, 0xde, 0, 1, 0x31,
        static_cast<std::uint8_t> (number >> 8), static_cast<std::uint8_t> (number), 0};
    ++number;
    numbered.insert (numbered.end (), std::begin (extension), std::end (extension));
    numbered.insert (numbered.end (), packet.begin () + 12, packet.end ());
    studio.push (numbered);
  }
  ck_assert_uint_eq (studio.wait_for (Track::video, 30).size (), 30);
  ck_assert (eventually ([&] { return studio.sent (205, 15); }));
}
END_TEST

START_TEST (reports_bring_the_tracks_in_sync)
{
  Studio studio (plan_of (Codec::vp8));
  const auto video = video_packets (formats[1].encoder, 60);
  const auto audio = audio_packets (100);
  const auto timestamp = [] (const Bytes &packet) {
    return Reader (ByteView (packet).subspan (4)).u32 ();
  };
  // Captured together; the pictures are sent 120 ms later.
  std::size_t heard = 0;
  std::int64_t elapsed = 0;
  const auto epoch = std::uint64_t (3'900'000'000) << 32;
  stream (video, [&] (const Bytes &packet) {
    for (; heard < audio.size () && static_cast<std::int64_t> (heard) * 20 <= elapsed / 1000 + 120;
         ++heard)
      studio.push (audio[heard]);
    studio.push (packet);
    if (elapsed == 0) {
      studio.push (sender_report (audio_ssrc, epoch, timestamp (audio[0])));
      studio.push (sender_report (video_ssrc, epoch, timestamp (video[0])));
    }
    elapsed += has_marker (packet) ? 33'333 : 0;
  });
  const auto pictures = studio.wait_for (Track::video, 60);
  const auto sounds = studio.wait_for (Track::audio, 100);
  const auto captured = [] (const std::vector<gate::Frame> &frames, std::size_t i) {
    return static_cast<std::int64_t> (pts_of (frames[i]));
  };
  const auto skew = captured (pictures, 59) - captured (sounds, 0) - 59 * GST_SECOND / 30;
  ck_assert_msg (std::abs (static_cast<std::int64_t> (skew)) < 10 * GST_MSECOND,
      "%" G_GINT64_FORMAT, static_cast<gint64> (skew));
  for (std::size_t i = 1; i < pictures.size (); ++i)
    ck_assert_int_lt (captured (pictures, i) - captured (pictures, i - 1), 50 * GST_MSECOND);
}
END_TEST

START_TEST (a_source_that_is_replaced_goes_on)
{
  Studio studio (plan_of (Codec::vp8, false));
  auto packets = video_packets (formats[1].encoder, 30);
  for (const auto &packet : packets)
    studio.push (packet);
  studio.wait_for (Track::video, 30);
  for (auto &packet : packets)
    packet[8] = 0x77;
  // Too early: the old one was heard just now.
  for (const auto &packet : packets)
    studio.push (packet);
  ck_assert (eventually ([&] {
    studio.push (packets[0]);
    return stat (studio, "received") > packets.size ();
  }));
  for (std::size_t i = 1; i < packets.size (); ++i)
    studio.push (packets[i]);
  const auto frames = studio.wait_for (Track::video, 60);
  ck_assert (is_key (frames[30]));
  ck_assert_uint_ge (pts_of (frames[30]), pts_of (frames[29]));
}
END_TEST

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  auto *suite = suite_create ("whip-media");
  auto *tcase = tcase_create ("whip-media");
  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, pictures_come_as_by_other_doors, 0, format_count);
  for (const auto *test : {sound_is_opus, what_is_lost_is_asked_for_and_comes_again,
           what_stays_lost_costs_pictures_up_to_the_next_key, key_frames_are_asked_for,
           transport_wide_feedback_is_given, reports_bring_the_tracks_in_sync,
           a_source_that_is_replaced_goes_on})
    tcase_add_test (tcase, test);
  auto *runner = srunner_create (suite);
  srunner_run_all (runner, CK_NORMAL);
  const int failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
