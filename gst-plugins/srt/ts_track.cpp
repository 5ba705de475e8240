// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/srt/ts_track.hpp"

#include "gst-plugins/srt/ts_format.hpp"

namespace stagedoor::srtsink {

std::string
TsTrack::set_caps (const GstCaps *caps, mpegts::Muxer &muxer)
{
  auto payload = payload_of (caps);
  payload_ = payload ? std::optional (*payload) : std::nullopt;
  muxer.set (which_, payload_ ? std::optional (payload_->kind ()) : std::nullopt);
  return payload ? std::string () : payload.error ();
}

/** 90 kHz of running time. Decoding may begin before 0, so that isn't 0. */
std::optional<std::int64_t>
TsTrack::ticks (GstClockTime time) const
{
  constexpr std::int64_t origin = 2 * 90'000;
  guint64 running = 0;
  const int sign = gst_segment_to_running_time_full (&segment_, GST_FORMAT_TIME, time, &running);
  if (sign == 0)
    return std::nullopt;
  return origin + sign * static_cast<std::int64_t> (gst_util_uint64_scale (running, 9, 100'000));
}

bool
TsTrack::write (GstBuffer *frame, mpegts::Muxer &muxer, Bytes &out)
{
  const auto pts = ticks (GST_BUFFER_PTS (frame));
  if (!payload_ || !pts)
    return false;
  const auto dts = ticks (GST_BUFFER_DTS (frame));
  const bool key = is_key (frame);
  GstMapInfo map;
  if (!gst_buffer_map (frame, &map, GST_MAP_READ))
    return false;
  const bool good = payload_->convert ({map.data, map.size}, key, converted_);
  gst_buffer_unmap (frame, &map);
  return good
         && muxer.write ({which_, *pts, dts && which_ == mpegts::MuxTrack::video ? *dts : *pts, key,
                             converted_},
             out);
}

GstClockTime
TsTrack::time_of (GstBuffer *frame) const
{
  return gst_segment_to_running_time (&segment_, GST_FORMAT_TIME, GST_BUFFER_PTS (frame));
}

bool
TsTrack::is_key (GstBuffer *frame) const
{
  return which_ == mpegts::MuxTrack::video
         && !GST_BUFFER_FLAG_IS_SET (frame, GST_BUFFER_FLAG_DELTA_UNIT);
}

void
TsTrack::reset ()
{
  payload_.reset ();
  gst_segment_init (&segment_, GST_FORMAT_TIME);
  started = ended = false;
}

} // namespace stagedoor::srtsink
