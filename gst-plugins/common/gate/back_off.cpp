// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/gate/back_off.hpp"

#include <algorithm>

namespace stagedoor::gate {

using std::chrono::milliseconds;

milliseconds
BackOff::left (const IpAddress &site, Time now) const
{
  const auto found = sites_.find (site);
  if (found == sites_.end () || found->second.until <= now)
    return {};
  return std::chrono::ceil<milliseconds> (found->second.until - now);
}

void
BackOff::wrong_key (const IpAddress &site, Time now)
{
  if (limits_.wrong_keys == 0 || limits_.back_off_sites == 0)
    return;
  auto &known = remember (site);
  if (now < known.until)
    return;
  if (now >= std::max (known.last, known.until) + limits_.wrong_keys_time)
    known.wrong = 0;
  known.last = now;
  ++known.wrong;
  if (known.wrong >= limits_.wrong_keys)
    known.until = now + length (known.wrong - limits_.wrong_keys);
  by_age_.splice (by_age_.end (), by_age_, known.place);
}

milliseconds
BackOff::length (std::size_t doublings) const
{
  auto out = std::min (limits_.back_off_first, limits_.back_off_most);
  for (; doublings > 0 && out < limits_.back_off_most; --doublings)
    out = out < limits_.back_off_most / 2 ? out * 2 : limits_.back_off_most;
  return out;
}

BackOff::Site &
BackOff::remember (const IpAddress &site)
{
  if (const auto found = sites_.find (site); found != sites_.end ())
    return found->second;
  if (sites_.size () >= limits_.back_off_sites) {
    sites_.erase (by_age_.front ());
    by_age_.pop_front ();
  }
  auto &out = sites_[site];
  out.place = by_age_.insert (by_age_.end (), site);
  return out;
}

void
BackOff::right_key (const IpAddress &site)
{
  const auto found = sites_.find (site);
  if (found == sites_.end ())
    return;
  by_age_.erase (found->second.place);
  sites_.erase (found);
}

} // namespace stagedoor::gate
