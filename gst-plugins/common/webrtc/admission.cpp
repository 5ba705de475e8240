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

Admission::Ticket
Admission::admit (const std::string &peer)
{
  const auto ip = IpAddress::parse (peer).value_or (IpAddress{});
  const auto site = ip.site ();
  const auto limit = peer.empty () || is_loopback (ip) ? max_pending : max_pending_per_address;
  std::lock_guard lock (mutex_);
  const auto known = sites_.find (site);
  if (total_ >= max_pending || (known != sites_.end () && known->second >= limit))
    return nullptr;
  ++total_;
  ++sites_[site];
  return {this, [self = shared_from_this (), site] (void *) {
            self->leave (site);
          }};
}

void
Admission::leave (const IpAddress &site)
{
  std::lock_guard lock (mutex_);
  --total_;
  const auto known = sites_.find (site);
  if (--known->second == 0)
    sites_.erase (known);
}

} // namespace stagedoor::webrtc
