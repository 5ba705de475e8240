// SPDX-License-Identifier: LGPL-2.1-or-later
// One SRT publisher: its socket, and what is read from it.
#pragma once

#include <optional>
#include <span>

#include "gst-plugins/common/gate/core.hpp"
#include "gst-plugins/common/gate/srt_socket.hpp"
#include "gst-plugins/common/gate/ts_reader.hpp"

namespace stagedoor::gate {

/** The door's thread. */
class SrtSession
{
public:
  explicit SrtSession (SrtSocket socket) : socket_ (std::move (socket)) {}
  ~SrtSession ();

  SRTSOCKET socket () const { return socket_.get (); }
  const Core::Live &publication () const { return publication_; }
  void begin (Core::Live publication);

  /** Reads what is there, within bounds. A text when the session is over. */
  std::optional<std::string> receive (std::span<std::uint8_t> scratch);
  /** Now and then: a text when the session is over, or has gone on, or been silent, for too long.
   */
  std::optional<std::string> check (Clock::time_point now, std::chrono::milliseconds most_silence,
      std::span<std::uint8_t> scratch);
  void measure ();
  /** Its stream couldn't be carried. */
  bool is_to_blame () const { return is_to_blame_; }

private:
  const SrtSocket socket_;
  Core::Live publication_; // null until the gate thread has admitted it
  std::optional<TsReader> reader_;
  Clock::time_point last_read_;
  bool is_to_blame_ = false;
};

} // namespace stagedoor::gate
