// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads onMetaData, with or without @setDataFrame before it.
#pragma once

#include <optional>
#include <vector>

#include "libs/rtmp/amf0.hpp"
#include "libs/rtmp/session.hpp"

namespace stagedoor::rtmp {

/** @p values of one data message; nullopt when it is another one. */
std::optional<Metadata> read_metadata (const std::vector<Amf> &values);

} // namespace stagedoor::rtmp
