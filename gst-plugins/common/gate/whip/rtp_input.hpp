// SPDX-License-Identifier: LGPL-2.1-or-later
// A publisher's RTP through GStreamer's rtpbin: jitter buffers, retransmission, feedback. Packets
// come out in order.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>

#include "gst-plugins/common/gate/live_publication.hpp"
#include "libs/webrtc/incoming_filter.hpp"

namespace stagedoor::gate {

/** A private pipeline: `appsrc ! rtpbin`, which ends in pads of ours. RTP and RTCP enter by one
 * queue, whose thread filters them, so that rtpbin only ever sees one source per track; it has a
 * thread for RTCP and two per track. */
class RtpInput
{
public:
  struct Calls
  {
    /** An RTP packet, in order; one thread per track. */
    std::function<void (std::size_t track, ByteView packet)> packet;
    /** The queue's thread. */
    std::function<void (const webrtc::SenderReport &)> report;
    /** To be sent to the publisher. The thread for RTCP. */
    std::function<void (Bytes compound)> rtcp;
    /** The pipeline can't go on. Any of its threads. */
    std::function<void (std::string why)> failed;
  };

  /** @p latency: how long what is lost may take to come again. Null, and a text in @p error, when
   * an element of GStreamer's is missing. */
  static std::unique_ptr<RtpInput> open (const webrtc::IncomingPlan &plan,
      std::chrono::milliseconds latency, Calls calls, std::string &error);
  /** No call is running or comes afterwards. Not on the pipeline's own threads. */
  ~RtpInput ();

  /** Never blocks: what is too much is lost. One thread at a time. */
  void push (ByteView packet_or_compound);
  /** By PLI or FIR, as agreed. Any thread but those of video's consumers may wait for it. */
  void request_key_frame ();
  NetworkStats stats () const; ///< any thread

private:
  struct Output
  {
    RtpInput *input;
    std::size_t track;
    Ref<GstPad> pad;
  };

  RtpInput (const webrtc::IncomingPlan &plan, std::chrono::milliseconds latency, Calls calls);
  bool build ();
  void connect_signals ();
  void start ();
  Ref<GstPad> make_pad (const char *name, GstPadDirection direction, gpointer owner);
  GstPadProbeReturn on_queued (GstPadProbeInfo *info);
  GstPadProbeReturn on_rtp (ByteView packet);
  void on_rtcp (ByteView compound);
  Ref<GstElement> make_restorer ();
  GstPadProbeReturn on_received (GstPadProbeInfo *info);
  void set_up (GstElement *jitter_buffer, std::uint32_t ssrc);
  void link (GstPad *pad);

  const webrtc::IncomingPlan plan_;
  const std::chrono::milliseconds latency_;
  const Calls calls_;
  const Ref<GstClock> clock_;
  Ref<GstElement> pipeline_;
  GstElement *queue_ = nullptr, *bin_ = nullptr; // the pipeline's
  Ref<GstPad> reports_in_, feedback_;
  std::vector<Output> outputs_;                 // by track
  webrtc::IncomingFilter filter_;               // the queue's thread
  mutable std::mutex mutex_;                    // innermost
  std::vector<Ref<GstElement>> jitter_buffers_; // by track; protected by mutex_
  std::atomic<std::uint64_t> received_ = 0, key_frame_requests_ = 0;
};

} // namespace stagedoor::gate
