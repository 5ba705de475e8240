// SPDX-License-Identifier: LGPL-2.1-or-later
// The SRT listener of a gate: one UDP port, many streams.
#pragma once

#include <atomic>
#include <deque>
#include <map>

#include "gst-plugins/common/gate/door.hpp"
#include "gst-plugins/common/gate/srt_asked.hpp"
#include "gst-plugins/common/gate/srt_audience.hpp"
#include "gst-plugins/common/gate/srt_port.hpp"
#include "gst-plugins/common/gate/srt_session.hpp"

namespace stagedoor::gate {

/** Has a thread of its own ("srt-0") that owns all sockets. libsrt asks on another one whether a
 * caller may come in: there nothing is changed and nothing waited for. The gate thread judges once
 * more, and admits. No lock is held during any call of libsrt, which has locks of its own around
 * its question. */
class SrtDoor final : public Door, public std::enable_shared_from_this<SrtDoor>
{
public:
  static OpenedDoor open (
      std::shared_ptr<Core> core, const Endpoint &at, const SrtSettings &settings);
  ~SrtDoor () override; ///< not on its own thread

  std::uint16_t port () const override { return port_.number (); }

private:
  using Task = std::function<void ()>;

  SrtDoor (std::shared_ptr<Core> core, const SrtSettings &settings);

  // libsrt's thread.
  int ask (SRTSOCKET socket, const sockaddr *peer, const char *streamid);
  int refuse (SRTSOCKET socket, const Refused &refused);

  // The gate thread.
  void introduce (SRTSOCKET socket, const Knock &knock);
  void publish (SRTSOCKET socket, std::uint64_t guest, Admission admission);
  void introduce_viewer (SRTSOCKET socket, const Knock &knock);

  // The door's own thread.
  void run ();
  void sleep_until_called ();
  void wake_port ();
  void rest_when_quiet (Clock::time_point now);
  void turn (std::span<SRT_EPOLL_EVENT> events);
  void run_tasks ();
  void accept_some ();
  void begin (SRTSOCKET socket, const Core::Live &publication, std::uint64_t guest);
  void drop (SRTSOCKET socket) { sessions_.erase (socket); }
  void viewer_ended (std::uint64_t guest, const std::string &why);
  void end (SRTSOCKET socket, const std::string &why);
  void sweep (Clock::time_point now);
  void look_for_lost ();

  void post (Task task); ///< any thread: runs it on the door's own

  const std::shared_ptr<Core> core_;
  const SrtSettings settings_;
  const Fd wake_;          // an eventfd: there are tasks
  std::mutex tasks_mutex_; // innermost
  std::deque<Task> tasks_; // protected by tasks_mutex_
  SrtAsked asked_;
  // The door's own thread:
  SrtPoll poll_;
  SrtPort port_;
  struct Guest
  {
    std::unique_ptr<SrtSession> session;
    std::uint64_t id = 0; // the doorkeeper's; 0 until the gate thread has let it in
  };
  std::map<SRTSOCKET, Guest> sessions_;
  SrtAudience viewers_;
  Clock::time_point last_heard_; // while there are no sessions: a packet
  bool quit_ = false;
  std::array<std::uint8_t, 2048> scratch_; // for one message, which is at most a packet
  std::thread thread_;
};

} // namespace stagedoor::gate
