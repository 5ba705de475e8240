// SPDX-License-Identifier: LGPL-2.1-or-later
// RTP as a publisher by WHIP sends it, and what stands behind the transport on our side.
#pragma once

#include <functional>
#include <mutex>
#include <thread>

#include "gst-plugins/common/gate/whip/packet_reader.hpp"
#include "gst-plugins/common/gate/whip/rtp_input.hpp"
#include "tests/check/gate/fixture.hpp"

namespace stagedoor::test {

constexpr std::uint32_t video_ssrc = 0x11111111, audio_ssrc = 0x22222222, rtx_ssrc = 0x33333333;
constexpr std::uint8_t video_type = 96, rtx_type = 97, audio_type = 111;

/** The packets that @p encoders, in gst-launch's way up to a payloader, make of 30 pictures a
 * second. */
std::vector<Bytes> video_packets (const std::string &encoder, int frames);
std::vector<Bytes> audio_packets (int frames); ///< Opus, 20 ms each
/** As a retransmission, RFC 4588. */
Bytes as_retransmission (const Bytes &packet, std::uint16_t sequence);
Bytes sender_report (std::uint32_t ssrc, std::uint64_t ntp, std::uint32_t rtp);

webrtc::IncomingPlan plan_of (webrtc::Codec video, bool with_audio = true);

/** A publication, its reader and its input. */
class Studio
{
public:
  explicit Studio (webrtc::IncomingPlan plan,
      std::chrono::milliseconds latency = std::chrono::milliseconds (200));
  ~Studio ();

  gate::RtpInput &input () { return *input_; }
  gate::LivePublication &publication () { return publication_; }
  void push (const Bytes &packet) { input_->push (packet); }

  /** What came out so far of @p track. */
  std::vector<gate::Frame> frames (gate::Track track) const;
  std::vector<gate::TrackCaps> caps () const;
  /** Waits for as many. */
  std::vector<gate::Frame> wait_for (gate::Track track, std::size_t count) const;
  /** Whether a compound packet with a block of @p type and @p format was sent. */
  bool sent (std::uint8_t type, std::uint8_t format) const;
  std::vector<Bytes> rtcp () const;
  int key_frames_needed () const { return key_frames_needed_; }
  std::string failure () const;

private:
  gate::LivePublication publication_;
  gate::PacketReader reader_;
  std::unique_ptr<gate::RtpInput> input_;
  mutable std::mutex mutex_;
  // Protected by mutex_:
  std::vector<gate::Frame> frames_;
  std::vector<gate::TrackCaps> caps_;
  std::vector<Bytes> rtcp_;
  std::string failure_;
  gate::Interrupt over_;
  std::thread consumer_;
  std::atomic<int> key_frames_needed_ = 0;
};

} // namespace stagedoor::test
