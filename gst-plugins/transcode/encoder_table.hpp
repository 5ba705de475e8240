// SPDX-License-Identifier: LGPL-2.1-or-later
// Encoders for live renditions: which are here, the best first, and what each puts out.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gst-plugins/transcode/elements.hpp"
#include "gst-plugins/transcode/rendition_spec.hpp"

namespace stagedoor::transcode {

struct EncoderKind
{
  std::string codec, factory;
  bool hardware = false;
  const char *format = "I420"; ///< of the frames it gets
  unsigned profiles = 0;       ///< it can be told to keep to: bits of the places in h264_profiles
  void (*set_up) (GstElement *, const RenditionSpec &) = nullptr;
};
using EncoderKinds = std::shared_ptr<const std::vector<EncoderKind>>;

/** Those installed here, in order of preference: hardware by rank, then our own order. Any thread.
 */
EncoderKinds encoder_kinds (const std::string &codec);

/** Whether it can make what all who get @p spec take. */
bool serves (const EncoderKind &kind, const RenditionSpec &spec);

/** Set up for @p spec: no B-frames, no key frames but those that are asked for, a buffer of one
 * second at the bit rate. Null when it can't be made. */
Ref<GstElement> make_encoder (const EncoderKind &kind, const RenditionSpec &spec);

/** Fixed caps of what it puts out. */
Ref<GstCaps> encoded_caps (const EncoderKind &kind, const RenditionSpec &spec);
/** Likewise without what is the encoder's to say. */
Ref<GstCaps> encoder_filter (const EncoderKind &kind, const RenditionSpec &spec);

/** @p codec: the one that is wanted; empty: the first that the peer takes. */
Target target_for (const std::string &codec, const GstCaps *taken);

} // namespace stagedoor::transcode
