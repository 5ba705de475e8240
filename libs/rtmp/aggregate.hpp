// SPDX-License-Identifier: LGPL-2.1-or-later
// Splits aggregate messages (Adobe RTMP 1.0 section 7.1.6) into what they hold.
#pragma once

#include <string>
#include <vector>

#include "libs/rtmp/chunk_reader.hpp"
#include "libs/rtmp/failure.hpp"

namespace stagedoor::rtmp {

constexpr std::size_t aggregate_most_messages = 4096;

/** The first part gets the aggregate's timestamp, the others keep their distance from it. The error
 * is a sentence for people. */
OrFailure<std::vector<Message>> split_aggregate (const Message &aggregate);

} // namespace stagedoor::rtmp
