// SPDX-License-Identifier: LGPL-2.1-or-later
// What rtpbin asks of an RtpInput: formats, retransmissions made whole, and where streams go.
#include <gst/rtp/rtp.h>

#include "gst-plugins/common/gate/whip/mapped.hpp"
#include "gst-plugins/common/gate/whip/rtp_input.hpp"

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
RtpInput::caps_of (unsigned payload_type) const
{
  for (const auto &track : plan_.tracks) {
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

/** Retransmissions become what they repeat after rtpsession has counted them, also those that
 * repeat nothing, and before a jitter buffer is looked for. */
Ref<GstElement>
RtpInput::make_restorer ()
{
  auto *bin = gst_bin_new (nullptr);
  auto *pass = gst_element_factory_make ("identity", nullptr);
  if (pass == nullptr) {
    gst_object_unref (gst_object_ref_sink (bin));
    return {};
  }
  gst_bin_add (GST_BIN (bin), pass);
  g_object_set (pass, "silent", TRUE, nullptr);
  const auto sink = adopt (gst_element_get_static_pad (pass, "sink"));
  const auto src = adopt (gst_element_get_static_pad (pass, "src"));
  gst_pad_add_probe (
      sink.get (), GST_PAD_PROBE_TYPE_BUFFER,
      [] (GstPad *, GstPadProbeInfo *info, gpointer self) {
        return static_cast<RtpInput *> (self)->on_received (info);
      },
      this, nullptr);
  gst_element_add_pad (bin, gst_ghost_pad_new ("sink_0", sink.get ()));
  gst_element_add_pad (bin, gst_ghost_pad_new ("src_0", src.get ()));
  return adopt (bin); // floating, as the signal wants it
}

GstPadProbeReturn
RtpInput::on_received (GstPadProbeInfo *info)
{
  const auto received = share (GST_PAD_PROBE_INFO_BUFFER (info)); // for as long as it is mapped
  const Mapped bytes (received.get ());
  const auto packet = webrtc::parse_rtp (bytes.view ());
  if (!packet)
    return GST_PAD_PROBE_DROP;
  for (std::size_t track = 0; track < plan_.tracks.size (); ++track) {
    const auto &known = plan_.tracks[track];
    if (known.rtx_payload_type != packet->payload_type)
      continue;
    const auto ssrc = filter_.source (track);
    const auto restored = ssrc ? webrtc::restore (*packet, *ssrc, known.payload_type) : Bytes{};
    if (restored.empty ())
      return GST_PAD_PROBE_DROP;
    auto buffer = copied (restored);
    gst_buffer_copy_into (buffer.get (), received.get (), GST_BUFFER_COPY_TIMESTAMPS, 0, -1);
    GST_BUFFER_FLAG_SET (buffer.get (), GST_RTP_BUFFER_FLAG_RETRANSMISSION);
    gst_buffer_unref (GST_PAD_PROBE_INFO_BUFFER (info));
    info->data = buffer.release ();
    return GST_PAD_PROBE_OK;
  }
  return GST_PAD_PROBE_OK;
}

/** On the queue's thread. */
void
RtpInput::set_up (GstElement *jitter_buffer, std::uint32_t ssrc)
{
  for (std::size_t track = 0; track < plan_.tracks.size (); ++track) {
    if (filter_.source (track) != ssrc)
      continue;
    g_object_set (jitter_buffer, "do-retransmission", plan_.tracks[track].nack,
        "faststart-min-packets", 1u, nullptr);
    const std::lock_guard lock (mutex_);
    jitter_buffers_[track] = Ref<GstElement>::share (jitter_buffer);
  }
}

/** "recv_rtp_src_SESSION_SSRC_PT". */
void
RtpInput::link (GstPad *pad)
{
  const std::string name (GST_PAD_NAME (pad));
  if (!name.starts_with ("recv_rtp_src_"))
    return;
  const auto payload_type = name.substr (name.rfind ('_') + 1);
  for (auto &output : outputs_) {
    if (std::to_string (plan_.tracks[output.track].payload_type) != payload_type)
      continue;
    const auto old = adopt (gst_pad_get_peer (output.pad.get ()));
    if (old)
      gst_pad_unlink (old.get (), output.pad.get ());
    gst_pad_link_full (pad, output.pad.get (), GST_PAD_LINK_CHECK_NOTHING);
  }
}

} // namespace stagedoor::gate
