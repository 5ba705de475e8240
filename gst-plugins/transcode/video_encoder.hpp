// SPDX-License-Identifier: LGPL-2.1-or-later
// Encoders for live renditions: which are here, and how each is told what is wanted.
#pragma once

#include "gst-plugins/transcode/elements.hpp"
#include "gst-plugins/transcode/rendition_spec.hpp"

namespace stagedoor::transcode {

/** Set up for @p spec: no B-frames, no key frames but those that are asked for, a buffer of one
 * second at the bit rate. Null when nothing here encodes its codec. */
Ref<GstElement> make_encoder (const RenditionSpec &spec);

/** Fixed caps of what it puts out; empty ones when nothing here encodes @p spec's codec. */
Ref<GstCaps> encoded_caps (const RenditionSpec &spec);

} // namespace stagedoor::transcode
