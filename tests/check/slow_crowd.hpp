// SPDX-License-Identifier: LGPL-2.1-or-later
// Slowloris: connections that say a byte of something sensible now and then, and come back whenever
// they are closed.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace stagedoor::test {

struct SlowCrowdSettings
{
  std::uint16_t port = 0;
  std::string_view opening; ///< what they would say, byte by byte; the last byte over and over
  int connections = 200;
  int pause_ms = 20; ///< between two bytes of one connection
  /** They come from so many addresses of 127.0.2.0/24; 0: from 127.0.0.1, as the honest does. */
  int addresses = 0;
};

/** At work in a thread of its own from construction to destruction. */
class SlowCrowd
{
public:
  explicit SlowCrowd (const SlowCrowdSettings &settings)
      : settings_ (settings), opening_ (settings.opening),
        members_ (static_cast<std::size_t> (settings.connections)),
        thread_ ([this] (const std::stop_token &stop) { run (stop); })
  {
  }
  ~SlowCrowd ()
  {
    thread_.request_stop ();
    thread_.join ();
    for (const auto &member : members_)
      if (member.fd >= 0)
        ::close (member.fd);
  }
  SlowCrowd (const SlowCrowd &) = delete;
  SlowCrowd &operator= (const SlowCrowd &) = delete;

  /** Whether each has said something, so that the honest one comes into the midst of them. */
  bool is_there () const { return rounds_ > 2; }
  /** How often one of them was closed. */
  int closed () const { return closed_; }
  /** How often one of them could not even connect. */
  int unanswered () const { return unanswered_; }

private:
  struct Member
  {
    int fd = -1;
    std::size_t said = 0;
  };

  void run (const std::stop_token &stop)
  {
    while (!stop.stop_requested ()) {
      for (std::size_t i = 0; i < members_.size () && !stop.stop_requested (); ++i)
        work (members_[i], static_cast<int> (i));
      ++rounds_;
      poll (nullptr, 0, settings_.pause_ms);
    }
  }

  void work (Member &member, int number)
  {
    if (member.fd < 0 && !connect (member, number))
      return;
    const char byte = opening_[std::min (member.said++, opening_.size () - 1)];
    const bool gone = send (member.fd, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN
                      && errno != EINPROGRESS && errno != ENOTCONN;
    if (!gone && !ended (member.fd))
      return;
    ++closed_;
    ::close (std::exchange (member.fd, -1));
  }

  bool connect (Member &member, int number)
  {
    const int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto own = settings_.addresses == 0
                         ? INADDR_LOOPBACK
                         : 0x7f000201U + static_cast<std::uint32_t> (number % settings_.addresses);
    const sockaddr_in from{AF_INET, 0, {htonl (own)}, {}};
    const sockaddr_in to{AF_INET, htons (settings_.port), {htonl (INADDR_LOOPBACK)}, {}};
    // A full backlog answers late: nobody waits for that.
    const timeval patience{1, 0};
    if (fd >= 0)
      setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (fd < 0 || bind (fd, reinterpret_cast<const sockaddr *> (&from), sizeof from) != 0
        || ::connect (fd, reinterpret_cast<const sockaddr *> (&to), sizeof to) != 0) {
      ++unanswered_;
      if (fd >= 0)
        ::close (fd);
      return false;
    }
    member = {fd, 0};
    return true;
  }

  /** Reads what there is, as a client would. */
  static bool ended (int fd)
  {
    char room[4096];
    const auto n = recv (fd, room, sizeof room, MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN);
  }

  const SlowCrowdSettings settings_;
  const std::string opening_;
  std::vector<Member> members_; // the thread's until it has ended
  std::atomic<int> rounds_ = 0, closed_ = 0, unanswered_ = 0;
  std::jthread thread_;
};

} // namespace stagedoor::test
