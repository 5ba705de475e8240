// SPDX-License-Identifier: LGPL-2.1-or-later
// All viewers of an SRT door.
#pragma once

#include <map>

#include "gst-plugins/common/gate/srt_viewer.hpp"

namespace stagedoor::gate {

/** The door's thread. */
class SrtAudience
{
public:
  /** Is told of each that is over once it had begun. */
  using Ended = std::function<void (std::uint64_t guest, const std::string &why)>;
  explicit SrtAudience (Ended ended) : ended_ (std::move (ended)) {}

  /** Has connected; is let in, or dropped, by the gate thread. */
  void add (SrtSocket socket);
  void begin (SRTSOCKET socket, Seat seat);
  void drop (SRTSOCKET socket) { viewers_.erase (socket); }
  bool empty () const { return viewers_.empty (); }

  void send (Clock::time_point now);
  void sweep (Clock::time_point now);
  void close_all (const std::string &why);

private:
  template <class Step>
  void for_each (Step step);

  const Ended ended_;
  std::map<SRTSOCKET, std::unique_ptr<SrtViewer>> viewers_;
  Clock::time_point measured_;
};

} // namespace stagedoor::gate
