// SPDX-License-Identifier: LGPL-2.1-or-later
// `appsrc ! rtpbin`, watched by pad probes.
#include "gst-plugins/common/gate/whip/rtp_input.hpp"

#include <gst/app/app.h>
#include <gst/rtp/rtp.h>

#include "gst-plugins/common/gate/loop.hpp"
#include "gst-plugins/common/gate/whip/mapped.hpp"
#include "gst-plugins/common/gate/whip/rtp_caps.hpp"

GST_DEBUG_CATEGORY_EXTERN (stage_gate_debug);
#define GST_CAT_DEFAULT stage_gate_debug

namespace stagedoor::gate {
namespace {

/** What arrives while the pipeline is busy. */
constexpr guint64 most_queued_bytes = 4 * 1024 * 1024;
/** After each early feedback the next has to wait for a report (RFC 4585 section 3.5.3), but what
 * is lost can't. */
constexpr guint64 report_interval = 50 * GST_MSECOND;
constexpr double report_bandwidth = 128'000; // bits per second
constexpr guint profile_avpf = 3;            // GstRTPProfile, which has no public header

/** RFC 5761 section 4: RTCP's packet types are no RTP payload types. */
bool
is_rtcp (ByteView packet)
{
  return packet.size () > 1 && packet[1] >= 192 && packet[1] <= 223;
}

Ref<GstBuffer>
copied (ByteView bytes)
{
  return adopt (gst_buffer_new_memdup (bytes.data (), bytes.size ()));
}

/** Rtpbin would make a source of each contributor, and keep it for long. Null when there is
 * nothing. */
Ref<GstBuffer>
copied_plain (ByteView packet)
{
  if (packet.empty ())
    return {};
  if (is_rtcp (packet) || (packet[0] & 0x0f) == 0)
    return copied (packet);
  const auto plain = webrtc::without_contributors (packet);
  return plain.empty () ? Ref<GstBuffer> () : copied (plain);
}

void
say_caps (GstPad *pad, const char *media_type)
{
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  const auto caps = adopt (gst_caps_new_empty_simple (media_type));
  gst_pad_push_event (pad, gst_event_new_stream_start ("stagedoor-rtcp"));
  gst_pad_push_event (pad, gst_event_new_caps (caps.get ()));
  gst_pad_push_event (pad, gst_event_new_segment (&segment));
}

/** Nobody listens to this pipeline's bus. */
GstBusSyncReply
on_message (GstBus *, GstMessage *message, gpointer calls)
{
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    GError *error = nullptr;
    gst_message_parse_error (message, &error, nullptr);
    const Error owned (error);
    static_cast<const RtpInput::Calls *> (calls)->failed (error->message);
  }
  gst_message_unref (message);
  return GST_BUS_DROP;
}

template <class T>
T *
self_of (gpointer data)
{
  return static_cast<T *> (data);
}

} // namespace

std::unique_ptr<RtpInput>
RtpInput::open (const webrtc::IncomingPlan &plan, std::chrono::milliseconds latency, Calls calls,
    std::string &error)
{
  std::unique_ptr<RtpInput> self (new RtpInput (plan, latency, std::move (calls)));
  if (!self->build ()) {
    error = "GStreamer's rtpbin or appsrc isn't installed";
    return nullptr;
  }
  self->connect_signals ();
  self->start ();
  return self;
}

RtpInput::RtpInput (
    const webrtc::IncomingPlan &plan, std::chrono::milliseconds latency, Calls calls)
    : plan_ (plan), latency_ (latency), calls_ (std::move (calls)),
      clock_ (adopt (gst_system_clock_obtain ())), filter_ (plan),
      jitter_buffers_ (plan.tracks.size ())
{
}

RtpInput::~RtpInput ()
{
  if (!pipeline_)
    return;
  gst_element_set_state (pipeline_.get (), GST_STATE_NULL);
  for (auto &output : outputs_)
    gst_pad_set_active (output.pad.get (), FALSE);
  for (auto *pad : {&reports_in_, &feedback_})
    if (*pad)
      gst_pad_set_active (pad->get (), FALSE);
}

Ref<GstPad>
RtpInput::make_pad (const char *name, GstPadDirection direction, gpointer owner)
{
  // Without a template a pad takes no other caps than its first.
  const auto any = adopt (gst_caps_new_any ());
  auto *templ = gst_pad_template_new (name, direction, GST_PAD_ALWAYS, any.get ());
  auto pad = Ref<GstPad>::sink (gst_pad_new_from_template (templ, name));
  gst_object_unref (gst_object_ref_sink (templ));
  gst_pad_set_element_private (pad.get (), owner);
  gst_pad_set_active (pad.get (), TRUE);
  return pad;
}

bool
RtpInput::build ()
{
  pipeline_ = Ref<GstElement>::sink (gst_pipeline_new (nullptr));
  queue_ = gst_element_factory_make ("appsrc", nullptr);
  bin_ = gst_element_factory_make ("rtpbin", nullptr);
  for (auto *element : {queue_, bin_})
    if (element != nullptr)
      gst_bin_add (GST_BIN (pipeline_.get ()), element);
  if (queue_ == nullptr || bin_ == nullptr)
    return false;
  g_object_set (queue_, "format", GST_FORMAT_TIME, "is-live", TRUE, "max-bytes", most_queued_bytes,
      "leaky-type", GST_APP_LEAKY_TYPE_UPSTREAM, nullptr);
  g_object_set (bin_, "latency", static_cast<guint> (latency_.count ()), "rtp-profile",
      profile_avpf, nullptr);
  gst_app_src_set_caps (
      GST_APP_SRC (queue_), rtp_caps (plan_, plan_.tracks[0].payload_type).get ());
  outputs_.resize (plan_.tracks.size ());
  for (std::size_t track = 0; track < outputs_.size (); ++track) {
    auto &output = outputs_[track];
    output = {this, track, make_pad ("packets", GST_PAD_SINK, &output)};
    gst_pad_set_chain_function (
        output.pad.get (), +[] (GstPad *pad, GstObject *, GstBuffer *buffer) -> GstFlowReturn {
          const auto *out = self_of<Output> (gst_pad_get_element_private (pad));
          const auto owned = adopt (buffer);
          const Mapped bytes (buffer);
          out->input->calls_.packet (out->track, bytes.view ());
          return GST_FLOW_OK;
        });
  }
  return true;
}

void
RtpInput::connect_signals ()
{
  g_signal_connect (bin_, "request-pt-map",
      G_CALLBACK (+[] (GstElement *, guint, guint payload_type, gpointer self) -> GstCaps * {
        return rtp_caps (self_of<RtpInput> (self)->plan_, payload_type).release ();
      }),
      this);
  g_signal_connect (bin_, "request-aux-receiver",
      G_CALLBACK (+[] (GstElement *, guint, gpointer self) -> GstElement * {
        return self_of<RtpInput> (self)->make_restorer ().release ();
      }),
      this);
  g_signal_connect (bin_, "new-jitterbuffer",
      G_CALLBACK (+[] (GstElement *, GstElement *buffer, guint, guint ssrc, gpointer self) {
        self_of<RtpInput> (self)->set_up (buffer, ssrc);
      }),
      this);
  g_signal_connect (bin_, "pad-added", G_CALLBACK (+[] (GstElement *, GstPad *pad, gpointer self) {
    self_of<RtpInput> (self)->link (pad);
  }),
      this);
  const auto bus = adopt (gst_element_get_bus (pipeline_.get ()));
  gst_bus_set_sync_handler (bus.get (), on_message, const_cast<Calls *> (&calls_), nullptr);
}

void
RtpInput::start ()
{
  const auto entrance = adopt (gst_element_request_pad_simple (bin_, "recv_rtp_sink_0"));
  const auto reports = adopt (gst_element_request_pad_simple (bin_, "recv_rtcp_sink_0"));
  const auto feedback = adopt (gst_element_request_pad_simple (bin_, "send_rtcp_src_0"));
  const auto queued = adopt (gst_element_get_static_pad (queue_, "src"));
  reports_in_ = make_pad ("reports", GST_PAD_SRC, this);
  feedback_ = make_pad ("feedback", GST_PAD_SINK, this);
  gst_pad_set_chain_function (
      feedback_.get (), +[] (GstPad *pad, GstObject *, GstBuffer *buffer) -> GstFlowReturn {
        const auto *self = self_of<RtpInput> (gst_pad_get_element_private (pad));
        const auto owned = adopt (buffer);
        const Mapped mapped (buffer);
        const auto bytes = mapped.view ();
        self->calls_.rtcp ({bytes.begin (), bytes.end ()});
        return GST_FLOW_OK;
      });
  gst_pad_add_probe (
      queued.get (), GST_PAD_PROBE_TYPE_BUFFER,
      [] (GstPad *, GstPadProbeInfo *info, gpointer self) {
        return self_of<RtpInput> (self)->on_queued (info);
      },
      this, nullptr);
  gst_pad_link (queued.get (), entrance.get ());
  gst_pad_link (reports_in_.get (), reports.get ());
  gst_pad_link (feedback.get (), feedback_.get ());
  GObject *session = nullptr;
  g_signal_emit_by_name (bin_, "get-internal-session", 0u, &session);
  if (session != nullptr)
    g_object_set (session, "probation", 0u, // the filter knows who may send
        "rtcp-min-interval", report_interval, "rtcp-fraction", report_bandwidth, nullptr);
  g_clear_object (&session);
  gst_pipeline_use_clock (GST_PIPELINE (pipeline_.get ()), clock_.get ());
  gst_element_set_start_time (pipeline_.get (), GST_CLOCK_TIME_NONE);
  gst_element_set_base_time (pipeline_.get (), gst_clock_get_time (clock_.get ()));
  handed_over (this);
  gst_element_set_state (pipeline_.get (), GST_STATE_PLAYING);
  say_caps (reports_in_.get (), "application/x-rtcp");
}

void
RtpInput::push (ByteView packet_or_compound)
{
  auto buffer = copied_plain (packet_or_compound);
  if (!buffer)
    return;
  GST_BUFFER_PTS (buffer.get ()) =
      gst_clock_get_time (clock_.get ()) - gst_element_get_base_time (pipeline_.get ());
  GST_BUFFER_DTS (buffer.get ()) = GST_BUFFER_PTS (buffer.get ());
  gst_app_src_push_buffer (GST_APP_SRC (queue_), buffer.release ());
}

GstPadProbeReturn
RtpInput::on_queued (GstPadProbeInfo *info)
{
  taken_over (this);
  const Mapped bytes (GST_PAD_PROBE_INFO_BUFFER (info));
  if (!is_rtcp (bytes.view ()))
    return on_rtp (bytes.view ());
  on_rtcp (bytes.view ());
  return GST_PAD_PROBE_DROP;
}

GstPadProbeReturn
RtpInput::on_rtp (ByteView packet)
{
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds> (Clock::now ().time_since_epoch ());
  const auto passed = filter_.take (packet, now.count ());
  if (!passed)
    return GST_PAD_PROBE_DROP;
  if (passed->gone && !passed->retransmission)
    g_signal_emit_by_name (bin_, "clear-ssrc", 0u, *passed->gone);
  ++received_;
  return GST_PAD_PROBE_OK;
}

/** Only what rtpbin measures by; it would put the tracks in sync, too, but knows no common
 * timeline. */
void
RtpInput::on_rtcp (ByteView compound)
{
  for (const auto &report : filter_.take_rtcp (compound)) {
    gst_pad_push (reports_in_.get (), copied (report.block).release ());
    calls_.report (report);
  }
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
        return self_of<RtpInput> (self)->on_received (info);
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
  taken_over (this);
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
  taken_over (this);
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

void
RtpInput::request_key_frame ()
{
  for (auto &output : outputs_) {
    const auto &track = plan_.tracks[output.track];
    if (!track.video || (!track.pli && !track.fir))
      continue;
    ++key_frame_requests_;
    gst_pad_push_event (output.pad.get (),
        gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
            gst_structure_new ("GstForceKeyUnit", "all-headers", G_TYPE_BOOLEAN, TRUE, nullptr)));
  }
}

NetworkStats
RtpInput::stats () const
{
  decltype (jitter_buffers_) buffers;
  {
    const std::lock_guard lock (mutex_);
    buffers = jitter_buffers_;
  }
  NetworkStats out;
  out.received = received_;
  out.key_frame_requests = key_frame_requests_;
  out.latency_ms = static_cast<int> (latency_.count ());
  for (const auto &buffer : buffers)
    if (buffer)
      add_stats_of (buffer.get (), out);
  return out;
}

} // namespace stagedoor::gate
