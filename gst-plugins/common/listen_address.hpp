// SPDX-License-Identifier: LGPL-2.1-or-later
// Addresses to listen on, as properties and configuration spell them, and sockets that do.
#pragma once

#include <string>

#include <gio/gio.h>
#include <sys/socket.h>
#include <tl/expected.hpp>

#include "gst-plugins/common/ref.hpp"
#include "libs/base/address.hpp"

namespace stagedoor {

/** "192.0.2.1:80", "[2001:db8::1]:80", ":80" (all addresses, both families), ":0" (a free port). An
 * all-zero ip means all addresses. The error text is for people. */
tl::expected<Endpoint, std::string> parse_listen_address (const std::string &text);

/** How parse_listen_address() would best like to have it: "localhost:80" becomes "127.0.0.1:80". */
std::string listen_address_text (const Endpoint &endpoint);

using Socket = Owned<GSocket, g_object_unref>;

/** A listening TCP socket; all addresses means both families where the system has
 * both. The error text is for people. */
tl::expected<Socket, std::string> listen_tcp (const Endpoint &endpoint);
std::uint16_t bound_port (GSocket *socket);

/** For a dual-stack AF_INET6 socket; returns the length. */
socklen_t to_sockaddr (const Endpoint &endpoint, sockaddr_storage &out);
Endpoint from_sockaddr (const sockaddr_storage &in);

} // namespace stagedoor
