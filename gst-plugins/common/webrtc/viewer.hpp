// SPDX-License-Identifier: LGPL-2.1-or-later
// One viewer: media out, feedback in.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gst-plugins/common/webrtc/outgoing_track.hpp"
#include "gst-plugins/common/webrtc/transport.hpp"

namespace stagedoor::webrtc {

class FanOut;

struct ViewerPlan
{
  TransportPlan transport;
  std::string cname;
  std::vector<TrackPlan> tracks;
  bool lacks_video = false, lacks_audio = false; ///< was offered, and there was none to send
};

/** The webrtc thread; times are monotonic microseconds. */
class Viewer final : public Session
{
public:
  Viewer (ViewerPlan plan, std::shared_ptr<FanOut> fan_out, TransportContext context,
      std::int64_t now_us);
  ~Viewer () override;

  const std::string &id () const { return transport_.id (); }
  bool watches (std::size_t track) const;
  bool lacks (bool video) const { return video ? plan_.lacks_video : plan_.lacks_audio; }
  void deliver (std::size_t track, const SharedFrame &frame);
  /** False when all tracks have caught up. */
  bool catch_up ();
  void end (const char *why) { transport_.end (why); }
  bool ended () const { return transport_.ended (); }

  Transport &transport () override { return transport_; }
  void on_connected (std::int64_t now_us) override;
  bool on_rtp (std::span<std::uint8_t>) override { return false; }
  void on_batch_end () override {}
  void on_rtcp (ByteView compound, std::int64_t now_us) override;
  void on_time (std::int64_t now_us) override;
  void on_end (const char *why) override;

private:
  void on_event (const Nack &nack, std::int64_t now_us);
  void on_event (const KeyframeRequest &request, std::int64_t now_us);
  void on_event (const ReceptionReport &report, std::int64_t now_us);
  void on_event (const Goodbye &, std::int64_t) {}
  OutgoingTrack *track_of (std::uint32_t ssrc);
  void account ();
  void start_compound (const OutgoingTrack &track, std::uint64_t ntp, std::int64_t now_us);
  void send_reports (std::int64_t now_us);
  void send_goodbyes (std::int64_t now_us);
  Outlet outlet () { return {transport_.sender (), transport_.srtp (), transport_.destination ()}; }

  ViewerPlan plan_; ///< its transport's part has moved to transport_
  const std::shared_ptr<FanOut> fan_out_;
  Transport transport_;
  std::vector<OutgoingTrack> tracks_; ///< once connected
  std::int64_t next_report_us_ = 0;
  unsigned reports_ = 0;
  Bytes rtcp_; ///< kept for its capacity
};

} // namespace stagedoor::webrtc
