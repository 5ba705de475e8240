// SPDX-License-Identifier: LGPL-2.1-or-later
// Bounds how many viewers may have an answer without being connected.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "libs/base/address.hpp"

namespace stagedoor::webrtc {

/** Any thread. */
class Admission : public std::enable_shared_from_this<Admission>
{
public:
  static constexpr std::size_t max_pending = 1024, max_pending_per_address = 64;

  /** Counts as pending until dropped. Null when there are too many, in total or from @p peer (an
   * IPv6 address counts as its /64). Loopback addresses have no share of their own, behind them is
   * a proxy with everybody's; nor has an empty @p peer, which isn't known. */
  using Ticket = std::shared_ptr<void>;
  Ticket admit (const std::string &peer);

private:
  void leave (const IpAddress &site);

  std::mutex mutex_;                       // innermost
  std::size_t total_ = 0;                  // protected by mutex_
  std::map<IpAddress, std::size_t> sites_; // protected by mutex_; only those with some
};

} // namespace stagedoor::webrtc
