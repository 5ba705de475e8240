// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/whep/track.hpp"

#include "libs/codecs/opus_packet.hpp"

namespace stagedoor::whep {

namespace {

using webrtc::Codec;

constexpr const char *b_frames_text =
    "the stream has B-frames, which WebRTC can't carry: in OBS choose the tune \"zerolatency\" or "
    "set \"Max B-frames\" to 0, with ffmpeg add -bf 0";

bool
has_b_frames (Codec codec)
{
  return codec == Codec::h264 || codec == Codec::h265;
}

} // namespace

Track::Track (
    Reception &reception, TrackIndex index, std::function<void (const std::string &)> on_problem)
    : reception_ (reception), index_ (index), on_problem_ (std::move (on_problem))
{
  gst_segment_init (&segment_, GST_FORMAT_TIME);
  reception_.expect (index_, true);
}

Track::~Track ()
{
  reception_.set_source (index_, std::nullopt);
  reception_.set_problem (index_, {});
  reception_.expect (index_, false);
}

bool
Track::set_caps (const GstCaps *caps)
{
  format_ = read_caps (caps);
  if (!format_)
    return false;
  if (packetizer_ == nullptr || codec_ != format_->source.codec)
    packetizer_ = webrtc::Packetizer::create (format_->source.codec);
  codec_ = format_->source.codec;
  waiting_ = true;
  announced_ = false;
  // The profile of H.264 with start codes is only known from its first key frame.
  if (format_->source.codec != Codec::h264 || !format_->source.h264_profile_level_id.empty ())
    announce ();
  return true;
}

void
Track::announce ()
{
  announced_ = true;
  reception_.set_source (index_, format_->source);
}

void
Track::flush ()
{
  gst_segment_init (&segment_, GST_FORMAT_TIME);
  waiting_ = true;
}

void
Track::end ()
{
  flush ();
  reorder_watch_ = {};
  format_.reset ();
  reception_.set_source (index_, std::nullopt);
  reception_.set_problem (index_, {});
}

std::int64_t
Track::running_time (GstBuffer *buffer)
{
  const auto time =
      GST_BUFFER_PTS_IS_VALID (buffer) ? GST_BUFFER_PTS (buffer) : GST_BUFFER_DTS (buffer);
  guint64 running = 0;
  const int sign = GST_CLOCK_TIME_IS_VALID (time) ? gst_segment_to_running_time_full (
                       &segment_, GST_FORMAT_TIME, time, &running)
                                                  : 0;
  if (sign != 0)
    last_running_time_ = sign * static_cast<std::int64_t> (running);
  return last_running_time_;
}

bool
Track::is_showable (GstBuffer *buffer, bool keyframe)
{
  if (!has_b_frames (format_->source.codec) || !GST_BUFFER_PTS_IS_VALID (buffer))
    return true;
  const auto time = static_cast<std::int64_t> (GST_BUFFER_PTS (buffer));
  const bool good = !reorder_watch_.on_frame (time, keyframe);
  if (reception_.set_problem (index_, good ? "" : b_frames_text)) {
    if (!good) {
      reception_.set_source (index_, std::nullopt);
      announced_ = false;
      waiting_ = true;
    }
    on_problem_ (good ? "" : b_frames_text);
  }
  return good;
}

void
Track::push_bytes (ByteView bytes, GstBuffer *buffer)
{
  const auto codec = format_->source.codec;
  const bool keyframe = !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  const auto running = running_time (buffer);
  if (format_->nal_length_size > 0) {
    to_annex_b (bytes, format_->nal_length_size, annex_b_);
    bytes = annex_b_;
  }
  if (keyframe && has_b_frames (codec) && learn (*format_, bytes))
    announced_ = false;
  if (!is_showable (buffer, keyframe) || (waiting_ && !keyframe)
      || (codec == Codec::opus && codecs::is_opus_header (bytes)))
    return;
  waiting_ = false;
  auto frame = packetizer_->packetize (bytes, keyframe, format_->parameter_sets);
  if (frame == nullptr)
    return;
  if (!announced_)
    announce ();
  const auto duration = codec == Codec::opus ? codecs::opus_samples (bytes) : 0;
  frame->rtp_timestamp = static_cast<std::uint32_t> (
      clock_.timestamp (running, codec == Codec::opus ? 48000 : 90000, duration));
  reception_.submit (index_, std::move (frame), running);
}

bool
Track::push (GstBuffer *buffer)
{
  if (!format_)
    return false;
  GstMapInfo map;
  if (gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    push_bytes ({map.data, map.size}, buffer);
    gst_buffer_unmap (buffer, &map);
  }
  return true;
}

} // namespace stagedoor::whep
