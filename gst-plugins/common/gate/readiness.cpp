// SPDX-License-Identifier: LGPL-2.1-or-later
// Readiness of descriptors by epoll.
#include "gst-plugins/common/gate/readiness.hpp"

#include <array>

#include <sys/epoll.h>

namespace stagedoor::gate {
namespace {

/** At a time; the loop's timers and tasks have their turn in between. */
constexpr std::size_t most_events = 64;

} // namespace

Readiness::Readiness () : epoll_ (epoll_create1 (EPOLL_CLOEXEC))
{
}

void
Readiness::Watch::reset ()
{
  auto *readiness = std::exchange (readiness_, nullptr);
  if (readiness == nullptr)
    return;
  epoll_ctl (readiness->epoll_.get (), EPOLL_CTL_DEL, fd_, nullptr);
  readiness->calls_.erase (id_);
}

/** Where the kernel takes no more of them, nothing is ever read, and the deadline of the connection
 * ends it. */
Readiness::Watch
Readiness::watch (int fd, Call call)
{
  const auto id = ++made_;
  epoll_event wanted{};
  wanted.events = EPOLLIN;
  wanted.data.u64 = id;
  epoll_ctl (epoll_.get (), EPOLL_CTL_ADD, fd, &wanted);
  calls_.emplace (id, std::make_shared<const Call> (std::move (call)));
  return {*this, fd, id};
}

void
Readiness::dispatch ()
{
  std::array<epoll_event, most_events> events;
  const int n = epoll_wait (epoll_.get (), events.data (), events.size (), 0);
  for (int i = 0; i < n; ++i) {
    const auto found = calls_.find (events[static_cast<std::size_t> (i)].data.u64);
    if (found == calls_.end ())
      continue;
    const auto call = found->second;
    (*call) ();
  }
}

} // namespace stagedoor::gate
