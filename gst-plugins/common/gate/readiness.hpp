// SPDX-License-Identifier: LGPL-2.1-or-later
// Which of many descriptors can be read, at a cost that doesn't grow with those that can't.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "gst-plugins/common/fd.hpp"

namespace stagedoor::gate {

/** GMainContext hands all its descriptors to poll() each time that one of them can be read; this
 * one hands it a single epoll descriptor instead. Loop thread only. */
class Readiness
{
public:
  using Call = std::function<void ()>;

  /** Ends when dropped, which has to be before the descriptor is closed; must not outlive what made
   * it. May be dropped by its own call. */
  class Watch
  {
  public:
    Watch () = default;
    Watch (Readiness &readiness, int fd, std::uint64_t id)
        : readiness_ (&readiness), fd_ (fd), id_ (id)
    {
    }
    Watch (Watch &&other) noexcept
        : readiness_ (std::exchange (other.readiness_, nullptr)), fd_ (other.fd_), id_ (other.id_)
    {
    }
    Watch &operator= (Watch &&other) noexcept
    {
      std::swap (readiness_, other.readiness_);
      std::swap (fd_, other.fd_);
      std::swap (id_, other.id_);
      return *this;
    }
    ~Watch () { reset (); }
    void reset ();
    explicit operator bool () const { return readiness_ != nullptr; }

  private:
    Readiness *readiness_ = nullptr;
    int fd_ = -1;
    std::uint64_t id_ = 0;
  };

  Readiness ();

  /** Calls @p call whenever @p fd can be read, is at its end or broken, until it isn't any more. */
  [[nodiscard]] Watch watch (int fd, Call call);
  /** Can be read when any of those watched can. */
  int fd () const { return epoll_.get (); }
  /** Makes the calls that are due. */
  void dispatch ();

private:
  const Fd epoll_;
  /** Shared with a call in progress, which may drop its own watch. By a number that is never used
   * again, so that what was ready but is dropped meanwhile is found missing. */
  std::map<std::uint64_t, std::shared_ptr<const Call>> calls_;
  std::uint64_t made_ = 0;
};

} // namespace stagedoor::gate
