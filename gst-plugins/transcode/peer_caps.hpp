// SPDX-License-Identifier: LGPL-2.1-or-later
// What a peer says by its caps, beyond what caps say by themselves.
#pragma once

#include <string>

#include <gst/gst.h>

namespace stagedoor::transcode {

/** GStreamer's and ours: "b-frames" of a format says whether the peer can show them. */
bool takes_b_frames (const GstCaps *taken, const char *media_type);

/** Ours: "max-key-frame-distance" (int, milliseconds) of a format; 0: the peer doesn't mind. */
int key_distance_taken (const GstCaps *taken, const char *media_type);

/** Why @p input doesn't suit a peer that takes @p taken, for people. */
std::string refusal (const GstCaps *input, const GstCaps *taken);

} // namespace stagedoor::transcode
