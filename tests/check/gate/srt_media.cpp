// SPDX-License-Identifier: LGPL-2.1-or-later
// What a publisher by SRT sends, and what is handed over of it.
#include "tests/check/gate/srt_caller.hpp"

#include "libs/keys/public.hpp"
#include "tests/check/gate/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using gate::End;
using gate::Frame;
using gate::Item;
using gate::Track;
using gate::TrackCaps;

namespace {

/** A gate with an SRT door at which everybody is welcome. */
struct OpenHouse
{
  TestGate gate;
  gate::Gate::Token welcome = gate->admit ("*", std::make_shared<keys::Public> ());
  std::uint16_t port = open_srt_door (*gate.pointer ());

  SrtCaller call (const std::string &name) { return {port, {"publish:live/" + name}}; }
};

/** All that a publication gave. */
struct Taken
{
  std::vector<TrackCaps> caps;
  std::vector<Frame> video, audio;
  std::string why;
};

Taken
take_all (gate::Publication &publication)
{
  Taken out;
  gate::Interrupt never;
  while (auto item = publication.pop (never))
    if (auto *caps = std::get_if<TrackCaps> (&*item))
      out.caps.push_back (*caps);
    else if (auto *frame = std::get_if<Frame> (&*item))
      (frame->track == Track::video ? out.video : out.audio).push_back (std::move (*frame));
    else if (auto *end = std::get_if<End> (&*item))
      out.why = end->why;
  return out;
}

void
assert_caps (const TrackCaps &caps, Track track, const char *wanted)
{
  ck_assert (caps.track == track);
  const auto expected = adopt (gst_caps_from_string (wanted));
  const String text (gst_caps_to_string (caps.caps.get ()));
  ck_assert_msg (gst_caps_is_subset (caps.caps.get (), expected.get ()), "%s", text.get ());
}

/** The stream has @p count frames of video, then the publisher hangs up. */
Taken
publish (OpenHouse &house, const Bytes &stream, const char *name = "show")
{
  auto caller = house.call (name);
  ck_assert_int_eq (caller.reject_reason (), 0);
  auto publication = house.gate.claim (std::string ("live/") + name);
  ck_assert (caller.send (stream));
  const auto sent = stream.size ();
  ck_assert (eventually ([&] { // all of it has to be there before the line is cut
    const Structure stats (publication->stats ());
    guint64 packets = 0;
    return gst_structure_get_uint64 (stats.get (), "packets", &packets)
           && packets >= (sent + 1315) / 1316;
  }));
  g_usleep (100'000); // the latency of what came last
  caller.close ();
  return take_all (*publication);
}

} // namespace

START_TEST (h264_and_aac_come_as_by_rtmp)
{
  OpenHouse house;
  const auto taken = publish (house, transport_stream ("h264-aac.mpegts"));
  ck_assert_uint_eq (taken.caps.size (), 2);
  const bool video_first = taken.caps[0].track == Track::video;
  assert_caps (taken.caps[video_first ? 0 : 1], Track::video,
      "video/x-h264, stream-format=avc, alignment=au, width=64, height=48, framerate=10/1");
  assert_caps (taken.caps[video_first ? 1 : 0], Track::audio,
      "audio/mpeg, mpegversion=4, stream-format=raw, rate=48000, channels=1");
  ck_assert_uint_eq (taken.video.size (), 10);
  ck_assert_uint_eq (taken.audio.size (), 48);
  const auto start = GST_BUFFER_PTS (taken.video[0].buffer.get ());
  for (std::size_t i = 0; i < taken.video.size (); ++i) {
    ck_assert_uint_eq (
        GST_BUFFER_PTS (taken.video[i].buffer.get ()), start + i * 100 * GST_MSECOND);
    ck_assert (is_key (taken.video[i]) == (i % 5 == 0));
  }
  for (std::size_t i = 1; i < taken.audio.size (); ++i) { // 1024 samples of 48 kHz
    const auto step = GST_BUFFER_PTS (taken.audio[i].buffer.get ())
                      - GST_BUFFER_PTS (taken.audio[i - 1].buffer.get ());
    ck_assert_uint_ge (step, 21'333'333);
    ck_assert_uint_le (step, 21'333'334);
  }
  ck_assert (gst_buffer_is_writable (taken.video[0].buffer.get ()));
}
END_TEST

START_TEST (hevc_and_opus)
{
  OpenHouse house;
  const auto hevc = publish (house, transport_stream ("h265.mpegts"), "hevc");
  assert_caps (hevc.caps.at (0), Track::video,
      "video/x-h265, stream-format=hvc1, alignment=au, width=64, height=48, profile=main");
  ck_assert_uint_eq (hevc.video.size (), 5);
  for (const auto &frame : hevc.video)
    ck_assert (GST_BUFFER_DTS (frame.buffer.get ()) <= GST_BUFFER_PTS (frame.buffer.get ()));
  const auto opus = publish (house, transport_stream ("opus.mpegts"), "opus");
  assert_caps (opus.caps.at (0), Track::audio, "audio/x-opus, channels=2, rate=48000");
  ck_assert_uint_eq (opus.audio.size (), 16);
}
END_TEST

START_TEST (what_cant_be_carried_ends_with_a_reason)
{
  OpenHouse house;
  auto codec = house.call ("codec");
  const auto first = house.gate.claim ("live/codec");
  ck_assert (codec.send (transport_stream ("mpeg2.mpegts")));
  const auto why = take_all (*first).why;
  ck_assert_msg (why.find ("0x02") != std::string::npos, "%s", why.c_str ());
  ck_assert (codec.closed_by_peer ());
  auto garbage = house.call ("garbage");
  const auto second = house.gate.claim ("live/garbage");
  const Bytes junk (1316 * 20, 0xaa);
  while (garbage.send (junk))
    g_usleep (1000);
  assert_text (take_all (*second).why, "this is no MPEG transport stream");
  ck_assert (eventually ([&] { return house.gate->counters ().protocol_errors == 2; }));
  ck_assert_uint_eq (publish (house, transport_stream ("h264-aac.mpegts")).video.size (), 10);
}
END_TEST

START_TEST (damage_is_dropped_and_counted)
{
  OpenHouse house;
  auto stream = transport_stream ("h264-aac.mpegts");
  for (std::size_t at = 30 * 188; at < 40 * 188; at += 188)
    stream[at + 1] |= 0x80; // transport error
  auto caller = house.call ("show");
  const auto publication = house.gate.claim ("live/show");
  ck_assert (caller.send (stream));
  ck_assert (eventually ([&] {
    const Structure stats (publication->stats ());
    guint64 frames = 0, broken = 0;
    gst_structure_get_uint64 (stats.get (), "video-frames", &frames);
    gst_structure_get_uint64 (stats.get (), "broken-frames", &broken);
    return frames >= 6 && broken > 0;
  }));
}
END_TEST

START_TEST (the_network_is_in_the_statistics)
{
  OpenHouse house;
  auto caller = house.call ("show");
  const auto publication = house.gate.claim ("live/show");
  ck_assert (caller.send (transport_stream ("h264-aac.mpegts")));
  ck_assert (eventually ([&] {
    const Structure stats (publication->stats ());
    guint64 packets = 0;
    return gst_structure_get_uint64 (stats.get (), "packets", &packets) && packets >= 13;
  }));
  const Structure stats (publication->stats ());
  double rtt = -1;
  int latency = -1, buffer = -1;
  guint64 lost = 1, retransmitted = 1;
  ck_assert (gst_structure_get (stats.get (), "rtt-ms", G_TYPE_DOUBLE, &rtt, "latency-ms",
      G_TYPE_INT, &latency, "buffer-ms", G_TYPE_INT, &buffer, "lost-packets", G_TYPE_UINT64, &lost,
      "retransmitted-packets", G_TYPE_UINT64, &retransmitted, nullptr));
  ck_assert (rtt >= 0 && buffer >= 0);
  ck_assert_int_ge (latency, 20);
  ck_assert_uint_eq (lost, 0);
}
END_TEST

START_TEST (fifty_on_one_port_at_once)
{
  constexpr unsigned count = 50;
  OpenHouse house;
  const auto stream = transport_stream ("h264-aac.mpegts");
  std::vector<SrtCaller> callers;
  for (unsigned i = 0; i < count; ++i)
    callers.push_back (house.call ("s" + std::to_string (i)));
  for (auto &caller : callers) {
    ck_assert_int_eq (caller.reject_reason (), 0);
    ck_assert (caller.send (stream));
  }
  for (unsigned i = 0; i < count; ++i) {
    const auto publication = house.gate.claim ("live/s" + std::to_string (i));
    unsigned frames = 0;
    ck_assert (pop_until (*publication, [&] (const Item &item) {
      frames += std::holds_alternative<Frame> (item);
      return frames == 50;
    }));
  }
  ck_assert_uint_eq (house.gate->counters ().open, count);
  callers.clear ();
  ck_assert (eventually ([&] { return house.gate->counters ().open == 0; }));
}
END_TEST

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run (
      "srt media", {h264_and_aac_come_as_by_rtmp, hevc_and_opus,
                       what_cant_be_carried_ends_with_a_reason, damage_is_dropped_and_counted,
                       the_network_is_in_the_statistics, fifty_on_one_port_at_once});
}
