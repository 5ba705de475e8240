// SPDX-License-Identifier: LGPL-2.1-or-later
// From a WHIP publisher's connection to its publication, and what it is asked for on the way back.
#pragma once

#include <span>

#include "gst-plugins/common/gate/loop.hpp"
#include "gst-plugins/common/gate/whip/packet_reader.hpp"
#include "gst-plugins/common/gate/whip/rtp_input.hpp"
#include "gst-plugins/common/webrtc/ingest.hpp"

namespace stagedoor::gate {

/** Destroyed after the connection, and not on a thread that calls it. */
class WhipMedia
{
public:
  /** @p failed: the stream can't be carried; its text is for the publisher. Called on a thread of
   * the pipeline. */
  WhipMedia (std::shared_ptr<LivePublication> publication, webrtc::Ingest &connection,
      std::function<void (std::string)> failed);

  /** Once. An error text, or empty. */
  std::string start (std::chrono::milliseconds latency);
  /** The connection goes. Nothing is sent by it any more. */
  void disconnect ();

  // The webrtc thread.
  void take (std::span<const ByteView> packets);
  void take_rtcp (ByteView compound) { input_->push (compound); }

  /** At most twice a second. Any thread. */
  void request_key_frame ();
  /** Tells the publication how the network does. The gate thread. */
  void measure ();
  Clock::time_point last_heard () const { return last_heard_; } ///< any thread

private:
  void read (std::size_t track, ByteView packet);
  void send (Bytes compound);

  const std::shared_ptr<LivePublication> publication_;
  const webrtc::IncomingPlan plan_;
  const std::function<void (std::string)> failed_;
  PacketReader reader_;
  std::atomic<Clock::time_point> last_heard_ = Clock::now ();
  std::atomic<Clock::time_point> last_asked_ = Clock::time_point ();
  std::mutex connection_mutex_;     // innermost but for the connection's own
  webrtc::Ingest *connection_;      // protected by connection_mutex_
  std::unique_ptr<RtpInput> input_; // goes first: its threads use all the others
};

} // namespace stagedoor::gate
