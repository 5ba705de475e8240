// SPDX-License-Identifier: LGPL-2.1-or-later
// Bounds how many viewers or publishers a port has, and how many of them have an answer without
// being connected.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "libs/base/address.hpp"

namespace stagedoor::webrtc {

/** Any thread. */
class Admission : public std::enable_shared_from_this<Admission>
{
public:
  static constexpr std::size_t max_viewers = 10'000, max_viewers_per_address = 500;
  static constexpr std::size_t max_pending = 1024, max_pending_per_address = 64;

  struct Limits
  {
    const char *whom; ///< plural
    std::size_t all, per_address, pending, pending_per_address;
  };
  static constexpr Limits viewers{
      "viewers", max_viewers, max_viewers_per_address, max_pending, max_pending_per_address};
  static constexpr Limits publishers{"publishers", 1000, 100, 128, 16};

  explicit Admission (const Limits &limits = viewers) : limits_ (limits) {}

  /** What one of them holds until its end; made by admit(). Any thread. */
  class Place
  {
  public:
    Place (std::shared_ptr<Admission> admission, const IpAddress &site);
    ~Place ();

    /** It is pending no longer. False when it was lost before. */
    bool connect ();
    /** A newcomer has it: too many are pending, and this one has been for longest. */
    bool is_lost () const;

  private:
    friend class Admission;

    const std::shared_ptr<Admission> admission_;
    const IpAddress site_;
    std::optional<std::list<Place *>::iterator> waiting_; // protected by Admission's mutex_
    bool lost_ = false;                                   // protected by Admission's mutex_
  };
  using Ticket = std::shared_ptr<Place>;

  /** Why not when there are too many, in total or from @p peer (an IPv6 address counts as its /64).
   * Loopback addresses have no share of their own, behind them is a proxy with everybody's; nor has
   * an empty @p peer, which isn't known. */
  tl::expected<Ticket, std::string> admit (const std::string &peer);

private:
  struct Count
  {
    std::size_t all = 0, pending = 0;
  };

  std::string objection (const IpAddress &site, bool is_of_many) const;
  void stop_waiting (Place &place);
  void leave (Place &place);

  const Limits limits_;
  mutable std::mutex mutex_; // innermost
  // Protected by mutex_:
  std::size_t total_ = 0;
  std::map<IpAddress, Count> sites_; // only those with some
  std::list<Place *> waiting_;       // pending; oldest first
};

} // namespace stagedoor::webrtc
