// SPDX-License-Identifier: LGPL-2.1-or-later
// Packets to access units to GstBuffer.
#include "gst-plugins/common/gate/whip/packet_reader.hpp"

#include "gst-plugins/common/gate/loop.hpp"
#include "libs/codecs/av1.hpp"

namespace stagedoor::gate {
namespace {

using webrtc::Codec;

constexpr std::int64_t default_video_rate = 90'000, default_audio_rate = 48'000;

std::int64_t
rate_of (const webrtc::IncomingPlan &plan, bool video)
{
  for (const auto &track : plan.tracks)
    if (track.video == video && track.clock_rate > 0)
      return track.clock_rate;
  return video ? default_video_rate : default_audio_rate;
}

/** OpusHead, RFC 7845 section 5.1. Whatever was sent can be decoded to two channels. */
Ref<GstCaps>
opus_caps ()
{
  constexpr std::array<std::uint8_t, 19> head = {
      'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, 2, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0};
  auto caps = audio_setup (rtmp::AudioCodec::opus, head);
  return caps ? *caps : nullptr;
}

Ref<GstBuffer>
wrap (Bytes data)
{
  auto *owned = new Bytes (std::move (data));
  return adopt (
      gst_buffer_new_wrapped_full (GST_MEMORY_FLAG_READONLY, owned->data (), owned->size (), 0,
          owned->size (), owned, [] (gpointer bytes) { delete static_cast<Bytes *> (bytes); }));
}

std::int64_t
now_ns ()
{
  return std::chrono::nanoseconds (Clock::now ().time_since_epoch ()).count ();
}

} // namespace

const std::vector<Codec> &
readable_codecs ()
{
  static const std::vector<Codec> all = {
      Codec::h264, Codec::h265, Codec::av1, Codec::vp8, Codec::vp9, Codec::opus};
  return all;
}

PacketReader::PacketReader (LivePublication &out, const webrtc::IncomingPlan &plan)
    : out_ (out), timeline_ (rate_of (plan, true), rate_of (plan, false))
{
  for (const auto &track : plan.tracks) {
    Lane lane{.index = lanes_.size (),
        .video = track.video,
        .codec = track.codec,
        .depacketizer = webrtc::Depacketizer::create (track.codec)};
    if (track.codec == Codec::h264)
      lane.converter.emplace (media::NalCodec::h264);
    else if (track.codec == Codec::h265)
      lane.converter.emplace (media::NalCodec::h265);
    if (!track.video)
      set_caps (lane, opus_caps ());
    lanes_.push_back (std::move (lane));
  }
}

std::string
PacketReader::problem () const
{
  const std::lock_guard lock (mutex_);
  return problem_;
}

ReadResult
PacketReader::fail (std::string problem)
{
  const std::lock_guard lock (mutex_);
  problem_ = std::move (problem);
  return ReadResult::unreadable;
}

void
PacketReader::report (const webrtc::SenderReport &report)
{
  using Track = media::RtpTimeline::Track;
  const std::lock_guard lock (mutex_);
  timeline_.report (
      lanes_[report.track].video ? Track::video : Track::audio, report.ntp, report.rtp_timestamp);
}

ReadResult
PacketReader::take (std::size_t track, ByteView packet)
{
  auto &lane = lanes_[track];
  const auto rtp = webrtc::parse_rtp (packet);
  if (!rtp)
    return ReadResult::fine;
  constexpr int most_disorder = 1000; // further back it counts from elsewhere
  const bool same = !lane.ssrc || lane.ssrc == rtp->ssrc;
  const auto step = lane.ssrc ? static_cast<std::int16_t> (rtp->sequence - lane.next) : 0;
  if (same && step < 0 && step > -most_disorder)
    return ReadResult::fine;
  lane.ssrc = rtp->ssrc;
  lane.next = static_cast<std::uint16_t> (rtp->sequence + 1);
  auto units =
      lane.depacketizer->feed ({rtp->payload, rtp->timestamp, rtp->marker, !same || step != 0});
  auto result = ReadResult::fine;
  if (const auto broken = lane.depacketizer->broken (); broken != lane.broken) {
    out_.count_broken (broken - std::exchange (lane.broken, broken));
    lane.needs_key = true;
    result = lane.video ? ReadResult::needs_key_frame : result;
  }
  for (auto &unit : units)
    if (const auto taken = take (lane, std::move (unit)); taken != ReadResult::fine)
      result = taken;
  return result;
}

ReadResult
PacketReader::take (Lane &lane, webrtc::ReceivedUnit unit)
{
  lane.lost = lane.lost || unit.gap;
  if (lane.video)
    return take_video (lane, std::move (unit));
  auto data = std::move (unit.data);
  push (lane, unit, std::move (data), true);
  return ReadResult::fine;
}

ReadResult
PacketReader::take_video (Lane &lane, webrtc::ReceivedUnit unit)
{
  lane.needs_key = lane.needs_key || unit.gap;
  auto picture = read_picture (lane, unit);
  if (!picture)
    return fail (picture.error ());
  if (picture->data.empty ()) // nothing but parameter sets
    return ReadResult::fine;
  if (lane.needs_key && !(picture->keyframe && lane.caps)) {
    out_.count_broken ();
    lane.lost = true;
    return ReadResult::needs_key_frame;
  }
  lane.needs_key = false;
  push (lane, unit, std::move (picture->data), picture->keyframe);
  return ReadResult::fine;
}

PacketReader::Result
PacketReader::read_picture (Lane &lane, webrtc::ReceivedUnit &unit)
{
  if (lane.converter) {
    auto au = lane.converter->convert (unit.data);
    const auto codec = lane.codec == Codec::h264 ? rtmp::VideoCodec::h264 : rtmp::VideoCodec::h265;
    if (au.setup_changed)
      if (auto done = set_up (lane, codec, lane.converter->setup ()); !done)
        return tl::unexpected (done.error ());
    return Picture{std::move (au.data), au.keyframe};
  }
  if (lane.codec == Codec::av1) {
    auto setup = codecs::write_av1c (unit.data);
    const bool keyframe = !setup.empty ();
    if (keyframe)
      if (auto done = set_up (lane, rtmp::VideoCodec::av1, std::move (setup)); !done)
        return tl::unexpected (done.error ());
    return Picture{std::move (unit.data), keyframe};
  }
  auto caps = caps_of_keyframe (
      lane.codec == Codec::vp8 ? rtmp::VideoCodec::vp8 : rtmp::VideoCodec::vp9, unit.data);
  const bool keyframe = bool (caps);
  if (keyframe)
    set_caps (lane, std::move (caps));
  return Picture{std::move (unit.data), keyframe};
}

tl::expected<void, std::string>
PacketReader::set_up (Lane &lane, rtmp::VideoCodec codec, Bytes setup)
{
  if (setup == lane.setup)
    return {};
  if (setup.size () > max_codec_setup)
    return tl::unexpected (std::string ("the codec setup is larger than 8 KiB"));
  auto made = video_setup (codec, setup);
  if (!made)
    return tl::unexpected (made.error ());
  lane.setup = std::move (setup);
  set_caps (lane, std::move (made->caps));
  return {};
}

void
PacketReader::set_caps (Lane &lane, Ref<GstCaps> caps)
{
  if (lane.caps && gst_caps_is_equal (lane.caps.get (), caps.get ()))
    return;
  lane.caps = caps;
  out_.set_caps (lane.video ? Track::video : Track::audio, std::move (caps));
}

void
PacketReader::push (Lane &lane, const webrtc::ReceivedUnit &unit, Bytes data, bool keyframe)
{
  using Clocked = media::RtpTimeline::Track;
  const auto arrived = Clock::now ();
  media::RtpTimeline::Stamp at;
  {
    const std::lock_guard lock (mutex_);
    at = timeline_.map (lane.video ? Clocked::video : Clocked::audio, unit.timestamp, now_ns (),
        lane.video && keyframe);
  }
  if (at.discontinuity) {
    out_.count_repair ();
    lane.times.restart ();
  }
  auto buffer = wrap (std::move (data));
  GST_BUFFER_PTS (buffer.get ()) = static_cast<GstClockTime> (at.pts);
  if (lane.converter)
    GST_BUFFER_DTS (buffer.get ()) = static_cast<GstClockTime> (lane.times.of (at.pts));
  if (!keyframe)
    GST_BUFFER_FLAG_SET (buffer.get (), GST_BUFFER_FLAG_DELTA_UNIT);
  if (std::exchange (lane.lost, false) || at.discontinuity)
    GST_BUFFER_FLAG_SET (buffer.get (), GST_BUFFER_FLAG_DISCONT);
  out_.push (Frame{lane.video ? Track::video : Track::audio, std::move (buffer), arrived});
}

} // namespace stagedoor::gate
