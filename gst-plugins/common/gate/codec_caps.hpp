// SPDX-License-Identifier: LGPL-2.1-or-later
// Complete caps from what RTMP publishers send as codec setup, or from the frames themselves where
// the codec needs no setup.
#pragma once

#include "gst-plugins/common/ref.hpp"
#include "libs/rtmp/flv.hpp"

namespace stagedoor::gate {

/** Largest codec setup that is taken; real ones have some hundred bytes. */
constexpr std::size_t max_codec_setup = 8 * 1024;

struct VideoSetup
{
  Ref<GstCaps> caps;
  unsigned length_size = 0; ///< bytes of each NAL unit's length; 0 = not length-prefixed
};

/** From avcC, hvcC or av1C. Error text is for the publisher. */
tl::expected<VideoSetup, std::string> video_setup (rtmp::VideoCodec codec, ByteView config);

/** Whether the codec's frames carry all that caps need, so that there is no setup to wait for. */
bool describes_itself (rtmp::VideoCodec codec);
bool describes_itself (rtmp::AudioCodec codec);

/** From a key frame of a codec that describes itself; null when it isn't one. */
Ref<GstCaps> caps_of_keyframe (rtmp::VideoCodec codec, ByteView frame);

/** From AudioSpecificConfig, OpusHead or FLAC's STREAMINFO. Error text is for the publisher. */
tl::expected<Ref<GstCaps>, std::string> audio_setup (rtmp::AudioCodec codec, ByteView config);

/** From a frame of a codec that describes itself; null when it isn't one. */
Ref<GstCaps> caps_of_frame (rtmp::AudioCodec codec, ByteView frame);

/** Whether an access unit is NAL units one after another, none empty and none cut short. */
bool is_whole (ByteView access_unit, unsigned length_size);

} // namespace stagedoor::gate
