// SPDX-License-Identifier: LGPL-2.1-or-later
// What elements that work at a gate have in common: their properties, and how they find it.
#pragma once

#include "gst-plugins/common/gate.hpp"

namespace stagedoor::gate {

/** The properties. */
struct DoorSetup
{
  std::string location;
  std::string key_file, keys;
  bool public_stream = false;
  unsigned srt_latency_ms = 120;
  std::string srt_passphrase;
};

struct Failure
{
  GstResourceError code;
  std::string text; ///< for people; never holds a secret
};
tl::unexpected<Failure> wrong_settings (std::string text);

struct FoundGate
{
  std::string name; ///< of the stream
  std::shared_ptr<Gate> gate;
  std::shared_ptr<const keys::Verifier> verifier; ///< null: the properties name no way of deciding
};

/** For the change to READY. Opens the gate, with @p limits and what @p door has besides SRT, unless
 * the application or another element has. */
tl::expected<FoundGate, Failure> find_gate (
    GstElement *element, const DoorSetup &setup, const Limits &limits = {}, DoorSettings door = {});

/** As an element message "stagedoor-refused". Any thread. */
void post_refused (GstElement *element, const Refused &refused);

} // namespace stagedoor::gate
