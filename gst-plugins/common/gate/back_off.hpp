// SPDX-License-Identifier: LGPL-2.1-or-later
// Remembers from where wrong keys came, and for how long nobody there may try others.
#pragma once

#include <list>
#include <map>

#include "gst-plugins/common/gate.hpp"

namespace stagedoor::gate {

/** One thread at a time. Times are passed in. */
class BackOff
{
public:
  using Time = std::chrono::steady_clock::time_point;

  explicit BackOff (const Limits &limits) : limits_ (limits) {}

  /** How long keys from @p site are still not looked at; 0 when they are. */
  std::chrono::milliseconds left (const IpAddress &site, Time now) const;
  /** A wrong key came from there. Those of before a back-off that arrive within it don't count, or
   * a handful of connections at once would make it as long as it gets. */
  void wrong_key (const IpAddress &site, Time now);
  /** A right one came. */
  void right_key (const IpAddress &site);
  std::size_t sites () const { return sites_.size (); }

private:
  struct Site
  {
    std::size_t wrong = 0;
    Time last{}, until{};
    std::list<IpAddress>::iterator place; // in by_age_
  };

  Site &remember (const IpAddress &site);
  std::chrono::milliseconds length (std::size_t doublings) const;

  const Limits limits_;
  std::map<IpAddress, Site> sites_;
  std::list<IpAddress> by_age_; // the one whose last wrong key is the longest ago comes first
};

} // namespace stagedoor::gate
