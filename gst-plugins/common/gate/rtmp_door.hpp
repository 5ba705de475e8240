// SPDX-License-Identifier: LGPL-2.1-or-later
// The RTMP listener of a gate and its connections.
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
  static OpenedDoor open (Core &core, const Endpoint &at); ///< any thread
  /** Says farewell to nobody: the publishers were told before. */
  ~RtmpDoor () override;

  // For Connection.
  Core &core () { return core_; }
  std::uint16_t port () const override { return port_; } ///< any thread
  void bury (std::uint64_t id);
  std::span<std::uint8_t> scratch () { return scratch_; } ///< for one read

private:
  RtmpDoor (Core &core, Socket listening);

  void listen ();
  void accept_some ();
  void let_in (Socket socket);
  void pause_accepting ();
  Connection *find (std::uint64_t id);

  Core &core_;
  const Socket listening_;
  const std::uint16_t port_;
  Source acceptable_;
  Loop::Timer accept_again_;
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> graveyard_;
  std::array<std::uint8_t, 64 * 1024> scratch_;
};

} // namespace stagedoor::gate
