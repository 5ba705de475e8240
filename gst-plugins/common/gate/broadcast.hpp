// SPDX-License-Identifier: LGPL-2.1-or-later
// What an outlet has put out last, once for all viewers.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include "gst-plugins/common/gate/loop.hpp"
#include "gst-plugins/common/outlet.hpp"

namespace stagedoor::gate {

struct Chunk
{
  std::array<std::uint8_t, outlet_message> bytes;
  std::size_t size;
  Clock::time_point when;
};

/** What OutletStats says; added to by doors' threads. */
struct OutletCounters
{
  std::atomic<std::uint64_t> viewers = 0, joined = 0, packets = 0, bytes = 0, retransmitted = 0,
                             lost = 0, dropped = 0, skipped = 0;
  OutletStats read () const;
};

/** Where a viewer is; nullopt: nowhere yet. */
using Cursor = std::optional<std::uint64_t>;

/** Keeps what there is from the newest start on, and what came within the last second. Thread safe;
 * one pushes. */
class Broadcast
{
public:
  static constexpr std::size_t most_bytes = 16 * 1024 * 1024;
  static constexpr std::chrono::seconds most_time{20}, least_time{1};

  void push (ByteView packets, bool starts, Clock::time_point now);
  void end () { ended_ = true; }
  bool ended () const { return ended_; }
  bool live () const { return live_ && !ended_; } ///< something was pushed

  /** What follows; moves the cursor behind it. A viewer that is new, or so late that it isn't there
   * any more, gets the newest start, or nothing until there is one. */
  std::size_t read (Cursor &cursor, std::span<std::shared_ptr<const Chunk>> out);
  /** Moves the cursor to the newest start when that is ahead of it. */
  bool skip (Cursor &cursor);
  OutletCounters &counters () { return counters_; }

private:
  void trim (Clock::time_point now);

  OutletCounters counters_;
  std::atomic<bool> live_ = false, ended_ = false;
  mutable std::mutex mutex_; // innermost
  // Protected by mutex_:
  std::deque<std::shared_ptr<const Chunk>> chunks_;
  std::size_t bytes_ = 0;
  std::uint64_t first_ = 0; // number of the first of chunks_
  Cursor newest_start_;     // never before first_
};

} // namespace stagedoor::gate
