// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/listeners.hpp"

#include "gst-plugins/common/certificate.hpp"
#include "gst-plugins/common/webrtc/port.hpp"
#include "launcher/log.hpp"

namespace stagedoor {

static const std::string srt_scheme = "srt://", rtmps_scheme = "rtmps://";

/** Null when there is none. */
static Result<std::shared_ptr<Certificate>>
open_certificate (const ServeOptions &options)
{
  if (options.tls_certificate.empty ())
    return nullptr;
  auto opened = Certificate::open ({options.tls_certificate, options.tls_key}, log_line);
  if (!opened)
    return fail (exit_config, "--tls-certificate: " + opened.error ());
  return std::move (*opened);
}

Result<Listeners>
Listeners::open (const ServeOptions &options, const GateSettings &settings)
{
  Listeners out;
  const auto unavailable = [] (const char *option, const std::string &error) {
    return fail (exit_unavailable, std::string (option) + ": " + error);
  };
  auto http = http::Server::open (
      options.http, {.connections = static_cast<std::size_t> (options.http_connections)});
  if (!http)
    return unavailable ("--http", http.error ());
  out.http = std::move (*http);
  out.http_address =
      options.http.substr (0, options.http.rfind (':') + 1) + std::to_string (out.http->port ());
  auto port = webrtc::Port::open (options.webrtc, options.public_address);
  if (!port)
    return unavailable ("--webrtc", port.error ());
  out.webrtc_address = (*port)->address ();
  out.webrtc = std::move (*port);
  const auto certificate = open_certificate (options);
  if (!certificate)
    return tl::unexpected (certificate.error ());
  auto doors = settings.doors;
  doors.certificate = *certificate;
  auto gate = gate::Gate::open (options.rtmp, settings.limits, doors);
  if (!gate)
    return unavailable ("--rtmp", gate.error ());
  out.gate = std::move (*gate);
  if (*certificate != nullptr) {
    const auto rtmps = out.gate->add_door (rtmps_scheme + options.rtmps, doors);
    if (!rtmps)
      return unavailable ("--rtmps", rtmps.error ());
    out.rtmps_address = rtmps->substr (rtmps_scheme.size ());
  }
  const auto srt = out.gate->add_door (srt_scheme + options.srt, doors);
  if (!srt)
    return unavailable ("--srt", srt.error ());
  out.srt_address = srt->substr (srt_scheme.size ());
  const auto whip = out.gate->add_door ("whip://" + out.http->address (),
      {.whip = {.webrtc_address = out.webrtc_address, .public_address = options.public_address}});
  if (!whip)
    return unavailable ("WHIP", whip.error ());
  return out;
}

} // namespace stagedoor
