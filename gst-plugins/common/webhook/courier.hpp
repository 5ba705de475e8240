// SPDX-License-Identifier: LGPL-2.1-or-later
// The webhook thread: takes events, sends some of them at a time, and passes on what is answered.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>

#include "gst-plugins/common/http_loop.hpp"
#include "gst-plugins/common/webhook.hpp"
#include "gst-plugins/common/webhook/delivery.hpp"

namespace stagedoor::webhook {

using Uri = Owned<GUri, g_uri_unref>;

/** Kept alive by its thread, so that the last Webhook may be dropped anywhere. */
class Courier : public std::enable_shared_from_this<Courier>
{
public:
  using Reply = gate::Authority::Reply;
  using Clock = std::chrono::steady_clock;

  Courier (Uri uri, Settings settings) : uri_ (std::move (uri)), settings_ (std::move (settings)) {}

  void run (); ///< the thread

  // Any thread.
  /** @p reply is empty for a closing. */
  void hand_over (Event event, Reply reply);
  bool wait_until_idle (std::chrono::milliseconds most);
  void retire (); ///< nothing is handed over any more: the thread ends when it is idle

private:
  struct Job
  {
    Event event;
    Reply reply;
    Clock::time_point due;
  };

  void take (Job job);
  void start_some ();
  void start (Job job);
  void delivered (std::uint64_t id, Delivery::Body body);
  void pass_on (const Job &job, const Delivery::Body &body, bool was_sent);
  void fail (const Job &job, const std::string &what);
  void job_done ();
  void end_when_idle ();

  const Uri uri_;
  const Settings settings_;
  const std::shared_ptr<http::Loop> loop_ = std::make_shared<http::Loop> ();
  std::mutex mutex_; // innermost
  std::condition_variable changed_;
  std::size_t jobs_ = 0; // handed over and not done; protected by mutex_

  // The thread's:
  struct UnderWay
  {
    Job job;
    std::unique_ptr<Delivery> delivery;
  };
  Owned<SoupSession, g_object_unref> session_;
  std::deque<Job> waiting_; // in the order in which things happened
  std::map<std::uint64_t, UnderWay> under_way_;
  std::uint64_t last_id_ = 0;
  bool is_retiring_ = false;
};

} // namespace stagedoor::webhook
