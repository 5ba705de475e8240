// SPDX-License-Identifier: LGPL-2.1-or-later
// What sound is made for a peer, and by which encoder.
#pragma once

#include "gst-plugins/transcode/elements.hpp"
#include "gst-plugins/transcode/rendition_spec.hpp"

namespace stagedoor::transcode {

/** One output of an encoder; equal ones are encoded once. */
struct AudioSpec
{
  std::string codec = "opus"; ///< or "aac"
  int rate = 48000, channels = 2;
  std::uint64_t bitrate = 96'000; ///< bits per second
  int loss = 0;                   ///< packets in a hundred: Opus carries speech twice for them
  bool adts = false;              ///< AAC with headers of its own
  bool operator== (const AudioSpec &) const = default;
};

/** @p source are fixed caps, or null. */
Target audio_target (const Wants &wants, const GstCaps *taken, const GstCaps *source);
AudioSpec resolve_audio (const Wants &wants, const Target &target);
/** Why the source isn't what is wanted, for people; empty: it is. */
std::string audio_difference (const Wants &wants, const GstCaps *source);

/** Fixed caps of what is put out; empty ones when nothing here encodes it. */
Ref<GstCaps> audio_caps (const AudioSpec &spec);

struct AudioEncoder
{
  Ref<GstElement> element; ///< set up; null: none is here
  int delay = 0;           ///< samples by which it delays its input, as players don't know
};
AudioEncoder make_audio_encoder (const AudioSpec &spec);

} // namespace stagedoor::transcode
