// SPDX-License-Identifier: LGPL-2.1-or-later
// Encoders that put out nothing for a while, though nothing is wrong with them, stay.
#include <atomic>
#include <chrono>
#include <thread>

#include "tests/check/transcode/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds longer_than_patience{1200};

/** A live source and an output that is converted, and what keeps its next picture for long. */
struct Delayed
{
  Track track = record ("videotestsrc pattern=ball num-buffers=60 ! "
                        "video/x-raw,format=I420,width=160,height=120,framerate=30/1 ! vp8enc "
                        "deadline=1 cpu-used=8 keyframe-max-dist=30");
  Transcoder transcoder;
  Feed feed{transcoder.element (), "video"};
  Ref<GstPad> pad = transcoder.request ("video_0");
  Peer peer{"video/x-h264"};
  std::size_t frames = 0, passed_meanwhile = 0;
  std::atomic<bool> is_armed = false, was_held = false;
  bool spins = false;

  Delayed ()
  {
    peer.link (pad.get ());
    feed.start (track.caps.get ());
    while (peer.count () < 15)
      frame ();
  }

  void frame ()
  {
    const auto copy =
        adopt (gst_buffer_copy (track.buffers[frames % track.buffers.size ()].get ()));
    GST_BUFFER_PTS (copy.get ()) = frames++ * GST_SECOND / 30;
    ck_assert_int_eq (feed.push (copy), GST_FLOW_OK);
    std::this_thread::sleep_for (std::chrono::milliseconds{33});
  }

  void hold_once (GstPad *at)
  {
    gst_pad_add_probe (at, GST_PAD_PROBE_TYPE_BUFFER, on_picture, this, nullptr);
    is_armed = true;
    const auto before = frames;
    while (!was_held)
      frame ();
    passed_meanwhile = frames - before;
    peer.clear ();
    while (peer.count () < 5)
      frame ();
    const auto problems = transcoder.problems ();
    ck_assert_msg (problems.empty (), "%s", problems.empty () ? "" : problems[0].c_str ());
  }

  static GstPadProbeReturn on_picture (GstPad *, GstPadProbeInfo *, gpointer data)
  {
    auto &self = *static_cast<Delayed *> (data);
    if (!self.is_armed.exchange (false))
      return GST_PAD_PROBE_OK;
    const auto end = Clock::now () + longer_than_patience;
    if (!self.spins)
      std::this_thread::sleep_until (end);
    while (Clock::now () < end)
      continue;
    self.was_held = true;
    return GST_PAD_PROBE_REMOVE;
  }
};

Ref<GstPad>
input_of_encoder (GstElement *bin)
{
  const ObjectLock lock{bin};
  for (auto *l = GST_BIN_CHILDREN (bin); l != nullptr; l = l->next)
    if (g_str_has_prefix (GST_OBJECT_NAME (l->data), "x264enc"))
      return adopt (gst_element_get_static_pad (GST_ELEMENT (l->data), "sink"));
  return nullptr;
}

/** As it seems to be on a machine that has no time for it. */
START_TEST (one_that_is_at_work)
{
  Delayed d;
  d.spins = true;
  const auto input = input_of_encoder (d.transcoder.element ());
  ck_assert (input);
  d.hold_once (input.get ());
  ck_assert_ptr_eq (input.get (), input_of_encoder (d.transcoder.element ()).get ());
}
END_TEST

START_TEST (one_whose_peer_takes_its_time)
{
  Delayed d;
  d.hold_once (d.peer.pad ());
  ck_assert_uint_ge (d.passed_meanwhile, 20); // the source goes on
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("transcode-output-watch", {one_that_is_at_work, one_whose_peer_takes_its_time});
}
