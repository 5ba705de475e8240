// SPDX-License-Identifier: LGPL-2.1-or-later
// What is known of players by how they ask.
#pragma once

#include "gst-plugins/common/http_server.hpp"

namespace stagedoor::hlssink {

/** Whether this one gives up for good at a playlist that has parts, but no whole segment yet. That
 * is a valid one, but ffmpeg's demuxer finds no stream in it, GStreamer's finds it broken, and to
 * hls.js it is an error that it doesn't forgive often. Nothing but its name, or that of the browser
 * it runs in, tells such a player before that; Safari's own, which goes by another, isn't one. */
bool needs_whole_segments (const http::Request &request);

} // namespace stagedoor::hlssink
