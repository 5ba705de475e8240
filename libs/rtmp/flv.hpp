// SPDX-License-Identifier: LGPL-2.1-or-later
// FLV tag bodies as RTMP carries them: legacy (AVC, AAC, MP3) and enhanced RTMP v1/v2 (FourCC).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "libs/base/bytes.hpp"

namespace stagedoor::rtmp {

enum class VideoCodec { h264, h265, av1, vp9, vp8 };
enum class AudioCodec { aac, mp3, opus, ac3, flac };

struct VideoTag
{
  enum class Type { sequence_start, coded_frames, sequence_end, metadata, ignored };
  VideoCodec codec = VideoCodec::h264;
  Type type = Type::ignored;
  bool keyframe = false;
  std::int32_t composition_ms = 0; ///< pts - dts; may be negative
  ByteView payload; ///< avcC/hvcC/av1C/vpcC, or one access unit (length-prefixed for H.26x, OBUs
                    ///< for AV1)
};

struct AudioTag
{
  enum class Type { sequence_start, coded_frames, sequence_end, ignored };
  AudioCodec codec = AudioCodec::aac;
  Type type = Type::ignored;
  ByteView payload; ///< AudioSpecificConfig / OpusHead / FLAC header, or one coded frame
};

/** Text says what is wrong or which codec isn't supported; the stream can't be carried. */
struct TagError
{
  std::string text;
};

tl::expected<VideoTag, TagError> parse_video_tag (ByteView body);
tl::expected<AudioTag, TagError> parse_audio_tag (ByteView body);

} // namespace stagedoor::rtmp
