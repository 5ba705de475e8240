// SPDX-License-Identifier: LGPL-2.1-or-later
// That a conversion holds no picture back: each is out before the next one comes in, in all sizes.
#include <algorithm>
#include <chrono>
#include <thread>

#include "tests/check/transcode/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

std::string
camera (const char *format, const char *encoder)
{
  return std::string ("videotestsrc pattern=ball num-buffers=60 ! video/x-raw,format=") + format
         + ",width=320,height=240,framerate=30/1 ! " + encoder;
}

/** Until the picture of that time has come. */
void
wait_for_picture (const Peer &peer, GstClockTime pts)
{
  constexpr GstClockTime epoch = 1000 * GST_SECOND * 3600; // of x264enc's own timestamps
  const auto end = std::chrono::steady_clock::now () + std::chrono::seconds{20};
  while (
      peer.count () == 0 || GST_BUFFER_PTS (peer.buffers ().back ().get ()) % epoch < pts % epoch) {
    ck_assert (std::chrono::steady_clock::now () < end);
    std::this_thread::yield ();
  }
}

/** Of a source that can be made to wait, so that no picture is lost on a busy machine either. */
void
nothing_is_held_back (const std::string &source)
{
  const auto track = record (source);
  Transcoder transcoder;
  Feed feed (transcoder.element (), "video", false);
  Peer peers[]{Peer ("video/x-h264"), Peer ("video/x-h264"), Peer ("video/x-h264")};
  const char *renditions[]{"b=500k", "120p30@200k", "60p@100k"};
  std::vector<Ref<GstPad>> pads;
  for (int i = 0; i < 3; ++i) {
    pads.push_back (transcoder.request ("video_%u"));
    g_object_set (pads[i].get (), "rendition", renditions[i], nullptr);
    peers[i].link (pads[i].get ());
  }
  feed.start (track.caps.get ());
  for (const auto &buffer : track.buffers) {
    ck_assert_int_eq (feed.push (buffer), GST_FLOW_OK);
    for (const auto &peer : peers)
      wait_for_picture (peer, GST_BUFFER_PTS (buffer.get ()));
  }
  ck_assert_uint_eq (transcoder.problems ().size (), 0);
}

START_TEST (of_h264)
{
  nothing_is_held_back (camera ("I420", "x264enc tune=zerolatency speed-preset=ultrafast"));
}
END_TEST

START_TEST (of_vp8)
{
  nothing_is_held_back (camera ("I420", "vp8enc deadline=1 cpu-used=8"));
}
END_TEST

/** These are no encoder's own format: they are converted first. */
START_TEST (of_other_formats)
{
  nothing_is_held_back (camera ("I420_10LE", "x264enc tune=zerolatency speed-preset=ultrafast"));
  nothing_is_held_back (camera ("Y444", "x264enc tune=zerolatency speed-preset=ultrafast"));
}
END_TEST

/** Whether what goes into a decoder has come out as it is already. The decoder's thread. */
GstPadProbeReturn
compare_with_source (GstPad *, GstPadProbeInfo *info, gpointer data)
{
  const auto &source = *static_cast<const Peer *> (data);
  ck_assert_uint_gt (source.count (), 0);
  ck_assert_uint_ge (GST_BUFFER_PTS (source.buffers ().back ().get ()),
      GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info)));
  return GST_PAD_PROBE_OK;
}

void
watch_decoder (GstBin *, GstElement *element, gpointer source)
{
  auto *factory = gst_element_get_factory (element);
  if (factory == nullptr
      || !gst_element_factory_list_is_type (factory, GST_ELEMENT_FACTORY_TYPE_DECODER))
    return;
  const auto pad = adopt (gst_element_get_static_pad (element, "sink"));
  gst_pad_add_probe (pad.get (), GST_PAD_PROBE_TYPE_BUFFER, compare_with_source, source, nullptr);
}

/** On a machine with too much to do a decoder might run in its place. Sound is decoded on the same
 * thread, so the order is always the same. */
START_TEST (source_goes_first)
{
  Transcoder transcoder;
  Peer source (aac), converted (opus);
  g_signal_connect (transcoder.element (), "element-added", G_CALLBACK (watch_decoder), &source);
  Feed feed (transcoder.element (), "audio");
  const auto first = transcoder.request ("audio_0"), second = transcoder.request ("audio_1");
  converted.link (second.get ());
  source.link (first.get ());
  const auto track = record_aac (1);
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  ck_assert_uint_eq (source.count (), track.buffers.size ());
  ck_assert_uint_gt (converted.count (), 40);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("transcode-delay", {of_h264, of_vp8, of_other_formats, source_goes_first});
}
