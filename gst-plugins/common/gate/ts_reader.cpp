// SPDX-License-Identifier: LGPL-2.1-or-later
// Access units to GstBuffer, and their setups to GstCaps.
#include "gst-plugins/common/gate/ts_reader.hpp"

#include <algorithm>

GST_DEBUG_CATEGORY_EXTERN (stage_gate_debug);
#define GST_CAT_DEFAULT stage_gate_debug

namespace stagedoor::gate {
namespace {

using mpegts::Codec;

bool
is_video (Codec codec)
{
  return codec == Codec::h264 || codec == Codec::h265;
}

tl::expected<Ref<GstCaps>, std::string>
caps_of (const mpegts::Setup &setup)
{
  switch (setup.codec) {
    case Codec::h264:
      return video_setup (rtmp::VideoCodec::h264, setup.config).map ([] (auto s) {
        return s.caps;
      });
    case Codec::h265:
      return video_setup (rtmp::VideoCodec::h265, setup.config).map ([] (auto s) {
        return s.caps;
      });
    case Codec::aac:
      return audio_setup (rtmp::AudioCodec::aac, setup.config);
    case Codec::opus:
      return audio_setup (rtmp::AudioCodec::opus, setup.config);
  }
  return nullptr;
}

Ref<GstBuffer>
wrap (const Bytes &data)
{
  auto *owned = new Bytes (data);
  return adopt (
      gst_buffer_new_wrapped_full (GST_MEMORY_FLAG_READONLY, owned->data (), owned->size (), 0,
          owned->size (), owned, [] (gpointer bytes) { delete static_cast<Bytes *> (bytes); }));
}

/** Signed difference of two stamps, as nanoseconds; 0 when it is no reordering of pictures. */
std::int64_t
reordering_ns (mpegts::Stamp pts, mpegts::Stamp dts)
{
  constexpr int unused = 64 - media::mpegts_clock.bits;
  constexpr std::int64_t most = 5 * media::mpegts_clock.rate;
  const auto ticks = static_cast<std::int64_t> ((pts - dts) << unused) >> unused;
  return std::abs (ticks) <= most ? ticks * 1'000'000'000 / media::mpegts_clock.rate : 0;
}

} // namespace

TsReader::Result
TsReader::take (ByteView bytes, std::chrono::steady_clock::time_point arrived)
{
  arrived_ = arrived;
  std::vector<mpegts::Event> events;
  const auto fed = demuxer_.feed (bytes, events);
  const auto handled = handle (events);
  return fed ? handled : fed;
}

void
TsReader::finish ()
{
  std::vector<mpegts::Event> events;
  demuxer_.finish (events);
  (void)handle (events); // nobody is left who could be told
}

TsReader::Result
TsReader::handle (const std::vector<mpegts::Event> &events)
{
  for (const auto &event : events)
    if (auto result = std::visit ([this] (const auto &e) { return handle (e); }, event); !result)
      return result;
  if (const auto broken = demuxer_.broken (); broken != broken_)
    out_.count_broken (broken - std::exchange (broken_, broken));
  return {};
}

TsReader::Result
TsReader::handle (const mpegts::Setup &setup)
{
  if (setup.config.size () > max_codec_setup)
    return tl::unexpected (std::string ("the codec setup is larger than 8 KiB"));
  auto caps = caps_of (setup);
  if (!caps)
    return tl::unexpected (caps.error ());
  const bool video = is_video (setup.codec);
  (video ? video_ : audio_) = setup.codec;
  out_.set_caps (video ? Track::video : Track::audio, std::move (*caps));
  return {};
}

TsReader::Result
TsReader::handle (const mpegts::Unit &unit)
{
  const bool video = is_video (unit.codec);
  if ((video ? video_ : audio_) != unit.codec) {
    out_.count_broken ();
    return {};
  }
  const auto at = timeline_.map (
      video ? media::Timeline::Track::video : media::Timeline::Track::audio, unit.dts);
  if (at.discontinuity)
    out_.count_repair ();
  auto buffer = wrap (unit.data);
  const auto pts = std::max<std::int64_t> (0, at.dts_ns + reordering_ns (unit.pts, unit.dts));
  GST_BUFFER_PTS (buffer.get ()) = static_cast<GstClockTime> (pts);
  if (video)
    GST_BUFFER_DTS (buffer.get ()) = static_cast<GstClockTime> (std::min (pts, at.dts_ns));
  if (!unit.keyframe)
    GST_BUFFER_FLAG_SET (buffer.get (), GST_BUFFER_FLAG_DELTA_UNIT);
  if (at.discontinuity || unit.discontinuity)
    GST_BUFFER_FLAG_SET (buffer.get (), GST_BUFFER_FLAG_DISCONT);
  out_.push (Frame{video ? Track::video : Track::audio, std::move (buffer), arrived_});
  return {};
}

TsReader::Result
TsReader::handle (const mpegts::Ignored &ignored)
{
  GST_WARNING ("%s: a track of the stream type 0x%02x isn't carried", out_.name ().c_str (),
      ignored.stream_type);
  return {};
}

} // namespace stagedoor::gate
