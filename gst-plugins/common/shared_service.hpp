// SPDX-License-Identifier: LGPL-2.1-or-later
// Services that exist once per address in the process, and how elements hand them to each other
// (GstContext), as GL elements share a display.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "gst-plugins/common/ref.hpp"

namespace stagedoor {

inline constexpr const char *http_server_context = "stagedoor.http-server";
inline constexpr const char *webrtc_port_context = "stagedoor.webrtc-port";
inline constexpr const char *gate_context = "stagedoor.gate";

using AnyService = std::shared_ptr<void>;

/** A service just opened, under the address it really got (":0" became ":40123"). */
struct OpenedService
{
  AnyService service;
  std::string address;
};

/** The service of @p type that already lives on @p address, or what @p open makes. The process
 * holds it weakly. @p open runs under the registry's lock: it must not open services itself. */
tl::expected<AnyService, std::string> find_or_open (const std::string &type,
    const std::string &address,
    const std::function<tl::expected<OpenedService, std::string> ()> &open);

/** For an element going to READY: asks its context, its bins and its application (need-context) for
 * the service of @p type on @p address, else calls @p open and offers the result to others
 * (have-context). Takes no lock of the element's. */
tl::expected<AnyService, std::string> service_for (GstElement *element, const char *type,
    const std::string &address,
    const std::function<tl::expected<AnyService, std::string> ()> &open);

/** What an application sets on its pipeline to hand a service over. Holds the service weakly. */
Ref<GstContext> new_service_context (
    const char *type, const std::string &address, const AnyService &service);

} // namespace stagedoor
