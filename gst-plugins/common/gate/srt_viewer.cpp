// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/gate/srt_viewer.hpp"

#include <algorithm>

#include "gst-plugins/common/gate/core.hpp"

namespace stagedoor::gate {
namespace {

/** Per turn, so that one who has much to catch up with can't starve others. */
constexpr std::size_t most_messages = 256;
/** How long the last messages may take, repetitions included, before the connection is closed. */
constexpr std::chrono::milliseconds farewell{1000};

/** Libsrt's least age of what it drops. */
constexpr std::chrono::milliseconds least_drop_age{1000};
/** A viewer that takes nothing for so long is gone, or has hung. */
constexpr std::chrono::seconds most_patience{10};

constexpr const char *has_left = "the viewer closed the connection, or it broke";

} // namespace

SrtViewer::~SrtViewer ()
{
  if (!seat_.broadcast)
    return;
  measure ();
  --seat_.broadcast->counters ().viewers;
}

void
SrtViewer::begin (Seat seat)
{
  seat_ = std::move (seat);
  int latency = 0, size = sizeof latency;
  srt_getsockflag (socket_.get (), SRTO_PEERLATENCY, &latency, &size);
  drop_age_ = std::max (least_drop_age, std::chrono::milliseconds (latency));
  auto &counters = seat_.broadcast->counters ();
  ++counters.viewers;
  ++counters.joined;
}

/** When more than a second of the stream isn't confirmed libsrt drops what is too old, somewhere
 * within a picture. So it gets nothing more shortly before that. When that has been of no use for
 * as long, it gets the beginning of a group, which makes it drop all that was before. */
bool
SrtViewer::may_send (Clock::time_point now) const
{
  const std::chrono::milliseconds unconfirmed (srt_getsndbuffer (socket_.get (), nullptr, nullptr));
  return unconfirmed < drop_age_ * 3 / 4 || now > sent_ + drop_age_;
}

std::optional<std::string>
SrtViewer::send_one (const Chunk &chunk)
{
  const auto *bytes = reinterpret_cast<const char *> (chunk.bytes.data ());
  if (srt_sendmsg2 (socket_.get (), bytes, static_cast<int> (chunk.size), nullptr) >= 0) {
    auto &counters = seat_.broadcast->counters ();
    ++counters.packets;
    counters.bytes += chunk.size;
    return std::nullopt;
  }
  is_full_ = srt_getlasterror (nullptr) == SRT_EASYNCSND;
  return has_left;
}

std::optional<std::string>
SrtViewer::send (Clock::time_point now)
{
  if (!seat_.broadcast)
    return std::nullopt;
  if (!may_send (now)) {
    is_full_ = true;
    return std::nullopt;
  }
  // Whoever can't keep up shall not get later and later.
  if (std::exchange (is_full_, false))
    seat_.broadcast->skip (cursor_);
  std::array<std::shared_ptr<const Chunk>, most_messages> chunks;
  const auto n = seat_.broadcast->read (cursor_, chunks);
  for (std::size_t i = 0; i < n; ++i) {
    auto over = send_one (*chunks[i]);
    if (!over) {
      sent_ = now;
      continue;
    }
    *cursor_ -= n - i;
    return is_full_ ? std::nullopt : over;
  }
  return n == 0 && seat_.broadcast->ended () ? wait_for_the_end (now) : std::nullopt;
}

std::optional<std::string>
SrtViewer::wait_for_the_end (Clock::time_point now)
{
  if (!ended_)
    ended_ = now;
  if (now < *ended_ + farewell)
    return std::nullopt;
  return "the stream is over";
}

std::optional<std::string>
SrtViewer::check (Clock::time_point now)
{
  if (!seat_.broadcast)
    return std::nullopt;
  if (srt_getsockstate (socket_.get ()) != SRTS_CONNECTED)
    return has_left;
  if (left_of (seat_.grant).count () == 0)
    return "the key's time is over";
  if (is_full_ && now >= sent_ + most_patience)
    return "the viewer takes nothing any more";
  return std::nullopt;
}

void
SrtViewer::measure ()
{
  SRT_TRACEBSTATS now;
  if (!seat_.broadcast || srt_bistats (socket_.get (), &now, 0, 1) != 0)
    return;
  auto &counters = seat_.broadcast->counters ();
  const auto add = [] (std::atomic<std::uint64_t> &counter, std::uint64_t &last, int total) {
    const auto value = static_cast<std::uint64_t> (std::max (total, 0));
    counter += value - std::min (last, value);
    last = value;
  };
  add (counters.retransmitted, measured_.retransmitted, now.pktRetransTotal);
  add (counters.lost, measured_.lost, now.pktSndLossTotal);
  add (counters.dropped, measured_.dropped, now.pktSndDropTotal);
}

} // namespace stagedoor::gate
