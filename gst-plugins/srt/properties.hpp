// SPDX-License-Identifier: LGPL-2.1-or-later
// Properties of stagesrtsink.
#pragma once

#include "gst-plugins/common/gate/door_setup.hpp"

namespace stagedoor::srtsink {

enum Prop : guint {
  PROP_LOCATION = 1,
  PROP_KEY_FILE,
  PROP_KEYS,
  PROP_PUBLIC,
  PROP_SRT_LATENCY,
  PROP_SRT_PASSPHRASE,
  PROP_VIEWERS,
  PROP_STATS,
  N_PROPS
};

void install_properties (GObjectClass *object_class);

/** False when @p id is no setting. */
bool set_setting (gate::DoorSetup &setup, guint id, const GValue *value);
/** False when @p id is no setting that can be read. */
bool get_setting (const gate::DoorSetup &setup, guint id, GValue *value);

} // namespace stagedoor::srtsink
