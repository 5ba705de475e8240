// SPDX-License-Identifier: LGPL-2.1-or-later
// Listening TCP sockets, dual-stack where the address says "all".
#pragma once

#include <cstdint>
#include <string>

#include <gio/gio.h>
#include <tl/expected.hpp>

#include "gst-plugins/common/ref.hpp"

namespace stagedoor {

using Socket = Owned<GSocket, g_object_unref>;

struct Listener
{
  Socket socket;
  std::uint16_t port = 0; ///< the one really bound
  std::string address;    ///< "host:port" with it, spelled as it was asked for
};

/** @p address as parse_listen_address() takes it. The error text is for people. */
tl::expected<Listener, std::string> listen_tcp (const std::string &address, int backlog);

} // namespace stagedoor
