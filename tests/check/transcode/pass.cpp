// SPDX-License-Identifier: LGPL-2.1-or-later
// What stagetranscodebin passes through, to whom, and how pads come and go.
#include <atomic>
#include <thread>

#include "tests/check/transcode/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

constexpr const char *h264 = "video/x-h264";

std::string
first_refusal (Transcoder &transcoder)
{
  const auto problems = transcoder.problems ();
  return problems.empty () ? "" : problems.front ();
}

START_TEST (h264_is_not_touched)
{
  const auto track = record_h264 (10);
  Transcoder transcoder;
  Feed feed (transcoder.element (), "video");
  Peer a (h264), b (h264);
  const auto pad = transcoder.request ("video_%u");
  a.link (pad.get ());
  b.link (transcoder.request ("video_%u").get ());
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  ck_assert_uint_eq (a.count (), 10);
  for (std::size_t i = 0; i < 10; ++i) {
    ck_assert_ptr_eq (a.buffers ()[i].get (), track.buffers[i].get ());
    ck_assert_ptr_eq (b.buffers ()[i].get (), track.buffers[i].get ());
  }
  const auto caps = adopt (gst_pad_get_current_caps (a.pad ()));
  ck_assert (gst_caps_is_equal (caps.get (), track.caps.get ()));
  ck_assert_uint_eq (transcoder.children (), 0);
  ck_assert_uint_eq (transcoder.problems ().size (), 0);
  assert_text (problem_of (pad.get ()), "");
}
END_TEST

START_TEST (pads_are_named_in_order)
{
  Transcoder transcoder;
  const auto first = transcoder.request ("video_%u"), audio = transcoder.request ("audio_%u");
  auto second = transcoder.request ("video_%u");
  ck_assert_str_eq (GST_PAD_NAME (first.get ()), "video_0");
  ck_assert_str_eq (GST_PAD_NAME (second.get ()), "video_1");
  ck_assert_str_eq (GST_PAD_NAME (audio.get ()), "audio_0");
  const auto named = transcoder.request ("video_2");
  ck_assert_str_eq (GST_PAD_NAME (transcoder.request ("video_%u").get ()), "video_3");
  transcoder.release (second.get ());
  second = transcoder.request ("video_%u");
  ck_assert_str_eq (GST_PAD_NAME (second.get ()), "video_1");
  const auto sink = transcoder.request ("video");
  ck_assert_str_eq (GST_PAD_NAME (sink.get ()), "video");
  auto *only = gst_element_get_pad_template (transcoder.element (), "video");
  ck_assert (!adopt (gst_element_request_pad (transcoder.element (), only, nullptr, nullptr)));
  ck_assert (!adopt (gst_element_request_pad_simple (transcoder.element (), "text")));
}
END_TEST

START_TEST (nobody_listens)
{
  const auto video = record_h264 (5);
  const auto audio = record_aac (1);
  Transcoder transcoder;
  Feed vfeed (transcoder.element (), "video"), afeed (transcoder.element (), "audio");
  const auto unlinked = transcoder.request ("audio_%u");
  ck_assert_int_eq (vfeed.push (video), GST_FLOW_OK);
  ck_assert_int_eq (afeed.push (audio), GST_FLOW_OK);
  ck_assert (afeed.push (gst_event_new_eos ()));
  ck_assert_uint_eq (transcoder.children (), 0);
  ck_assert_uint_eq (transcoder.problems ().size (), 0);
}
END_TEST

START_TEST (missing_track_blocks_nothing)
{
  const auto audio = record_aac (1);
  Transcoder transcoder;
  Feed feed (transcoder.element (), "audio");
  const auto no_video = transcoder.request ("video");
  Peer video (h264), sound (opus);
  video.link (transcoder.request ("video_%u").get ());
  sound.link (transcoder.request ("audio_%u").get ());
  ck_assert_int_eq (feed.push (audio), GST_FLOW_OK);
  ck_assert_uint_gt (sound.count (), 40);
  ck_assert_uint_eq (video.count (), 0);
  auto *query = gst_query_new_latency ();
  ck_assert (gst_pad_peer_query (video.pad (), query));
  gst_query_unref (query);
}
END_TEST

START_TEST (late_peer_gets_what_it_needs)
{
  const auto track = record_h264 (6);
  Transcoder transcoder;
  Feed feed (transcoder.element (), "video");
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  Peer late (h264);
  const auto pad = transcoder.request ("video_%u");
  late.link (pad.get ());
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  ck_assert_uint_eq (late.count (), 6);
  ck_assert_int_eq (late.saw (GST_EVENT_STREAM_START), 1);
  ck_assert_int_eq (late.saw (GST_EVENT_CAPS), 1);
  ck_assert_int_eq (late.saw (GST_EVENT_SEGMENT), 1);

  late.unlink ();
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  ck_assert_uint_eq (late.count (), 6);
  late.link (pad.get ());
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  ck_assert_uint_eq (late.count (), 12);
}
END_TEST

START_TEST (releasing_the_only_peer_does_not_stop_the_stream)
{
  const auto track = record_h264 (3);
  Transcoder transcoder;
  Feed feed (transcoder.element (), "video");
  Peer peer (h264);
  const auto pad = transcoder.request ("video_%u");
  peer.link (pad.get ());
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  gst_pad_set_active (peer.pad (), FALSE); // as when an application takes a branch down
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  gst_pad_set_active (pad.get (), FALSE);
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  transcoder.release (pad.get ());
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
}
END_TEST

START_TEST (flow_of_several_peers)
{
  const auto track = record_h264 (3);
  Transcoder transcoder;
  Feed feed (transcoder.element (), "video");
  Peer a (h264), b (h264);
  a.link (transcoder.request ("video_%u").get ());
  b.link (transcoder.request ("video_%u").get ());
  a.set_flow (GST_FLOW_EOS);
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  b.set_flow (GST_FLOW_EOS);
  ck_assert_int_eq (feed.push (track), GST_FLOW_EOS);
  b.set_flow (GST_FLOW_ERROR);
  ck_assert_int_eq (feed.push (track), GST_FLOW_ERROR);
}
END_TEST

START_TEST (refused_format_is_a_problem_until_it_is_none)
{
  const auto track = record_h264 (3);
  Transcoder transcoder;
  Feed feed (transcoder.element (), "video");
  Peer good (h264), bad ("video/x-vp8,width=3");
  const auto pad = transcoder.request ("video_%u");
  bad.link (pad.get ());
  good.link (transcoder.request ("video_%u").get ());
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  ck_assert_uint_eq (bad.count (), 0);
  ck_assert_uint_eq (good.count (), 3);
  const std::string text = "the peer does not take video/x-h264 and nothing here converts it";
  assert_text (problem_of (pad.get ()), text);
  auto problems = transcoder.problems ();
  ck_assert_uint_eq (problems.size (), 1); // said once, not per buffer
  assert_text (problems[0], ("video_0: " + text));

  bad.set_caps ("video/x-vp9,width=3");
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  ck_assert_uint_eq (transcoder.problems ().size (), 0); // nothing new
  bad.set_caps (h264);
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  ck_assert_uint_eq (bad.count (), 3);
  assert_text (problem_of (pad.get ()), "");
  problems = transcoder.problems ();
  ck_assert_uint_eq (problems.size (), 1);
  assert_text (problems[0], "video_0: ");
}
END_TEST

START_TEST (problem_ends_with_its_pad_and_with_the_stream)
{
  const auto track = record_h264 (1);
  Transcoder transcoder;
  Feed feed (transcoder.element (), "video");
  Peer a ("video/x-vp8,width=3"), b ("video/x-vp8,width=3");
  const auto first = transcoder.request ("video_%u"), second = transcoder.request ("video_%u");
  a.link (first.get ());
  b.link (second.get ());
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  ck_assert_uint_eq (transcoder.problems ().size (), 2);
  transcoder.release (first.get ());
  assert_text (first_refusal (transcoder), "video_0: ");
  gst_element_set_state (transcoder.element (), GST_STATE_READY);
  assert_text (first_refusal (transcoder), "video_1: ");
}
END_TEST

START_TEST (new_caps_are_passed_on)
{
  const auto track = record_h264 (3);
  auto other = track;
  other.caps = adopt (gst_caps_copy (track.caps.get ()));
  gst_caps_set_simple (other.caps.get (), "width", G_TYPE_INT, 128, nullptr);
  Transcoder transcoder;
  Feed feed (transcoder.element (), "video");
  Peer peer (h264), narrow ("video/x-h264,width=64");
  peer.link (transcoder.request ("video_%u").get ());
  narrow.link (transcoder.request ("video_%u").get ());
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  ck_assert_int_eq (feed.push (other), GST_FLOW_OK);
  ck_assert_uint_eq (peer.count (), 6);
  ck_assert_uint_eq (narrow.count (), 3);
  const auto caps = adopt (gst_pad_get_current_caps (peer.pad ()));
  ck_assert (gst_caps_is_equal (caps.get (), other.caps.get ()));
  ck_assert_uint_eq (transcoder.problems ().size (), 1);
}
END_TEST

START_TEST (end_reaches_everyone)
{
  const auto track = record_h264 (3);
  Transcoder transcoder;
  Feed feed (transcoder.element (), "video");
  Peer taker (h264), refuser ("video/x-vp8,width=3");
  taker.link (transcoder.request ("video_%u").get ());
  refuser.link (transcoder.request ("video_%u").get ());
  feed.push (track);
  ck_assert (feed.push (gst_event_new_eos ()));
  ck_assert_int_eq (taker.saw (GST_EVENT_EOS), 1);
  ck_assert_int_eq (refuser.saw (GST_EVENT_EOS), 1);
  ck_assert_int_eq (refuser.saw (GST_EVENT_STREAM_START), 1);
  // a new stream on the same pads
  feed.start (track.caps.get ());
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  ck_assert_uint_eq (taker.count (), 6);
  refuser.set_caps (h264);
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  ck_assert_uint_eq (refuser.count (), 3);
}
END_TEST

START_TEST (flush_after_the_end_reaches_everyone)
{
  const auto track = record_h264 (3);
  Transcoder transcoder;
  Feed feed (transcoder.element (), "video");
  Peer refuser ("video/x-vp8,width=3");
  refuser.link (transcoder.request ("video_%u").get ());
  feed.push (track);
  feed.push (gst_event_new_eos ());
  feed.push (gst_event_new_flush_start ());
  feed.push (gst_event_new_flush_stop (TRUE));
  ck_assert_int_eq (refuser.saw (GST_EVENT_FLUSH_STOP), 1);
  refuser.set_caps (h264);
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  feed.push (gst_event_new_segment (&segment));
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  ck_assert_uint_eq (refuser.count (), 3);
}
END_TEST

START_TEST (end_without_any_data)
{
  Transcoder transcoder;
  Feed feed (transcoder.element (), "video");
  Peer peer (h264);
  peer.link (transcoder.request ("video_%u").get ());
  feed.push (gst_event_new_stream_start ("x"));
  feed.push (gst_event_new_eos ());
  ck_assert_int_eq (peer.saw (GST_EVENT_EOS), 1);
}
END_TEST

START_TEST (upstream_events)
{
  const auto track = record_h264 (3);
  Transcoder transcoder;
  Feed feed (transcoder.element (), "video");
  Peer peer (h264);
  peer.link (transcoder.request ("video_%u").get ());
  feed.push (track);
  const auto force = [] {
    return gst_event_new_custom (
        GST_EVENT_CUSTOM_UPSTREAM, gst_structure_new_empty ("GstForceKeyUnit"));
  };
  ck_assert (gst_pad_push_event (peer.pad (), force ()));
  ck_assert_int_eq (feed.saw (GST_EVENT_CUSTOM_UPSTREAM), 1);
  const auto before = feed.saw (GST_EVENT_RECONFIGURE); // from linking
  peer.set_caps (h264);
  ck_assert_int_eq (feed.saw (GST_EVENT_RECONFIGURE), before);
}
END_TEST

START_TEST (pads_come_and_go_on_other_threads)
{
  const auto audio = record_aac (1);
  Transcoder transcoder;
  Feed feed (transcoder.element (), "audio");
  Peer constant (opus);
  constant.link (transcoder.request ("audio_%u").get ());
  std::atomic<bool> stop = false;
  const auto visit = [&transcoder, &stop] (const char *caps) {
    for (int i = 0; i < 50; ++i) {
      Peer peer (caps);
      const auto pad = transcoder.request ("audio_%u");
      peer.link (pad.get ());
      while (!stop && peer.count () < 3)
        std::this_thread::yield ();
      if (i % 2)
        peer.unlink ();
      transcoder.release (pad.get ());
    }
  };
  std::atomic<int> busy = 3;
  std::vector<std::thread> threads;
  for (const char *caps : {opus, aac, opus})
    threads.emplace_back ([&visit, &busy, caps] {
      visit (caps);
      --busy;
    });
  while (busy > 0 && !stop)
    stop = feed.push (audio) != GST_FLOW_OK;
  for (auto &thread : threads)
    thread.join ();
  ck_assert (!stop);
  ck_assert_uint_eq (transcoder.errors (), 0);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("transcode-pass",
      {h264_is_not_touched, pads_are_named_in_order, nobody_listens, missing_track_blocks_nothing,
          late_peer_gets_what_it_needs, releasing_the_only_peer_does_not_stop_the_stream,
          flow_of_several_peers, refused_format_is_a_problem_until_it_is_none,
          problem_ends_with_its_pad_and_with_the_stream, new_caps_are_passed_on,
          end_reaches_everyone, flush_after_the_end_reaches_everyone, end_without_any_data,
          upstream_events, pads_come_and_go_on_other_threads});
}
