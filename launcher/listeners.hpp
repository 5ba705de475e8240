// SPDX-License-Identifier: LGPL-2.1-or-later
// The addresses of the program, open for as long as it runs.
#pragma once

#include "gst-plugins/common/gate.hpp"
#include "gst-plugins/common/http_server.hpp"
#include "launcher/cli.hpp"
#include "launcher/failure.hpp"
#include "launcher/gate_settings.hpp"

namespace stagedoor {

struct Listeners
{
  std::shared_ptr<http::Server> http;
  std::shared_ptr<void> webrtc; // elements find the port by its address
  std::shared_ptr<gate::Gate> gate;
  std::string srt_address, http_address, webrtc_address; ///< with the ports really bound
  std::string rtmps_address;                             ///< "" when there is no certificate

  static Result<Listeners> open (const ServeOptions &options, const GateSettings &settings);
};

} // namespace stagedoor
