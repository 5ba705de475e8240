// SPDX-License-Identifier: LGPL-2.1-or-later
// One viewer: connectivity checks, DTLS handshake, media out, feedback in.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gst-plugins/common/webrtc/admission.hpp"
#include "gst-plugins/common/webrtc/outgoing_track.hpp"
#include "libs/webrtc/dtls.hpp"
#include "libs/webrtc/stun.hpp"

namespace stagedoor::webrtc {

class FanOut;

struct SessionPlan
{
  std::string id;
  IceCredentials local_ice, remote_ice;
  std::string remote_fingerprint;
  std::string cname;
  std::vector<TrackPlan> tracks;
  bool lacks_video = false, lacks_audio = false; ///< was offered, and there was none to send
  Admission::Ticket ticket;
};

/** What all sessions of a worker share. */
struct SessionContext
{
  Sender &sender;
  std::shared_ptr<const DtlsIdentity> identity;
  bool &some_ended; ///< set when a session ends
};

/** The webrtc thread; times are monotonic microseconds. */
class Session
{
public:
  Session (SessionPlan plan, std::shared_ptr<FanOut> fan_out, SessionContext context,
      std::int64_t now_us);
  ~Session ();

  const std::string &id () const { return plan_.id; }
  const std::string &local_ufrag () const { return ice_.local ().ufrag; }
  FanOut &fan_out () const { return *fan_out_; }

  /** Answers a check. True when it was authentic: @p path is this session's from now on. */
  bool on_check (ByteView packet, const Path &path, std::int64_t now_us);
  /** The next three only from a path that on_check() approved. */
  void on_check_answer (ByteView packet, const Path &path, std::int64_t now_us);
  void on_dtls (ByteView packet, const Path &path, std::int64_t now_us);
  void on_rtcp (std::span<std::uint8_t> packet, std::int64_t now_us);
  /** Several times a second: reports, DTLS retransmission, the end of a viewer who is gone. */
  void on_time (std::int64_t now_us);

  bool watches (std::size_t track) const;
  bool lacks (bool video) const { return video ? plan_.lacks_video : plan_.lacks_audio; }
  void deliver (std::size_t track, const SharedFrame &frame);
  /** False when all tracks have caught up. */
  bool catch_up ();

  /** Says goodbye. What remains is to be destroyed, after the sender's next flush. */
  void end (const char *why);
  bool ended () const { return ended_; }

private:
  void send_plain (ByteView datagram, const Destination &to);
  void prove (const Path &path);
  void on_handshake_done (std::int64_t now_us);
  bool is_replayed (ByteView packet, const Path &path);
  void on_connected (std::int64_t now_us);
  void on_event (const Nack &nack, std::int64_t now_us);
  void on_event (const KeyframeRequest &request, std::int64_t now_us);
  void on_event (const ReceptionReport &report, std::int64_t now_us);
  void on_event (const Goodbye &, std::int64_t) {}
  OutgoingTrack *track_of (std::uint32_t ssrc);
  void account ();
  void start_compound (const OutgoingTrack &track, std::uint64_t ntp, std::int64_t now_us);
  void send_reports (std::int64_t now_us);
  void send_goodbyes (std::int64_t now_us);
  void send_rtcp ();
  Outlet outlet () { return {context_.sender, *srtp_, destination_}; }

  SessionPlan plan_;
  const std::shared_ptr<FanOut> fan_out_;
  const SessionContext context_;
  const std::int64_t created_us_;
  IceLite ice_;
  std::optional<Path> path_; ///< where media goes, once connected: nominated and proven
  Destination destination_;  ///< of path_
  struct Proof
  {
    Path path;
    IceLite::Transaction transaction;
  };
  std::optional<Proof> proof_;       ///< a check of our own that isn't answered yet
  std::optional<Path> dtls_path_;    ///< where the last DTLS datagram came from
  Destination dtls_destination_;     ///< of dtls_path_
  bool dtls_moved_ = false;          ///< not all of them came from there
  std::int64_t last_heard_us_ = 0;   ///< an authentic check or RTCP packet
  std::unique_ptr<DtlsServer> dtls_; ///< from the first DTLS datagram on
  std::optional<SrtpOutbound> srtp_; ///< once connected
  std::optional<SrtcpInbound> srtcp_;
  std::vector<OutgoingTrack> tracks_;
  std::int64_t next_report_us_ = 0;
  unsigned reports_ = 0;
  Bytes rtcp_; ///< kept for its capacity
  bool ended_ = false;

  struct SeenCheck
  {
    std::size_t transaction; ///< hash
    std::size_t path;        ///< hash
  };
  std::array<SeenCheck, 64> seen_{};
  std::size_t seen_next_ = 0;
};

} // namespace stagedoor::webrtc
