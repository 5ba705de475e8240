// SPDX-License-Identifier: LGPL-2.1-or-later
// Demultiplexing and connectivity checks.
#include "libs/webrtc/stun.hpp"

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  stagedoor::webrtc::classify ({data, size});
  return 0;
}
