// SPDX-License-Identifier: LGPL-2.1-or-later
// The webrtc thread: reads the socket, finds whose each datagram is, and keeps time.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "gst-plugins/common/webrtc/contributor.hpp"
#include "gst-plugins/common/webrtc/fan_out.hpp"
#include "gst-plugins/common/webrtc/sender.hpp"
#include "gst-plugins/common/webrtc/udp_socket.hpp"
#include "gst-plugins/common/webrtc/viewer.hpp"

namespace stagedoor::webrtc {

class Worker
{
public:
  /** @p wake is an eventfd. */
  Worker (Fd socket, Fd wake, std::shared_ptr<const DtlsIdentity> identity);
  /** Joins the thread; not on it. */
  ~Worker ();

  // Any thread.
  /** There are frames in some feed's inbox. */
  void wake ();
  void post (std::function<void ()> task);
  /** Runs @p task and sends what it queued before it returns. Not on the webrtc thread. */
  void run (const std::function<void ()> &task);

  // The webrtc thread, in tasks.
  void add (std::shared_ptr<FanOut> fan_out);
  void remove (const std::shared_ptr<FanOut> &fan_out);
  void add (ViewerPlan plan, const std::shared_ptr<FanOut> &fan_out);
  void add (ContributorPlan plan);
  /** Of the session that has @p ufrag; it may have ended. */
  void restart_ice (std::string_view ufrag, IceCredentials local, const IceCredentials &remote);

private:
  struct Entry
  {
    std::unique_ptr<Session> session;
    Transport *transport;            ///< the session's
    std::vector<std::string> ufrags; ///< its keys in by_ufrag_: one, or two after an ICE restart
    std::vector<Path> paths;         ///< approved by its checks, oldest first
  };
  struct TextHash : std::hash<std::string_view>
  {
    using is_transparent = void;
  };

  TransportContext context () { return {sender_, identity_, received_, ended_}; }
  void add (std::unique_ptr<Session> session);
  void loop ();
  void wait ();
  int timeout_ms (std::int64_t now_us) const;
  void run_tasks ();
  void receive ();
  void on_datagram (const Datagram &datagram, std::int64_t now_us);
  void on_check (const Datagram &datagram, std::string_view ufrag, std::int64_t now_us);
  void bind_path (Entry &entry, const Path &path);
  void on_time (std::int64_t now_us);
  void unbind (const Entry &entry);
  void reap ();

  const Fd socket_, wake_;
  const std::shared_ptr<const DtlsIdentity> identity_;

  // The webrtc thread.
  Fd epoll_;
  Sender sender_;
  Receiver receiver_;
  bool readable_ = false;
  bool ended_ = false; ///< some session has
  std::vector<std::shared_ptr<FanOut>> fan_outs_;
  std::list<Entry> sessions_;
  std::unordered_map<std::string, Entry *, TextHash, std::equal_to<>> by_ufrag_; ///< local ones
  std::unordered_map<Path, Transport *, PathHash> paths_;
  std::vector<Session *> received_; ///< media during this reading of the socket
  std::int64_t next_tick_us_ = 0;
  std::int64_t next_catch_up_us_ = 0; ///< 0 when nobody has to

  std::atomic<bool> woken_ = false;
  std::atomic<bool> quit_ = false;
  std::mutex mutex_;                          // innermost
  std::vector<std::function<void ()>> tasks_; // protected by mutex_
  std::thread thread_;                        // last: starts in the constructor
};

} // namespace stagedoor::webrtc
