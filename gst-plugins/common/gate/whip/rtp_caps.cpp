// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/gate/whip/rtp_caps.hpp"

#include <algorithm>

namespace stagedoor::gate {
namespace {

constexpr const char *transport_cc_uri =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

const char *
encoding_name (webrtc::Codec codec)
{
  switch (codec) {
    case webrtc::Codec::h264:
      return "H264";
    case webrtc::Codec::h265:
      return "H265";
    case webrtc::Codec::av1:
      return "AV1";
    case webrtc::Codec::vp8:
      return "VP8";
    case webrtc::Codec::vp9:
      return "VP9";
    case webrtc::Codec::opus:
      break;
  }
  return "OPUS";
}

} // namespace

Ref<GstCaps>
rtp_caps (const webrtc::IncomingPlan &plan, unsigned payload_type)
{
  for (const auto &track : plan.tracks) {
    const bool repeats = track.rtx_payload_type == payload_type;
    if (track.payload_type != payload_type && !repeats)
      continue;
    auto caps = adopt (gst_caps_new_simple ("application/x-rtp", "media", G_TYPE_STRING,
        track.video ? "video" : "audio", "payload", G_TYPE_INT, static_cast<int> (payload_type),
        "clock-rate", G_TYPE_INT, track.clock_rate, "encoding-name", G_TYPE_STRING,
        repeats ? "RTX" : encoding_name (track.codec), nullptr));
    for (const auto &[field, has] : {std::pair{"rtcp-fb-nack", track.nack},
             std::pair{"rtcp-fb-nack-pli", track.pli}, std::pair{"rtcp-fb-ccm-fir", track.fir},
             std::pair{"rtcp-fb-transport-cc", track.transport_cc}})
      if (has)
        gst_caps_set_simple (caps.get (), field, G_TYPE_BOOLEAN, TRUE, nullptr);
    if (track.transport_cc_id != 0)
      gst_caps_set_simple (caps.get (),
          ("extmap-" + std::to_string (track.transport_cc_id)).c_str (), G_TYPE_STRING,
          transport_cc_uri, nullptr);
    return caps;
  }
  return {};
}

void
add_stats_of (GstElement *jitter_buffer, NetworkStats &out)
{
  GstStructure *read = nullptr;
  g_object_get (jitter_buffer, "stats", &read, nullptr);
  const Structure stats (read);
  guint64 lost = 0, late = 0, repeated = 0, jitter = 0, rtt = 0;
  gst_structure_get (read, "num-lost", G_TYPE_UINT64, &lost, "num-late", G_TYPE_UINT64, &late,
      "rtx-success-count", G_TYPE_UINT64, &repeated, "avg-jitter", G_TYPE_UINT64, &jitter,
      "rtx-rtt", G_TYPE_UINT64, &rtt, nullptr);
  out.lost += lost;
  out.dropped += late;
  out.retransmitted += repeated;
  out.jitter_ms = std::max (out.jitter_ms, static_cast<double> (jitter) / GST_MSECOND);
  out.rtt_ms = std::max (out.rtt_ms, static_cast<double> (rtt) / GST_MSECOND);
}

} // namespace stagedoor::gate
