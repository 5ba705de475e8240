// SPDX-License-Identifier: LGPL-2.1-or-later
// A live stream as a gate serves it to SRT callers.
#pragma once

#include <cstdint>
#include <string>

#include "libs/base/address.hpp"
#include "libs/base/bytes.hpp"
#include "libs/keys/verifier.hpp"

namespace stagedoor::gate {

struct OutletStats
{
  std::uint64_t viewers = 0; ///< now; all others since the outlet was made
  std::uint64_t joined = 0;
  std::uint64_t packets = 0, bytes = 0;                   ///< sent, without SRT's own repetitions
  std::uint64_t retransmitted = 0, lost = 0, dropped = 0; ///< as libsrt counts, at most 1 s old
  std::uint64_t skipped = 0; ///< how often a viewer was too slow and went on with a later key frame
};

/** One SRT message: seven packets of a transport stream. */
constexpr std::size_t outlet_message = 1316;

/** Ends with its last reference: viewers get what is there, and are closed. */
class Outlet
{
public:
  virtual ~Outlet () = default;

  /** Whole packets, at most outlet_message; @p starts: a player can begin here, because tables and
   * a key frame follow. Copies them and never waits. One thread at a time. */
  virtual void push (ByteView packets, bool starts) = 0;
  virtual OutletStats stats () const = 0; ///< any thread
};

/** Somebody who watches. */
struct Viewer
{
  std::string name; ///< of the stream
  keys::Grant grant;
  Endpoint peer;
};

} // namespace stagedoor::gate
