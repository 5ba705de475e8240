// SPDX-License-Identifier: LGPL-2.1-or-later
// Compound packets of any bytes.
#include "libs/webrtc/rtcp.hpp"

#include <cstdlib>

using namespace stagedoor::webrtc;

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  const auto events = parse_rtcp ({data, size});
  std::size_t lost = 0;
  for (const auto &event : events)
    if (const auto nack = std::get_if<Nack> (&event))
      lost += nack->lost.size ();
  if (events.size () > 64 || lost > 256)
    std::abort ();
  return 0;
}
