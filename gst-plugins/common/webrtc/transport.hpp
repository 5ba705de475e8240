// SPDX-License-Identifier: LGPL-2.1-or-later
// One peer's connection: connectivity checks, DTLS handshake, SRTP keys, consent, and where it is.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gst-plugins/common/webrtc/admission.hpp"
#include "gst-plugins/common/webrtc/sender.hpp"
#include "gst-plugins/common/webrtc/session.hpp"
#include "libs/webrtc/dtls.hpp"
#include "libs/webrtc/srtp.hpp"
#include "libs/webrtc/stun.hpp"

namespace stagedoor::webrtc {

struct TransportPlan
{
  std::string id;
  IceCredentials local_ice, remote_ice;
  std::string remote_fingerprint;
  Admission::Ticket ticket;
};

/** What all transports of a worker share. */
struct TransportContext
{
  Sender &sender;
  std::shared_ptr<const DtlsIdentity> identity;
  std::vector<Session *> &received; ///< whose on_batch_end() is to be called
  bool &some_ended;                 ///< set when a transport ends
};

/** The webrtc thread; times are monotonic microseconds. */
class Transport
{
public:
  Transport (TransportPlan plan, TransportContext context, Session &session, std::int64_t now_us);
  ~Transport ();

  /** It allows to end the session, so only its start is logged. */
  const std::string &id () const { return plan_.id; }
  const std::string &local_ufrag () const { return ice_.local ().ufrag; }

  /** Answers a check. True when it was authentic: @p path is this transport's from now on. */
  bool on_check (ByteView packet, const Path &path, std::int64_t now_us);
  /** The next four only from a path that on_check() approved. */
  void on_check_answer (ByteView packet, const Path &path, std::int64_t now_us);
  void on_dtls (ByteView packet, const Path &path, std::int64_t now_us);
  void on_rtp (std::span<std::uint8_t> packet, std::int64_t now_us);
  void on_rtcp (std::span<std::uint8_t> packet, std::int64_t now_us);
  /** Several times a second: DTLS retransmission, the end of a peer who is gone. */
  void on_time (std::int64_t now_us);

  /** Other credentials (RFC 8445 section 9). Those before hold until a check nominates with the
   * new ones. */
  void restart_ice (IceCredentials local, const IceCredentials &remote);

  bool connected () const { return srtp_.has_value (); }
  // While connected:
  const SrtpKeys &keys () const { return dtls_->keys (); }
  Sender &sender () const { return context_.sender; }
  SrtpOutbound &srtp () { return *srtp_; }
  const Destination &destination () const { return destination_; }
  void send_rtcp (ByteView compound);
  /** Asks for Session::on_batch_end(). */
  void note_received () { context_.received.push_back (&session_); }

  /** Says goodbye. What remains is to be destroyed, after the sender's next flush. */
  void end (const char *why);
  bool ended () const { return ended_; }

private:
  void send_plain (ByteView datagram, const Destination &to);
  IceLite::Check examine (ByteView packet, const Path &path);
  void prove (const Path &path);
  void on_handshake_done (std::int64_t now_us);
  bool is_replayed (ByteView packet, const Path &path);
  void on_connected (std::int64_t now_us);

  TransportPlan plan_;
  const TransportContext context_;
  Session &session_;
  const std::int64_t created_us_;
  IceLite ice_;
  std::optional<IceLite> next_ice_; ///< after a restart, until it is nominated
  std::optional<Path> path_;        ///< where media goes, once connected: nominated and proven
  Destination destination_;         ///< of path_
  struct Proof
  {
    Path path;
    IceLite::Transaction transaction;
  };
  std::optional<Proof> proof_;       ///< a check of our own that isn't answered yet
  std::optional<Path> dtls_path_;    ///< where the last DTLS datagram came from
  Destination dtls_destination_;     ///< of dtls_path_
  bool dtls_moved_ = false;          ///< not all of them came from there
  std::int64_t last_heard_us_ = 0;   ///< an authentic check or packet
  std::unique_ptr<DtlsServer> dtls_; ///< from the first DTLS datagram on
  std::optional<SrtpOutbound> srtp_; ///< once connected
  std::optional<SrtcpInbound> srtcp_;
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
