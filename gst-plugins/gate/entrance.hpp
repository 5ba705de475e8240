// SPDX-License-Identifier: LGPL-2.1-or-later
// The element's hold on a gate: found or opened, and who may publish there.
#pragma once

#include "gst-plugins/common/gate/door_setup.hpp"
#include "gst-plugins/common/gate_limits.hpp"
#include "gst-plugins/common/webhook.hpp"

namespace stagedoor::gate {

struct Settings : DoorSetup
{
  Settings () { location = "rtmp://:1935/live/demo"; }
  bool keep_listening = false;
  unsigned reconnect_grace_ms = 0;
  std::string tls_certificate, tls_private_key;
  std::string webrtc_address = ":8189", public_address;
  Takeover takeover = Takeover::same_key;
  std::string webhook, webhook_secret_file;
  webhook::Dialect webhook_dialect = webhook::Dialect::stagedoor;
  tl::expected<Limits, std::string> limits{Limits{}}; ///< or what is wrong with them
};

struct Entrance
{
  std::string name;   ///< of the stream
  webhook::Hook hook; // dropped after gate
  std::shared_ptr<Gate> gate;
  Gate::Token admitted, refused; // dropped before gate
};

/** For the change to READY. Posts the messages about refused publishers from then on. */
tl::expected<Entrance, Failure> open_entrance (GstElement *element, const Settings &settings);

} // namespace stagedoor::gate
