// SPDX-License-Identifier: LGPL-2.1-or-later
// FLV tag bodies to GstCaps and GstBuffer, without a copy of the payload.
#include "gst-plugins/common/gate/tag_reader.hpp"

#include <algorithm>

namespace stagedoor::gate {
namespace {

using rtmp::AudioTag;
using rtmp::VideoTag;
using Shared = std::shared_ptr<const Bytes>;

/** A buffer over @p payload, which is a part of @p body and keeps it alive. */
Ref<GstBuffer>
wrap (const Shared &body, ByteView payload)
{
  const auto offset = static_cast<gsize> (payload.data () - body->data ());
  return adopt (gst_buffer_new_wrapped_full (GST_MEMORY_FLAG_READONLY,
      const_cast<std::uint8_t *> (body->data ()), body->size (), offset, payload.size (),
      new Shared (body), [] (gpointer shared) { delete static_cast<Shared *> (shared); }));
}

bool
is_setup_changed (const Bytes &known, ByteView config)
{
  return !std::equal (known.begin (), known.end (), config.begin (), config.end ());
}

} // namespace

tl::expected<void, std::string>
TagReader::take (const rtmp::MediaTag &tag, Arrived arrived)
{
  return tag.kind == rtmp::MediaTag::Kind::video ? take_video (tag, arrived)
                                                 : take_audio (tag, arrived);
}

tl::expected<void, std::string>
TagReader::take_video (const rtmp::MediaTag &tag, Arrived arrived)
{
  const auto video = rtmp::parse_video_tag (*tag.body);
  if (!video)
    return tl::unexpected (video.error ().text);
  if (video->type == VideoTag::Type::sequence_start)
    return set_up_video (*video);
  if (video->type != VideoTag::Type::coded_frames)
    return {};
  if (can_decode (*video))
    push_video (tag, *video, arrived);
  else
    out_.count_broken ();
  return {};
}

tl::expected<void, std::string>
TagReader::take_audio (const rtmp::MediaTag &tag, Arrived arrived)
{
  const auto audio = rtmp::parse_audio_tag (*tag.body);
  if (!audio)
    return tl::unexpected (audio.error ().text);
  if (audio->type == AudioTag::Type::sequence_start)
    return set_up_audio (*audio);
  if (audio->type != AudioTag::Type::coded_frames)
    return {};
  if (can_decode (*audio))
    push_audio (tag, *audio, arrived);
  else
    out_.count_broken ();
  return {};
}

tl::expected<void, std::string>
TagReader::set_up_video (const VideoTag &video)
{
  if (describes_itself (video.codec)
      || (video_caps_ && video.codec == video_codec_
          && !is_setup_changed (video_config_, video.payload)))
    return {};
  if (video.payload.size () > max_codec_setup)
    return tl::unexpected (std::string ("the video setup is larger than 8 KiB"));
  auto setup = video_setup (video.codec, video.payload);
  if (!setup)
    return tl::unexpected (setup.error ());
  video_codec_ = video.codec;
  length_size_ = setup->length_size;
  video_config_.assign (video.payload.begin (), video.payload.end ());
  set_caps (Track::video, std::move (setup->caps));
  return {};
}

tl::expected<void, std::string>
TagReader::set_up_audio (const AudioTag &audio)
{
  if (describes_itself (audio.codec)
      || (audio_caps_ && audio.codec == audio_codec_
          && !is_setup_changed (audio_config_, audio.payload)))
    return {};
  if (audio.payload.size () > max_codec_setup)
    return tl::unexpected (std::string ("the audio setup is larger than 8 KiB"));
  auto caps = audio_setup (audio.codec, audio.payload);
  if (!caps)
    return tl::unexpected (caps.error ());
  audio_codec_ = audio.codec;
  audio_config_.assign (audio.payload.begin (), audio.payload.end ());
  set_caps (Track::audio, std::move (*caps));
  return {};
}

void
TagReader::set_caps (Track track, Ref<GstCaps> caps)
{
  auto &known = track == Track::video ? video_caps_ : audio_caps_;
  if (known && gst_caps_is_equal (known.get (), caps.get ()))
    return;
  known = caps;
  out_.set_caps (track, std::move (caps));
}

bool
TagReader::can_decode (const VideoTag &video)
{
  if (describes_itself (video.codec)) {
    if (video.keyframe) {
      auto caps = caps_of_keyframe (video.codec, video.payload);
      if (!caps)
        return false;
      video_codec_ = video.codec;
      set_caps (Track::video, std::move (caps));
    }
    return video_caps_ && video.codec == video_codec_ && !video.payload.empty ();
  }
  return video_caps_ && video.codec == video_codec_ && is_whole (video.payload, length_size_);
}

bool
TagReader::can_decode (const AudioTag &audio)
{
  if (describes_itself (audio.codec)) {
    auto caps = caps_of_frame (audio.codec, audio.payload);
    if (!caps)
      return false;
    audio_codec_ = audio.codec;
    set_caps (Track::audio, std::move (caps));
  }
  return audio_caps_ && audio.codec == audio_codec_ && !audio.payload.empty ();
}

media::Timeline::Stamp
TagReader::stamp (media::Timeline::Track track, std::uint32_t timestamp)
{
  const auto out = timeline_.map (track, timestamp);
  if (out.discontinuity)
    out_.count_repair ();
  return out;
}

void
TagReader::push_video (const rtmp::MediaTag &tag, const VideoTag &video, Arrived arrived)
{
  constexpr std::int64_t ns_per_ms = 1'000'000, most_reordering_ms = 5000;
  const auto at = stamp (media::Timeline::Track::video, tag.timestamp);
  const auto later =
      std::abs (video.composition_ms) <= most_reordering_ms ? video.composition_ms : 0;
  auto buffer = wrap (tag.body, video.payload);
  const auto pts = std::max<std::int64_t> (0, at.dts_ns + later * ns_per_ms);
  GST_BUFFER_PTS (buffer.get ()) = static_cast<GstClockTime> (pts);
  if (!describes_itself (video.codec) && video.codec != rtmp::VideoCodec::av1)
    GST_BUFFER_DTS (buffer.get ()) = static_cast<GstClockTime> (std::min (pts, at.dts_ns));
  if (!video.keyframe)
    GST_BUFFER_FLAG_SET (buffer.get (), GST_BUFFER_FLAG_DELTA_UNIT);
  if (at.discontinuity)
    GST_BUFFER_FLAG_SET (buffer.get (), GST_BUFFER_FLAG_DISCONT);
  out_.push (Frame{Track::video, std::move (buffer), arrived});
}

void
TagReader::push_audio (const rtmp::MediaTag &tag, const AudioTag &audio, Arrived arrived)
{
  const auto at = stamp (media::Timeline::Track::audio, tag.timestamp);
  auto buffer = wrap (tag.body, audio.payload);
  GST_BUFFER_PTS (buffer.get ()) = static_cast<GstClockTime> (at.dts_ns);
  if (at.discontinuity)
    GST_BUFFER_FLAG_SET (buffer.get (), GST_BUFFER_FLAG_DISCONT);
  out_.push (Frame{Track::audio, std::move (buffer), arrived});
}

} // namespace stagedoor::gate
