// SPDX-License-Identifier: LGPL-2.1-or-later
// The properties of a source pad that say what is wanted of it.
#pragma once

#include <glib-object.h>

#include "gst-plugins/transcode/rendition_spec.hpp"

namespace stagedoor::transcode {

/** Their ids go from 1 to this. */
constexpr guint last_want = 9;
void install_wants (GObjectClass *klass);

/** False: @p id is none of them. @p sound: of an audio pad. */
bool set_want (Wants &wants, guint id, const GValue *value, bool sound);
bool get_want (const Wants &wants, guint id, GValue *value);

} // namespace stagedoor::transcode
