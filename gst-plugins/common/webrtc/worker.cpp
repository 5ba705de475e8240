// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/webrtc/worker.hpp"

#include <pthread.h>
#include <sys/epoll.h>

#include <algorithm>
#include <future>
#include <utility>

#include "gst-plugins/common/webrtc/log.hpp"

namespace stagedoor::webrtc {

namespace {

/** Reports, retransmission of handshakes and the ends of sessions are exact to this. */
constexpr std::int64_t tick_us = 100'000;
constexpr std::int64_t catch_up_us = 5'000;
/** A browser checks from a few addresses at most. */
constexpr std::size_t max_paths = 8;

std::string
next_name ()
{
  static std::atomic<int> count = 0;
  return "webrtc-" + std::to_string (count++);
}

} // namespace

Worker::Worker (Fd socket, Fd wake, std::shared_ptr<const DtlsIdentity> identity)
    : socket_ (std::move (socket)), wake_ (std::move (wake)), identity_ (std::move (identity)),
      epoll_ (epoll_create1 (EPOLL_CLOEXEC)), sender_ (socket_.get ()), receiver_ (socket_.get ())
{
  for (const auto fd : {socket_.get (), wake_.get ()}) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl (epoll_.get (), EPOLL_CTL_ADD, fd, &event);
  }
  thread_ = std::thread ([this, name = next_name ()] {
    pthread_setname_np (pthread_self (), name.c_str ());
    loop ();
  });
}

Worker::~Worker ()
{
  quit_ = true;
  wake ();
  thread_.join ();
}

void
Worker::wake ()
{
  if (woken_.exchange (true))
    return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write (wake_.get (), &one, sizeof one);
}

void
Worker::post (std::function<void ()> task)
{
  {
    std::lock_guard lock (mutex_);
    tasks_.push_back (std::move (task));
  }
  wake ();
}

void
Worker::run (const std::function<void ()> &task)
{
  std::promise<void> done;
  post ([&] {
    task ();
    sender_.flush ();
    done.set_value ();
  });
  done.get_future ().wait ();
}

void
Worker::add (std::shared_ptr<FanOut> fan_out)
{
  fan_outs_.push_back (std::move (fan_out));
}

void
Worker::remove (const std::shared_ptr<FanOut> &fan_out)
{
  fan_out->close ();
  fan_out->end_all ("the stream ended");
  std::erase (fan_outs_, fan_out);
}

void
Worker::add (ViewerPlan plan, const std::shared_ptr<FanOut> &fan_out)
{
  add (std::make_unique<Viewer> (std::move (plan), fan_out, context (), g_get_monotonic_time ()));
}

void
Worker::add (ContributorPlan plan)
{
  add (std::make_unique<Contributor> (std::move (plan), context (), g_get_monotonic_time ()));
}

void
Worker::add (std::unique_ptr<Session> session)
{
  auto &transport = session->transport ();
  const auto &ufrag = transport.local_ufrag ();
  by_ufrag_[ufrag] = &sessions_.emplace_back (Entry{std::move (session), &transport, {ufrag}, {}});
}

void
Worker::restart_ice (std::string_view ufrag, IceCredentials local, const IceCredentials &remote)
{
  const auto found = by_ufrag_.find (ufrag);
  if (found == by_ufrag_.end ())
    return;
  auto &entry = *found->second;
  // Former ones, or those of a restart that nothing came of.
  std::erase_if (entry.ufrags, [&] (const std::string &known) {
    if (known == entry.transport->local_ufrag ())
      return false;
    by_ufrag_.erase (known);
    return true;
  });
  entry.ufrags.push_back (local.ufrag);
  by_ufrag_[local.ufrag] = &entry;
  entry.transport->restart_ice (std::move (local), remote);
}

int
Worker::timeout_ms (std::int64_t now_us) const
{
  if (sessions_.empty ())
    return -1;
  auto next = next_tick_us_;
  if (next_catch_up_us_ != 0)
    next = std::min (next, next_catch_up_us_);
  return static_cast<int> (std::clamp<std::int64_t> ((next - now_us + 999) / 1000, 0, 1000));
}

void
Worker::wait ()
{
  std::array<epoll_event, 2> events;
  const int count = epoll_wait (epoll_.get (), events.data (), static_cast<int> (events.size ()),
      timeout_ms (g_get_monotonic_time ()));
  readable_ = false;
  for (int i = 0; i < count; ++i)
    if (events[static_cast<std::size_t> (i)].data.fd == socket_.get ()) {
      readable_ = true;
    } else {
      std::uint64_t ignored;
      [[maybe_unused]] const auto got = read (wake_.get (), &ignored, sizeof ignored);
      // Before the work is looked at: who adds some from here on wakes us again.
      woken_ = false;
    }
}

void
Worker::run_tasks ()
{
  std::vector<std::function<void ()>> tasks;
  {
    std::lock_guard lock (mutex_);
    tasks.swap (tasks_);
  }
  for (const auto &task : tasks)
    task ();
}

void
Worker::receive ()
{
  if (!readable_)
    return;
  const auto now_us = g_get_monotonic_time ();
  for (const auto &datagram : receiver_.receive ())
    on_datagram (datagram, now_us);
  for (auto *session : received_)
    session->on_batch_end ();
  received_.clear ();
}

void
Worker::bind_path (Entry &entry, const Path &path)
{
  auto &owner = paths_[path];
  if (owner == entry.transport)
    return;
  owner = entry.transport;
  if (entry.paths.size () == max_paths) {
    if (const auto oldest = paths_.find (entry.paths.front ());
        oldest != paths_.end () && oldest->second == entry.transport)
      paths_.erase (oldest);
    entry.paths.erase (entry.paths.begin ());
  }
  entry.paths.push_back (path);
}

void
Worker::on_check (const Datagram &datagram, std::string_view ufrag, std::int64_t now_us)
{
  const auto found = by_ufrag_.find (ufrag);
  if (found != by_ufrag_.end ()
      && found->second->transport->on_check (datagram.bytes, datagram.path, now_us))
    bind_path (*found->second, datagram.path);
}

void
Worker::on_datagram (const Datagram &datagram, std::int64_t now_us)
{
  const auto kind = classify (datagram.bytes);
  if (kind == PacketKind::stun)
    if (const auto ufrag = local_ufrag_of (datagram.bytes))
      return on_check (datagram, *ufrag, now_us);
  const auto found = paths_.find (datagram.path);
  if (found == paths_.end ())
    return;
  if (kind == PacketKind::stun)
    found->second->on_check_answer (datagram.bytes, datagram.path, now_us);
  else if (kind == PacketKind::dtls)
    found->second->on_dtls (datagram.bytes, datagram.path, now_us);
  else if (kind == PacketKind::rtp)
    found->second->on_rtp (datagram.bytes, now_us);
  else if (kind == PacketKind::rtcp)
    found->second->on_rtcp (datagram.bytes, now_us);
}

void
Worker::on_time (std::int64_t now_us)
{
  bool joining = false;
  if (now_us >= next_catch_up_us_) {
    for (const auto &fan_out : fan_outs_)
      joining = fan_out->catch_up () || joining;
    next_catch_up_us_ = joining ? now_us + catch_up_us : 0;
  }
  if (now_us < next_tick_us_)
    return;
  next_tick_us_ = now_us + tick_us;
  for (const auto &entry : sessions_)
    entry.transport->on_time (now_us);
  for (const auto &fan_out : fan_outs_)
    fan_out->on_time (now_us);
}

void
Worker::unbind (const Entry &entry)
{
  for (const auto &ufrag : entry.ufrags)
    by_ufrag_.erase (ufrag);
  for (const auto &path : entry.paths)
    if (const auto bound = paths_.find (path);
        bound != paths_.end () && bound->second == entry.transport)
      paths_.erase (bound);
}

void
Worker::reap ()
{
  if (!std::exchange (ended_, false))
    return;
  std::erase_if (sessions_, [this] (const Entry &entry) {
    if (!entry.transport->ended ())
      return false;
    unbind (entry);
    return true;
  });
}

void
Worker::loop ()
{
  while (!quit_) {
    wait ();
    // In this order tasks come before the frames that were submitted after them.
    for (const auto &fan_out : fan_outs_)
      fan_out->collect ();
    run_tasks ();
    for (const auto &fan_out : fan_outs_)
      fan_out->deliver ();
    receive ();
    on_time (g_get_monotonic_time ());
    sender_.flush ();
    reap ();
  }
}

} // namespace stagedoor::webrtc
