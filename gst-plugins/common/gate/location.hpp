// SPDX-License-Identifier: LGPL-2.1-or-later
// The location property: where to listen, and for which stream.
#pragma once

#include <string>

#include <tl/expected.hpp>

namespace stagedoor::gate {

struct Location
{
  std::string address; ///< "ip:port" or ":port", "rtmps://" or "srt://" before it; spelled as
                       ///< Gate::address() does
  std::string name;    ///< "live/demo"
};

/** "rtmp://[HOST][:PORT]/APP/STREAM", or "rtmps://" or "srt://" likewise. The error text is for
 * people. */
tl::expected<Location, std::string> parse_location (const std::string &text);

} // namespace stagedoor::gate
