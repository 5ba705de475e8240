// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/check/transcode/player.hpp"

#include <cmath>

namespace stagedoor::test {

namespace {

constexpr GstClockTime packet = 20 * GST_MSECOND;

void
keep (GstElement *, GstBuffer *buffer, GstPad *pad, Played *played)
{
  GstMapInfo map;
  ck_assert (gst_buffer_map (buffer, &map, GST_MAP_READ));
  if (!GST_CLOCK_TIME_IS_VALID (played->begin)) {
    const auto caps = adopt (gst_pad_get_current_caps (pad));
    gst_structure_get_int (gst_caps_get_structure (caps.get (), 0), "rate", &played->rate);
    played->begin = GST_BUFFER_PTS (buffer);
  }
  const auto *samples = reinterpret_cast<const float *> (map.data);
  played->samples.insert (played->samples.end (), samples, samples + map.size / sizeof (float));
  gst_buffer_unmap (buffer, &map);
}

void
introduce (GstPad *from, GstCaps *caps)
{
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (from, gst_event_new_stream_start ("played"));
  gst_pad_push_event (from, gst_event_new_caps (caps));
  gst_pad_push_event (from, gst_event_new_segment (&segment));
}

} // namespace

double
Played::peak_at () const
{
  std::size_t at = 0;
  for (std::size_t i = 0; i < samples.size (); ++i)
    if (std::fabs (samples[i]) > std::fabs (samples[at]))
      at = i;
  return static_cast<double> (begin) / GST_SECOND + static_cast<double> (at) / rate;
}

double
Played::power (std::size_t from, std::size_t to) const
{
  double sum = 0;
  for (auto i = from; i < std::min (to, samples.size ()); ++i)
    sum += samples[i] * samples[i];
  return sum / static_cast<double> (to - from);
}

Played
play (const Peer &peer, const std::vector<Ref<GstBuffer>> &buffers, const std::string &decoder)
{
  Played out;
  const auto bin = Ref<GstElement>::sink (gst_parse_bin_from_description (
      (decoder
          + " ! audioconvert ! audio/x-raw,format=F32LE,channels=1,layout=interleaved ! "
            "fakesink name=out sync=false async=false signal-handoffs=true")
          .c_str (),
      TRUE, nullptr));
  ck_assert (bin);
  const auto sink = adopt (gst_bin_get_by_name (GST_BIN (bin.get ()), "out"));
  g_signal_connect (sink.get (), "handoff", G_CALLBACK (keep), &out);
  gst_element_set_state (bin.get (), GST_STATE_PLAYING);
  const auto from = Ref<GstPad>::sink (gst_pad_new ("from", GST_PAD_SRC));
  const auto to = adopt (gst_element_get_static_pad (bin.get (), "sink"));
  gst_pad_set_active (from.get (), TRUE);
  ck_assert_int_eq (gst_pad_link (from.get (), to.get ()), GST_PAD_LINK_OK);
  introduce (from.get (), adopt (gst_pad_get_current_caps (peer.pad ())).get ());
  GstClockTime end = 0;
  for (const auto &buffer : buffers) {
    if (buffer)
      ck_assert_int_eq (
          gst_pad_push (from.get (), Ref<GstBuffer> (buffer).release ()), GST_FLOW_OK);
    else
      gst_pad_push_event (from.get (), gst_event_new_gap (end, packet));
    end = (buffer ? GST_BUFFER_PTS (buffer.get ()) : end) + packet;
  }
  gst_pad_push_event (from.get (), gst_event_new_eos ());
  gst_element_set_state (bin.get (), GST_STATE_NULL);
  gst_pad_set_active (from.get (), FALSE);
  return out;
}

} // namespace stagedoor::test
