// SPDX-License-Identifier: LGPL-2.1-or-later
// One viewer's copy of one track: sequence numbers, retransmission, start at a key frame.
#pragma once

#include <cstdint>
#include <deque>

#include "gst-plugins/common/webrtc/sender.hpp"
#include "libs/webrtc/history.hpp"
#include "libs/webrtc/rtcp.hpp"
#include "libs/webrtc/srtp.hpp"

namespace stagedoor::webrtc {

struct TrackPlan
{
  std::size_t track; ///< of the feed
  Codec codec;
  std::uint8_t payload_type;
  std::uint32_t ssrc;
  bool nack;
};

int clock_rate (Codec codec);

/** How a viewer's packets leave. */
struct Outlet
{
  Sender &sender;
  SrtpOutbound &srtp;
  const Destination &destination;
};

/** The webrtc thread. */
class OutgoingTrack
{
public:
  OutgoingTrack (
      const TrackPlan &plan, std::uint16_t first_sequence, std::uint32_t timestamp_offset);

  const TrackPlan &plan () const { return plan_; }

  /** Begins with @p frames, which start with a key frame; without any, with the next key frame. */
  void start (std::vector<SharedFrame> frames, std::int64_t now_us);
  /** Sends @p frame, or keeps it for when what came before it is sent, or leaves it out up to a key
   * frame after packets could not be sent. A key frame takes the place of what is still kept. */
  void offer (const SharedFrame &frame, const Outlet &out);
  /** Sends the next share of what start() was given; false when there is nothing left. */
  bool catch_up (const Outlet &out);
  /** Sends again what a NACK asks for, byte for byte, as long as this viewer's share of
   * retransmissions lasts. Returns the number of packets. */
  std::size_t retransmit (
      const Nack &nack, const History &history, const Outlet &out, std::int64_t now_us);

  /** @p rtp_now in the feed's time. */
  SenderInfo sender_info (std::uint64_t ntp, std::uint32_t rtp_now) const;
  bool has_sent () const { return packets_ > 0; }
  struct Sent
  {
    std::uint32_t packets, octets, unsent;
  };
  /** Since the last call. */
  Sent take_sent ();
  /** Packets newly lost by the viewer's account. */
  std::uint32_t lost_since (const ReceptionReport &report);

private:
  void send (const PacketizedFrame &frame, const Outlet &out);
  bool send_packet (const PacketizedFrame &frame, std::size_t payload, const Outlet &out);
  void continue_at (std::uint64_t first_index);

  const TrackPlan plan_;
  const std::uint32_t timestamp_offset_;
  /** Of the next packet: rollover counter and sequence number. */
  std::uint64_t next_;
  /** next_ - running number in the feed, since first_index_: frames left out leave no hole in the
   * sequence numbers, which a receiver would take for loss. */
  std::uint64_t shift_ = 0;
  std::uint64_t first_index_ = 0;
  bool waiting_ = true;      ///< for a key frame
  std::uint32_t unsent_ = 0; ///< counted by Sender
  std::uint32_t unsent_seen_ = 0;
  /** Added to the timestamps of packets before late_until_, in the feed's numbers. */
  std::uint32_t late_ = 0;
  std::uint64_t late_until_ = 0;
  std::deque<SharedFrame> backlog_;
  std::uint32_t packets_ = 0, octets_ = 0; // wrap as those of RTCP do
  Sent taken_{};
  std::int32_t reported_lost_ = 0;
  std::int64_t allowance_ = 0; ///< packets that may be sent again
  std::int64_t allowance_at_ = 0;
};

} // namespace stagedoor::webrtc
