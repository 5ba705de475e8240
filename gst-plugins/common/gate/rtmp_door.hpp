// SPDX-License-Identifier: LGPL-2.1-or-later
// An RTMP or RTMPS listener of a gate and its connections.
#pragma once

#include <array>
#include <map>

#include "gst-plugins/common/gate/connection.hpp"
#include "gst-plugins/common/gate/door.hpp"

namespace stagedoor::gate {

/** Gate thread, but for what is marked. The core outlives it. */
class RtmpDoor final : public Door, public std::enable_shared_from_this<RtmpDoor>
{
public:
  enum class Takes { all, tls_only };

  /** Takes TLS when there is a certificate. Any thread. */
  static OpenedDoor open (
      Core &core, const Endpoint &at, Takes takes, const std::shared_ptr<Certificate> &certificate);
  /** Says farewell to nobody: the publishers were told before. */
  ~RtmpDoor () override;

  // For Connection.
  Core &core () { return core_; }
  std::uint16_t port () const override { return port_; } ///< any thread
  const std::shared_ptr<Certificate> &certificate () const { return certificate_; }
  Takes takes () const { return takes_; }
  /** Whether a connection may do a step of a TLS handshake now; otherwise in the loop's next turn.
   * A flood of signatures would hold up those who publish. */
  bool may_shake_hands ();
  void bury (std::uint64_t id);
  std::span<std::uint8_t> scratch () { return scratch_; } ///< for one read

private:
  RtmpDoor (
      Core &core, Socket listening, Takes takes, const std::shared_ptr<Certificate> &certificate);

  void listen ();
  void accept_some ();
  void let_in (Socket socket);
  void pause_accepting ();

  Core &core_;
  const Socket listening_;
  const std::uint16_t port_;
  const Takes takes_;
  const std::shared_ptr<Certificate> certificate_; // or null
  int handshakes_ = 0;                             // steps in this turn
  Source acceptable_;
  Loop::Timer accept_again_;
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> graveyard_;
  std::array<std::uint8_t, 64 * 1024> scratch_;
};

} // namespace stagedoor::gate
