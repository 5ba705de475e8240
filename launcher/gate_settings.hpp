// SPDX-License-Identifier: LGPL-2.1-or-later
// What "serve" was told about the gate: bounds, and how its doors behave.
#pragma once

#include "gst-plugins/common/gate.hpp"
#include "launcher/cli.hpp"
#include "launcher/failure.hpp"

namespace stagedoor {

struct GateSettings
{
  gate::Limits limits;
  gate::DoorSettings doors;
  bool has_srt_passphrase = false;
};

/** Reads the passphrase's file. */
Result<GateSettings> gate_settings (const ServeOptions &options);

} // namespace stagedoor
