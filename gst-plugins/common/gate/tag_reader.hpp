// SPDX-License-Identifier: LGPL-2.1-or-later
// Turns a publisher's FLV tags into a publication's caps and frames.
#pragma once

#include "gst-plugins/common/gate/codec_caps.hpp"
#include "gst-plugins/common/gate/live_publication.hpp"
#include "libs/media/timeline.hpp"

namespace stagedoor::gate {

/** Gate thread. */
class TagReader
{
public:
  explicit TagReader (LivePublication &out) : out_ (out) {}

  /** A broken frame is dropped and counted. An error means that the stream can't be carried; its
   * text is for the publisher. */
  tl::expected<void, std::string> take (
      const rtmp::MediaTag &tag, std::chrono::steady_clock::time_point arrived);

private:
  using Arrived = std::chrono::steady_clock::time_point;

  tl::expected<void, std::string> take_video (const rtmp::MediaTag &tag, Arrived arrived);
  tl::expected<void, std::string> take_audio (const rtmp::MediaTag &tag, Arrived arrived);
  tl::expected<void, std::string> set_up_video (const rtmp::VideoTag &video);
  tl::expected<void, std::string> set_up_audio (const rtmp::AudioTag &audio);
  bool can_decode (const rtmp::VideoTag &video);
  bool can_decode (const rtmp::AudioTag &audio);
  void set_caps (Track track, Ref<GstCaps> caps);
  void push_video (const rtmp::MediaTag &tag, const rtmp::VideoTag &video, Arrived arrived);
  void push_audio (const rtmp::MediaTag &tag, const rtmp::AudioTag &audio, Arrived arrived);
  media::Timeline::Stamp stamp (media::Timeline::Track track, std::uint32_t timestamp);

  LivePublication &out_;
  media::Timeline timeline_{media::rtmp_clock};
  Ref<GstCaps> video_caps_, audio_caps_; // what out_ was told last
  rtmp::VideoCodec video_codec_ = rtmp::VideoCodec::h264;
  rtmp::AudioCodec audio_codec_ = rtmp::AudioCodec::aac;
  unsigned length_size_ = 0;
  Bytes video_config_, audio_config_; // the setups that the caps were made of
};

} // namespace stagedoor::gate
