// SPDX-License-Identifier: LGPL-2.1-or-later
// What stagetranscodebin converts, and for whom.
#include "tests/check/transcode/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

/** Decoder, converter, filter, clock, resampler, converter, filter, encoder. */
constexpr std::size_t chain_length = 8;

START_TEST (aac_becomes_opus)
{
  const auto track = record_aac (2);
  Converting c;
  ck_assert_int_eq (c.feed.push (track), GST_FLOW_OK);
  c.feed.push (gst_event_new_eos ());
  c.expect_opus (track.duration ());
  ck_assert_int_eq (c.peer.saw (GST_EVENT_EOS), 1);
  ck_assert_int_eq (c.peer.saw (GST_EVENT_STREAM_START), 1);
  ck_assert_int_eq (c.peer.saw (GST_EVENT_SEGMENT), 1);
  ck_assert_int_eq (c.peer.saw (GST_EVENT_CAPS), 1);
}
END_TEST

START_TEST (both_from_one_decode)
{
  const auto track = record_aac (1);
  Converting c;
  Peer second (opus), same (aac);
  second.link (c.transcoder.request ("audio_%u").get ());
  same.link (c.transcoder.request ("audio_%u").get ());
  ck_assert_int_eq (c.feed.push (track), GST_FLOW_OK);
  c.expect_opus (track.duration ());
  ck_assert_uint_eq (c.transcoder.children (), chain_length);
  const auto a = c.peer.buffers (), b = second.buffers (), passed = same.buffers ();
  ck_assert (a.size () > 40 && a.size () == b.size ());
  for (std::size_t i = 0; i < a.size (); ++i)
    ck_assert_ptr_eq (a[i].get (), b[i].get ());
  ck_assert_uint_eq (passed.size (), track.buffers.size ());
  for (std::size_t i = 0; i < passed.size (); ++i)
    ck_assert_ptr_eq (passed[i].get (), track.buffers[i].get ());
}
END_TEST

START_TEST (peer_that_takes_both_gets_the_original)
{
  const auto track = record_aac (1);
  Transcoder transcoder;
  Feed feed (transcoder.element (), "audio");
  Peer peer ("audio/x-opus; audio/mpeg,mpegversion=4");
  peer.link (transcoder.request ("audio_%u").get ());
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  assert_text (peer.media_type (), "audio/mpeg");
  ck_assert_uint_eq (transcoder.children (), 0);
}
END_TEST

START_TEST (peer_changes_its_mind)
{
  const auto track = record_aac (1);
  Converting c;
  const char *wishes[] = {opus, aac, opus, "video/x-vp8", opus, aac};
  for (const char *wish : wishes) {
    c.peer.set_caps (wish);
    c.peer.clear ();
    ck_assert_int_eq (c.feed.push (track), GST_FLOW_OK);
    if (g_str_has_prefix (wish, "video")) {
      ck_assert_uint_eq (c.peer.count (), 0);
      ck_assert_uint_eq (c.transcoder.problems ().size (), 1);
      continue;
    }
    c.transcoder.problems ();
    assert_text (problem_of (c.pad.get ()), "");
    ck_assert_uint_gt (c.peer.count (), 40);
    assert_text (c.peer.media_type (), wish == aac ? "audio/mpeg" : opus);
    ck_assert_uint_eq (c.transcoder.children (), wish == aac ? 0 : chain_length);
  }
}
END_TEST

START_TEST (encoder_runs_only_while_wanted)
{
  const auto track = record_aac (1);
  Converting c;
  c.feed.push (track);
  ck_assert_uint_eq (c.transcoder.children (), chain_length);
  c.peer.unlink ();
  c.feed.push (track);
  ck_assert_uint_eq (c.transcoder.children (), 0);
  c.peer.link (c.pad.get ());
  c.peer.clear ();
  c.feed.push (track);
  ck_assert_uint_gt (c.peer.count (), 40);
  c.transcoder.release (c.pad.get ());
  c.feed.push (track);
  ck_assert_uint_eq (c.transcoder.children (), 0);
}
END_TEST

START_TEST (other_inputs)
{
  const std::string tone = "audiotestsrc num-buffers=50 samplesperbuffer=1024 ! audio/x-raw,rate=";
  for (const std::string &launch : {tone + "44100,channels=2 ! lamemp3enc ! mpegaudioparse",
           tone + "48000,channels=1 ! audioconvert ! avenc_mp2 ! mpegaudioparse",
           tone + "48000,channels=2 ! audioconvert ! avenc_ac3 ! ac3parse",
           tone + "44100,channels=2 ! flacenc ! flacparse", tone + "48000,channels=1 ! opusenc",
           tone + "44100,channels=1 ! audioconvert ! avenc_aac",
           tone + "48000,channels=6,channel-mask=(bitmask)0x3f ! audioconvert ! avenc_aac",
           tone + "48000,channels=2 ! audioconvert ! voaacenc ! audio/mpeg,stream-format=adts",
           tone + "22050,channels=2",
           tone + "8000,channels=1 ! audioconvert ! audio/x-raw,format=F64LE"}) {
    const auto track = record (launch);
    Converting c;
    c.peer.set_caps ("audio/x-opus,channels=2,rate=48000");
    ck_assert_int_eq (c.feed.push (track), GST_FLOW_OK);
    c.feed.push (gst_event_new_eos ());
    c.expect_opus (track.duration (), 120 * GST_MSECOND); // flacparse calls the last frame whole
  }
}
END_TEST

START_TEST (new_caps_rebuild_the_conversion)
{
  const auto first = record_aac (1, 44100, 1);
  auto second = record_aac (1, 48000, 2);
  for (auto &buffer : second.buffers)
    GST_BUFFER_PTS (buffer.get ()) += first.duration ();
  Converting c;
  ck_assert_int_eq (c.feed.push (first), GST_FLOW_OK);
  c.feed.push (gst_event_new_caps (second.caps.get ()));
  ck_assert_int_eq (c.feed.push (second), GST_FLOW_OK);
  c.feed.push (gst_event_new_eos ());
  c.expect_opus (first.duration () + second.duration ());
  ck_assert_int_eq (c.peer.saw (GST_EVENT_EOS), 1); // none between
  GstClockTime last = 0;
  for (const auto &buffer : c.peer.buffers ()) {
    ck_assert_uint_ge (GST_BUFFER_PTS (buffer.get ()) + 60 * GST_MSECOND, last);
    last = GST_BUFFER_PTS (buffer.get ());
  }
}
END_TEST

START_TEST (same_caps_again_change_nothing)
{
  const auto track = record_aac (1);
  Converting c;
  c.feed.push (track);
  const auto child = share (GST_ELEMENT (GST_BIN_CHILDREN (c.transcoder.element ())->data));
  const auto same = adopt (gst_caps_copy (track.caps.get ()));
  c.feed.push (gst_event_new_caps (same.get ()));
  c.feed.push (track);
  ck_assert_ptr_eq (GST_BIN_CHILDREN (c.transcoder.element ())->data, child.get ());
}
END_TEST

START_TEST (flush)
{
  const auto track = record_aac (1);
  Converting c;
  Peer passing (aac);
  passing.link (c.transcoder.request ("audio_%u").get ());
  c.feed.push (track);
  c.feed.push (gst_event_new_flush_start ());
  ck_assert_int_eq (c.feed.push (track.buffers[0]), GST_FLOW_FLUSHING);
  c.feed.push (gst_event_new_flush_stop (TRUE));
  for (const auto *peer : {&c.peer, &passing}) {
    ck_assert_int_eq (peer->saw (GST_EVENT_FLUSH_START), 1);
    ck_assert_int_eq (peer->saw (GST_EVENT_FLUSH_STOP), 1);
  }
  c.peer.clear ();
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  c.feed.push (gst_event_new_segment (&segment));
  ck_assert_int_eq (c.feed.push (track), GST_FLOW_OK);
  ck_assert_uint_gt (c.peer.count (), 40);
  ck_assert_uint_eq (c.transcoder.problems ().size (), 0);
}
END_TEST

GstClockTime
latency_at (GstPad *peer)
{
  auto *query = gst_query_new_latency ();
  gboolean live = FALSE;
  GstClockTime least = 0;
  ck_assert (gst_pad_peer_query (peer, query));
  gst_query_parse_latency (query, &live, &least, nullptr);
  gst_query_unref (query);
  ck_assert (live);
  return least;
}

START_TEST (latency)
{
  const auto track = record_aac (1);
  Converting c;
  Peer passing (aac);
  passing.link (c.transcoder.request ("audio_%u").get ());
  ck_assert_uint_eq (latency_at (c.peer.pad ()), 5 * GST_MSECOND);
  c.feed.push (track);
  ck_assert_uint_eq (latency_at (passing.pad ()), 5 * GST_MSECOND);
  ck_assert_uint_ge (latency_at (c.peer.pad ()), 25 * GST_MSECOND); // a frame more
  ck_assert_uint_le (latency_at (c.peer.pad ()), 60 * GST_MSECOND);
}
END_TEST

START_TEST (upstream_is_asked_for_what_needs_no_work)
{
  Transcoder transcoder;
  Feed feed (transcoder.element (), "audio");
  Peer peer ("audio/x-ac3");
  peer.link (transcoder.request ("audio_%u").get ());
  const auto caps = adopt (gst_pad_query_caps (feed.sink (), nullptr));
  ck_assert_str_eq (
      gst_structure_get_name (gst_caps_get_structure (caps.get (), 0)), "audio/x-ac3");
  const auto any_aac = adopt (gst_caps_from_string (aac));
  ck_assert (gst_caps_can_intersect (caps.get (), any_aac.get ()));
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("transcode-convert",
      {aac_becomes_opus, both_from_one_decode, peer_that_takes_both_gets_the_original,
          peer_changes_its_mind, encoder_runs_only_while_wanted, other_inputs,
          new_caps_rebuild_the_conversion, same_caps_again_change_nothing, flush, latency,
          upstream_is_asked_for_what_needs_no_work});
}
