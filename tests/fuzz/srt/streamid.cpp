// SPDX-License-Identifier: LGPL-2.1-or-later
// Whatever a caller sends as its streamid is refused, or names a stream that is safe to use.
#include <cstdint>
#include <cstdlib>

#include "libs/base/text.hpp"
#include "libs/srt/streamid.hpp"

using namespace stagedoor;

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  const auto id = srt::parse_streamid (text ({data, size}));
  if (id && (!is_valid_name (id->app) || !is_valid_name (id->stream) || id->query.size () > 600))
    std::abort ();
  return 0;
}
