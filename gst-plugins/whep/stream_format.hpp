// SPDX-License-Identifier: LGPL-2.1-or-later
// What caps and bitstreams say that a viewer must know, and the way from length-prefixed to
// start-code NAL units.
#pragma once

#include <gst/gst.h>

#include "libs/webrtc/negotiation.hpp"

namespace stagedoor::whep {

/** How the buffers of a pad are to be read. */
struct Format
{
  webrtc::Source source;
  /** Annex B, or the AV1 sequence header; for key frames that don't bring their own. */
  Bytes parameter_sets;
  /** Bytes before each NAL unit; 0: start codes. */
  unsigned nal_length_size = 0;
};

/** nullopt when the caps' codec_data is malformed. */
std::optional<Format> read_caps (const GstCaps *caps);

/** Takes note of the parameter sets in an Annex B access unit, if they are complete. True when
 * @p format has changed. */
bool learn (Format &format, ByteView access_unit);

/** Writes @p unit with start codes to @p out, whose capacity is kept. A length that goes beyond the
 * end ends it. */
void to_annex_b (ByteView unit, unsigned nal_length_size, Bytes &out);

} // namespace stagedoor::whep
