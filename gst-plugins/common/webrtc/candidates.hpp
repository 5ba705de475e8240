// SPDX-License-Identifier: LGPL-2.1-or-later
// The addresses under which viewers may reach this machine.
#pragma once

#include <optional>
#include <vector>

#include "libs/base/address.hpp"

namespace stagedoor::webrtc {

/** Best first: @p public_address, then what the socket is bound to or else the addresses of all
 * interfaces; loopback last, link-local left out. At most 16. */
std::vector<Endpoint> host_candidates (
    const Endpoint &bound, const std::optional<IpAddress> &public_address);

} // namespace stagedoor::webrtc
