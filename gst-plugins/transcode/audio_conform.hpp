// SPDX-License-Identifier: LGPL-2.1-or-later
// The element between what is decoded and an encoder: sound without gaps, overlaps and drift.
#pragma once

#include "gst-plugins/common/ref.hpp"

namespace stagedoor::transcode {

/** Takes 32-bit floats, interleaved, of any rate, and puts out the same with timestamps that count
 * samples, as media::AudioClock has it. What comes out is stamped @p lead earlier: the time by
 * which the encoder delays its input. Sound up to @p floor is out already, and isn't put out again.
 */
Ref<GstElement> make_audio_conform (GstClockTime lead, GstClockTime floor);

} // namespace stagedoor::transcode
