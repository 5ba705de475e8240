// SPDX-License-Identifier: LGPL-2.1-or-later
// Counts a gate's connections and wrong keys, in total and per address, and says which may stay.
#pragma once

#include <list>
#include <map>
#include <optional>

#include "gst-plugins/common/gate/back_off.hpp"

namespace stagedoor::gate {

/** Thread safe. */
class Doorkeeper
{
public:
  using Id = std::uint64_t;

  explicit Doorkeeper (const Limits &limits) : limits_ (limits), back_off_ (limits) {}

  /** Why nobody more may come in from @p ip; empty when one may. */
  std::string objection (const IpAddress &ip) const;
  /** Who must leave because @p id came in, if anybody. */
  std::optional<Id> enter (Id id, const IpAddress &ip);
  /** Likewise, with a key that holds: nobody must leave. */
  void enter_authenticated (Id id, const IpAddress &ip);
  void authenticated (Id id);
  void leave (Id id);

  /** The one that has waited longest without showing a key. */
  std::optional<Id> oldest_unauthenticated () const;
  std::size_t size () const;

  /** As in BackOff, for the address's site and now. */
  std::chrono::milliseconds back_off (const IpAddress &ip) const;
  void wrong_key (const IpAddress &ip);
  void right_key (const IpAddress &ip);

private:
  struct Count
  {
    std::size_t all = 0, waiting = 0;
  };
  struct Guest
  {
    IpAddress site;
    std::optional<std::list<Id>::iterator> waiting;
  };

  void stop_waiting (Guest &guest);

  const Limits limits_;
  mutable std::mutex mutex_; // innermost; libsrt's threads take it, too
  // Protected by mutex_:
  std::map<Id, Guest> guests_;
  std::map<IpAddress, Count> sites_;
  std::list<Id> waiting_; // not authenticated; oldest first
  BackOff back_off_;
};

} // namespace stagedoor::gate
