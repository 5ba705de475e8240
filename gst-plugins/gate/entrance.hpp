// SPDX-License-Identifier: LGPL-2.1-or-later
// The element's hold on a gate: found or opened, and who may publish there.
#pragma once

#include "gst-plugins/common/gate/door_setup.hpp"

namespace stagedoor::gate {

struct Settings : DoorSetup
{
  Settings () { location = "rtmp://:1935/live/demo"; }
  bool keep_listening = false;
};

struct Entrance
{
  std::string name; ///< of the stream
  std::shared_ptr<Gate> gate;
  Gate::Token admitted, refused; // dropped before gate
};

/** For the change to READY. Posts the messages about refused publishers from then on. */
tl::expected<Entrance, Failure> open_entrance (GstElement *element, const Settings &settings);

} // namespace stagedoor::gate
