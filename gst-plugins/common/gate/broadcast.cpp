// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/gate/broadcast.hpp"

#include <algorithm>

namespace stagedoor::gate {

OutletStats
OutletCounters::read () const
{
  return {.viewers = viewers,
      .joined = joined,
      .packets = packets,
      .bytes = bytes,
      .retransmitted = retransmitted,
      .lost = lost,
      .dropped = dropped,
      .skipped = skipped};
}

void
Broadcast::push (ByteView packets, bool starts, Clock::time_point now)
{
  if (packets.empty () || packets.size () > outlet_message)
    return;
  auto chunk = std::make_shared<Chunk> ();
  std::ranges::copy (packets, chunk->bytes.begin ());
  chunk->size = packets.size ();
  chunk->when = now;
  live_ = true;
  const std::lock_guard lock (mutex_);
  if (starts)
    newest_start_ = first_ + chunks_.size ();
  bytes_ += chunk->size;
  chunks_.push_back (std::move (chunk));
  trim (now);
}

void
Broadcast::trim (Clock::time_point now)
{
  const auto goes = [&] (const Chunk &chunk) {
    const bool needed = newest_start_ && first_ >= *newest_start_;
    return bytes_ > most_bytes || chunk.when + (needed ? most_time : least_time) < now;
  };
  while (!chunks_.empty () && goes (*chunks_.front ())) {
    bytes_ -= chunks_.front ()->size;
    chunks_.pop_front ();
    ++first_;
    if (newest_start_ && *newest_start_ < first_)
      newest_start_.reset ();
  }
}

std::size_t
Broadcast::read (Cursor &cursor, std::span<std::shared_ptr<const Chunk>> out)
{
  const std::lock_guard lock (mutex_);
  if (!cursor || *cursor < first_) {
    if (!newest_start_)
      return 0;
    if (cursor)
      ++counters_.skipped;
    cursor = newest_start_;
  }
  const auto at = static_cast<std::size_t> (*cursor - first_);
  const auto n = std::min (out.size (), chunks_.size () - at);
  std::copy_n (chunks_.begin () + static_cast<std::ptrdiff_t> (at), n, out.begin ());
  *cursor += n;
  return n;
}

bool
Broadcast::skip (Cursor &cursor)
{
  const std::lock_guard lock (mutex_);
  if (!cursor || !newest_start_ || *newest_start_ <= *cursor)
    return false;
  cursor = newest_start_;
  ++counters_.skipped;
  return true;
}

} // namespace stagedoor::gate
