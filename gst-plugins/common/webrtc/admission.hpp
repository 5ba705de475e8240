// SPDX-License-Identifier: LGPL-2.1-or-later
// Bounds how many viewers may have an answer without being connected.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace stagedoor::webrtc {

/** Any thread. */
class Admission : public std::enable_shared_from_this<Admission>
{
public:
  static constexpr std::size_t max_pending = 1024, max_pending_per_address = 64;

  /** Counts as pending until dropped. Null when there are too many, in total or from @p peer.
   * Loopback addresses have no share of their own: behind them is a proxy with everybody's. */
  using Ticket = std::shared_ptr<void>;
  Ticket admit (const std::string &peer);

private:
  void leave (const std::string &peer);

  std::mutex mutex_;                         // innermost
  std::size_t total_ = 0;                    // protected by mutex_
  std::map<std::string, std::size_t> peers_; // protected by mutex_; only those with some
};

} // namespace stagedoor::webrtc
