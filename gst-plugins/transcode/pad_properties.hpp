// SPDX-License-Identifier: LGPL-2.1-or-later
// What may be wanted of a pad, as its properties.
#pragma once

#include <array>

#include <gst/gst.h>

#include "gst-plugins/transcode/rendition_spec.hpp"

namespace stagedoor::transcode {

enum Prop : guint {
  PROP_RENDITION = 1,
  PROP_CODEC,
  PROP_WIDTH,
  PROP_HEIGHT,
  PROP_FRAMERATE,
  PROP_BITRATE,
  PROP_KEY_DISTANCE,
  PROP_CHANNELS,
  PROP_PACKET_LOSS,
  PROP_DECISION,
  PROP_PROBLEM,
  N_PROPS
};
using PadProperties = std::array<GParamSpec *, N_PROPS>;

/** Makes those that say what is wanted. */
void describe_wants (PadProperties &props);

/** False when @p id isn't one of them. */
bool set_want (Wants &wants, guint id, const GValue *value);
bool get_want (const Wants &wants, guint id, GValue *value);

} // namespace stagedoor::transcode
