// SPDX-License-Identifier: LGPL-2.1-or-later
// Encoders' threads, which step back behind those that pass the source on and decode it.
#pragma once

#include <string>

#include <gst/gst.h>

namespace stagedoor::transcode {

/** What the queues in front of encoders are called first. */
inline constexpr const char *encoder_queue = "pictures";

/** Of the bin, for each message of its children: gives the thread of an encoder's queue, which is
 * about to be made, less of the processor. A late encoder loses its own pictures; a late decoder
 * would cost those of all. The thread that posts. */
void place_thread (GstMessage *message);

/** Whether the thread of the encoder behind @p queue, or one that it made, is running, or would be
 * if the machine had time for it. False when that can't be found out. Any thread. */
bool is_at_work (const std::string &queue);

} // namespace stagedoor::transcode
