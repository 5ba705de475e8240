// SPDX-License-Identifier: LGPL-2.1-or-later
// Properties of stagehlssink.
#pragma once

#include "gst-plugins/hls/sink.hpp"

namespace stagedoor::hlssink {

enum Prop : guint {
  PROP_PATH = 1,
  PROP_HTTP_ADDRESS,
  PROP_LOCATION,
  PROP_KEY_FILE,
  PROP_KEYS,
  PROP_PART_DURATION,
  PROP_TARGET_DURATION,
  PROP_PLAYLIST_LENGTH,
  PROP_MAX_BYTES,
  PROP_VIEWERS,
  PROP_STATS,
  PROP_PROBLEM,
  N_PROPS
};

/** Returns that of Prop::PROP_PROBLEM, for notifications. */
GParamSpec *install_properties (GObjectClass *object_class);

/** False when @p id is no setting. */
bool set_setting (Settings &settings, guint id, const GValue *value);
/** False when @p id is no setting that can be read. */
bool get_setting (const Settings &settings, guint id, GValue *value);

} // namespace stagedoor::hlssink
