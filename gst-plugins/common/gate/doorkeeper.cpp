// SPDX-License-Identifier: LGPL-2.1-or-later
// Bounds on connections and wrong keys.
#include "gst-plugins/common/gate/doorkeeper.hpp"

#include <algorithm>

namespace stagedoor::gate {

std::string
Doorkeeper::objection (const IpAddress &ip) const
{
  const std::lock_guard lock (mutex_);
  if (guests_.size () >= limits_.connections)
    return "this server has " + std::to_string (limits_.connections)
           + " connections, which is its limit";
  const auto site = sites_.find (ip.site ());
  if (site != sites_.end () && site->second.all >= limits_.connections_per_address)
    return "your address has " + std::to_string (limits_.connections_per_address)
           + " connections, which is the limit";
  return {};
}

std::optional<Doorkeeper::Id>
Doorkeeper::enter (Id id, const IpAddress &ip)
{
  const std::lock_guard lock (mutex_);
  const auto site = ip.site ();
  auto &count = sites_[site];
  ++count.all;
  ++count.waiting;
  guests_[id] = {site, waiting_.insert (waiting_.end (), id)};
  if (count.waiting > limits_.unauthenticated_per_address)
    return *std::find_if (
        waiting_.begin (), waiting_.end (), [&] (Id other) { return guests_[other].site == site; });
  if (waiting_.size () > limits_.unauthenticated)
    return waiting_.front ();
  return std::nullopt;
}

void
Doorkeeper::enter_authenticated (Id id, const IpAddress &ip)
{
  const std::lock_guard lock (mutex_);
  const auto site = ip.site ();
  ++sites_[site].all;
  guests_[id] = {site, std::nullopt};
}

void
Doorkeeper::stop_waiting (Guest &guest)
{
  if (!guest.waiting)
    return;
  waiting_.erase (*guest.waiting);
  guest.waiting.reset ();
  --sites_[guest.site].waiting;
}

void
Doorkeeper::authenticated (Id id)
{
  const std::lock_guard lock (mutex_);
  stop_waiting (guests_[id]);
}

void
Doorkeeper::leave (Id id)
{
  const std::lock_guard lock (mutex_);
  const auto guest = guests_.find (id);
  if (guest == guests_.end ())
    return;
  stop_waiting (guest->second);
  const auto site = sites_.find (guest->second.site);
  if (--site->second.all == 0)
    sites_.erase (site);
  guests_.erase (guest);
}

std::size_t
Doorkeeper::size () const
{
  const std::lock_guard lock (mutex_);
  return guests_.size ();
}

std::optional<Doorkeeper::Id>
Doorkeeper::oldest_unauthenticated () const
{
  const std::lock_guard lock (mutex_);
  return waiting_.empty () ? std::nullopt : std::optional (waiting_.front ());
}

std::chrono::milliseconds
Doorkeeper::back_off (const IpAddress &ip) const
{
  const std::lock_guard lock (mutex_);
  return back_off_.left (ip.site (), BackOff::Time::clock::now ());
}

void
Doorkeeper::wrong_key (const IpAddress &ip)
{
  const std::lock_guard lock (mutex_);
  back_off_.wrong_key (ip.site (), BackOff::Time::clock::now ());
}

void
Doorkeeper::right_key (const IpAddress &ip)
{
  const std::lock_guard lock (mutex_);
  back_off_.right_key (ip.site ());
}

} // namespace stagedoor::gate
