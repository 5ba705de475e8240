// SPDX-License-Identifier: LGPL-2.1-or-later
// What stagetranscodebin makes of audio that cannot be decoded.
#include <thread>

#include "tests/check/transcode/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

Ref<GstBuffer>
garbage (const Ref<GstBuffer> &like, GRand *random)
{
  auto copy = adopt (gst_buffer_copy_deep (like.get ()));
  GstMapInfo map;
  ck_assert (gst_buffer_map (copy.get (), &map, GST_MAP_WRITE));
  for (gsize i = 0; i < map.size; ++i)
    map.data[i] = static_cast<guint8> (g_rand_int (random));
  gst_buffer_unmap (copy.get (), &map);
  return copy;
}

START_TEST (garbage_between_good_frames)
{
  const auto track = record_aac (2);
  Converting c;
  c.feed.start (track.caps.get ());
  const Owned<GRand, g_rand_free> random (g_rand_new_with_seed (1));
  for (std::size_t i = 0; i < track.buffers.size (); ++i) {
    if (i % 7 == 3)
      ck_assert_int_eq (c.feed.push (garbage (track.buffers[i], random.get ())), GST_FLOW_OK);
    ck_assert_int_eq (c.feed.push (track.buffers[i]), GST_FLOW_OK);
  }
  ck_assert_uint_eq (c.transcoder.errors (), 0);
  ck_assert_uint_gt (c.peer.count (), 60);
}
END_TEST

START_TEST (only_garbage_is_a_problem_until_it_ends)
{
  const auto track = record_aac (6);
  Converting c;
  Peer passing (aac);
  passing.link (c.transcoder.request ("audio_%u").get ());
  c.feed.start (track.caps.get ());
  auto empty = adopt (gst_buffer_new_allocate (nullptr, 3, nullptr));
  gst_buffer_memset (empty.get (), 0, 0xff, 3);
  for (const auto &buffer : track.buffers) {
    auto copy = adopt (gst_buffer_copy (empty.get ()));
    GST_BUFFER_PTS (copy.get ()) = GST_BUFFER_PTS (buffer.get ());
    ck_assert_int_eq (c.feed.push (copy), GST_FLOW_OK);
  }
  ck_assert_uint_eq (passing.count (), track.buffers.size ()); // not ours to judge
  ck_assert_uint_eq (c.transcoder.errors (), 0);
  const auto problems = c.transcoder.problems ();
  ck_assert_uint_eq (problems.size (), 1);
  assert_text (problems[0], "audio_0: the audio cannot be decoded");
  c.peer.clear ();
  for (std::size_t i = 0; c.peer.count () < 10; i = (i + 1) % track.buffers.size ()) {
    ck_assert_int_eq (c.feed.push (track.buffers[i]), GST_FLOW_OK);
    std::this_thread::yield (); // tried again a second later
  }
  assert_text (c.transcoder.problems ().at (0), "audio_0: ");
  assert_text (problem_of (c.pad.get ()), "");
}
END_TEST

START_TEST (bad_codec_data)
{
  const auto track = record_aac (1);
  for (const char *data : {"00", "ffffffffffffffff", ""}) {
    auto caps = adopt (gst_caps_copy (track.caps.get ()));
    const auto fields = std::string ("x, codec_data=(buffer)") + data;
    const Structure parsed (*data ? gst_structure_from_string (fields.c_str (), nullptr) : nullptr);
    if (parsed)
      gst_caps_set_value (
          caps.get (), "codec_data", gst_structure_get_value (parsed.get (), "codec_data"));
    else
      gst_structure_remove_field (gst_caps_get_structure (caps.get (), 0), "codec_data");
    Converting c;
    c.feed.start (caps.get ());
    for (const auto &buffer : track.buffers)
      ck_assert_int_eq (c.feed.push (buffer), GST_FLOW_OK);
    ck_assert_uint_eq (c.transcoder.errors (), 0);
  }
}
END_TEST

START_TEST (no_decoder)
{
  const auto track = record_aac (1);
  auto strange = track;
  strange.caps = adopt (gst_caps_from_string ("audio/mpeg,mpegversion=7"));
  Converting c;
  ck_assert_int_eq (c.feed.push (strange), GST_FLOW_OK);
  const auto problems = c.transcoder.problems ();
  ck_assert_uint_eq (problems.size (), 1);
  assert_text (problems[0], "audio_0: no decoder for this audio format is installed");
  c.feed.push (gst_event_new_eos ());
  ck_assert_int_eq (c.peer.saw (GST_EVENT_EOS), 1);
  c.feed.push (gst_event_new_stream_start ("another"));
  ck_assert_uint_eq (c.transcoder.children (), 0);
  ck_assert_int_eq (c.feed.push (track), GST_FLOW_OK); // the publisher thinks better of it
  assert_text (c.transcoder.problems ().at (0), "audio_0: ");
  ck_assert_uint_gt (c.peer.count (), 40);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run (
      "transcode-bad-input", {garbage_between_good_frames, only_garbage_is_a_problem_until_it_ends,
                                 bad_codec_data, no_decoder});
}
