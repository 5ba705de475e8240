// SPDX-License-Identifier: LGPL-2.1-or-later
// Properties of stagegatesrc, and the settings behind them.
#pragma once

#include "gst-plugins/gate/entrance.hpp"

namespace stagedoor::gate {

enum Prop : guint {
  PROP_LOCATION = 1,
  PROP_KEY_FILE,
  PROP_KEYS,
  PROP_PUBLIC,
  PROP_KEEP_LISTENING,
  PROP_RECONNECT_GRACE,
  PROP_SRT_LATENCY,
  PROP_SRT_PASSPHRASE,
  PROP_TLS_CERTIFICATE,
  PROP_TLS_PRIVATE_KEY,
  PROP_WEBRTC_ADDRESS,
  PROP_PUBLIC_ADDRESS,
  PROP_TAKEOVER,
  PROP_WEBHOOK,
  PROP_WEBHOOK_SECRET_FILE,
  PROP_WEBHOOK_DIALECT,
  PROP_LIMITS,
  PROP_STATS,
  N_PROPS
};

void install_properties (GObjectClass *object_class);

/** False when @p id is no setting. */
bool set_setting (Settings &settings, guint id, const GValue *value);
/** False when @p id is no setting that can be read. */
bool get_setting (const Settings &settings, guint id, GValue *value);

} // namespace stagedoor::gate
