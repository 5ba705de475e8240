// SPDX-License-Identifier: LGPL-2.1-or-later
// One SRT viewer: its socket, and how far it has got.
#pragma once

#include "gst-plugins/common/gate/audience.hpp"
#include "gst-plugins/common/gate/srt_socket.hpp"

namespace stagedoor::gate {

/** The door's thread. */
class SrtViewer
{
public:
  explicit SrtViewer (SrtSocket socket) : socket_ (std::move (socket)) {}
  ~SrtViewer ();
  SrtViewer (const SrtViewer &) = delete;
  SrtViewer &operator= (const SrtViewer &) = delete;

  void begin (Seat seat);
  std::uint64_t guest () const { return seat_.guest; } ///< 0 until begin()

  /** Sends what there is, as far as there is room. A text when it is over. */
  std::optional<std::string> send (Clock::time_point now);
  /** Now and then: likewise. */
  std::optional<std::string> check (Clock::time_point now);
  void measure ();

private:
  bool may_send (Clock::time_point now) const;
  std::optional<std::string> send_one (const Chunk &chunk);
  std::optional<std::string> wait_for_the_end (Clock::time_point now);

  const SrtSocket socket_;
  Seat seat_;
  Cursor cursor_;
  std::chrono::milliseconds drop_age_{};   // libsrt drops what wasn't confirmed for so long
  bool is_full_ = false;                   // there was no room for the next message
  Clock::time_point sent_;                 // when there was
  std::optional<Clock::time_point> ended_; // all is sent, and nothing follows
  OutletStats measured_;                   // what was added to the outlet's counters
};

} // namespace stagedoor::gate
