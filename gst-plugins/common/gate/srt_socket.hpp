// SPDX-License-Identifier: LGPL-2.1-or-later
// libsrt's handles with owners, and its addresses and errors as ours.
#pragma once

#include <string>
#include <utility>

#include <srt/srt.h>
#include <tl/expected.hpp>

#include "libs/base/address.hpp"

namespace stagedoor::gate {

class SrtSocket
{
public:
  explicit SrtSocket (SRTSOCKET id = SRT_INVALID_SOCK) : id_ (id) {}
  SrtSocket (SrtSocket &&other) noexcept : id_ (std::exchange (other.id_, SRT_INVALID_SOCK)) {}
  SrtSocket &operator= (SrtSocket &&other) noexcept
  {
    std::swap (id_, other.id_);
    return *this;
  }
  ~SrtSocket ()
  {
    if (id_ != SRT_INVALID_SOCK)
      srt_close (id_);
  }
  SRTSOCKET get () const { return id_; }

private:
  SRTSOCKET id_;
};

/** A set of sockets to wait for. */
class SrtPoll
{
public:
  SrtPoll () : id_ (srt_epoll_create ()) {}
  ~SrtPoll () { srt_epoll_release (id_); }
  SrtPoll (const SrtPoll &) = delete;
  SrtPoll &operator= (const SrtPoll &) = delete;
  int get () const { return id_; }
  /** For reading and breaking. A socket that is closed leaves by itself. */
  void add (SRTSOCKET socket)
  {
    const int events = SRT_EPOLL_IN | SRT_EPOLL_ERR;
    srt_epoll_add_usock (id_, socket, &events);
  }
  void remove (SRTSOCKET socket) { srt_epoll_remove_usock (id_, socket); }

private:
  const int id_;
};

/** Starts libsrt for the rest of the process's life. */
void start_srt ();

Endpoint endpoint_of (const sockaddr *address);
std::string streamid_of (SRTSOCKET socket);

} // namespace stagedoor::gate
