// SPDX-License-Identifier: LGPL-2.1-or-later
// What rtpbin has to know of a WHIP publisher's packets, and what it tells of them.
#pragma once

#include "gst-plugins/common/gate/live_publication.hpp"
#include "libs/webrtc/incoming.hpp"

namespace stagedoor::gate {

/** Of the plan's track with @p payload_type, also of its retransmissions; null when there is none.
 */
Ref<GstCaps> rtp_caps (const webrtc::IncomingPlan &plan, unsigned payload_type);

/** Adds what @p jitter_buffer has counted. */
void add_stats_of (GstElement *jitter_buffer, NetworkStats &out);

} // namespace stagedoor::gate
