// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/listeners.hpp"

#include "gst-plugins/common/webrtc/port.hpp"

namespace stagedoor {

static const std::string srt_scheme = "srt://";

Result<Listeners>
Listeners::open (const ServeOptions &options)
{
  Listeners out;
  const auto unavailable = [] (const char *option, const std::string &error) {
    return fail (exit_unavailable, std::string (option) + ": " + error);
  };
  auto http = http::Server::open (options.http);
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
  auto gate = gate::Gate::open (options.rtmp);
  if (!gate)
    return unavailable ("--rtmp", gate.error ());
  out.gate = std::move (*gate);
  const auto srt = out.gate->add_door (srt_scheme + options.srt);
  if (!srt)
    return unavailable ("--srt", srt.error ());
  out.srt_address = srt->substr (srt_scheme.size ());
  return out;
}

} // namespace stagedoor
