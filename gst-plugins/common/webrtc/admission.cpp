// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/webrtc/admission.hpp"

#include "libs/base/address.hpp"

namespace stagedoor::webrtc {

namespace {

bool
is_loopback (const std::string &peer)
{
  const auto ip = IpAddress::parse (peer);
  return ip && (Network::parse ("127.0.0.0/8")->contains (*ip) || *ip == *IpAddress::parse ("::1"));
}

} // namespace

Admission::Ticket
Admission::admit (const std::string &peer)
{
  const auto limit = is_loopback (peer) ? max_pending : max_pending_per_address;
  std::lock_guard lock (mutex_);
  const auto known = peers_.find (peer);
  if (total_ >= max_pending || (known != peers_.end () && known->second >= limit))
    return nullptr;
  ++total_;
  ++peers_[peer];
  return {this, [self = shared_from_this (), peer] (void *) {
            self->leave (peer);
          }};
}

void
Admission::leave (const std::string &peer)
{
  std::lock_guard lock (mutex_);
  --total_;
  const auto known = peers_.find (peer);
  if (--known->second == 0)
    peers_.erase (known);
}

} // namespace stagedoor::webrtc
