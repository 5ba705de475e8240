// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/webrtc/admission.hpp"

namespace stagedoor::webrtc {

namespace {

bool
is_loopback (const IpAddress &ip)
{
  return Network::parse ("127.0.0.0/8")->contains (ip) || ip == *IpAddress::parse ("::1");
}

} // namespace

Admission::Place::Place (std::shared_ptr<Admission> admission, const IpAddress &site)
    : admission_ (std::move (admission)), site_ (site)
{
}

Admission::Place::~Place ()
{
  admission_->leave (*this);
}

bool
Admission::Place::connect ()
{
  std::lock_guard lock (admission_->mutex_);
  admission_->stop_waiting (*this);
  return !lost_;
}

bool
Admission::Place::is_lost () const
{
  std::lock_guard lock (admission_->mutex_);
  return lost_;
}

tl::expected<Admission::Ticket, std::string>
Admission::admit (const std::string &peer)
{
  const auto ip = IpAddress::parse (peer).value_or (IpAddress{});
  const auto site = ip.site ();
  std::lock_guard lock (mutex_);
  auto why = objection (site, peer.empty () || is_loopback (ip));
  if (!why.empty ())
    return tl::unexpected (std::move (why));
  if (waiting_.size () >= limits_.pending) {
    auto &oldest = *waiting_.front ();
    stop_waiting (oldest);
    oldest.lost_ = true;
  }
  auto place = std::make_shared<Place> (shared_from_this (), site);
  ++total_;
  auto &count = sites_[site];
  ++count.all;
  ++count.pending;
  place->waiting_ = waiting_.insert (waiting_.end (), place.get ());
  return place;
}

/** Under mutex_. Empty when there is none. */
std::string
Admission::objection (const IpAddress &site, bool is_of_many) const
{
  const std::string whom = limits_.whom;
  if (total_ >= limits_.all)
    return "this server has " + std::to_string (limits_.all) + " " + whom + ", which is its limit";
  const auto known = sites_.find (site);
  if (is_of_many || known == sites_.end ())
    return {};
  if (known->second.all >= limits_.per_address)
    return "your address has " + std::to_string (limits_.per_address) + " " + whom
           + ", which is the limit";
  if (known->second.pending >= limits_.pending_per_address)
    return "too many " + whom + " are connecting from your address; try again shortly";
  return {};
}

/** Under mutex_. */
void
Admission::stop_waiting (Place &place)
{
  if (!place.waiting_)
    return;
  waiting_.erase (*place.waiting_);
  place.waiting_.reset ();
  --sites_[place.site_].pending;
}

void
Admission::leave (Place &place)
{
  std::lock_guard lock (mutex_);
  stop_waiting (place);
  --total_;
  const auto known = sites_.find (place.site_);
  if (--known->second.all == 0)
    sites_.erase (known);
}

} // namespace stagedoor::webrtc
