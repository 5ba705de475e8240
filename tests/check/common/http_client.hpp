// SPDX-License-Identifier: LGPL-2.1-or-later
// A client that says exactly the bytes it is told to, good or bad.
#pragma once

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/unit/suite.hpp" // last: check.h defines "fail"

namespace stagedoor::test {

struct Response
{
  int status = 0; ///< 0: the connection ended first
  std::string head, body;

  bool has (std::string_view header) const { return head.find (header) != std::string::npos; }
};

/** Hands values from one thread to another. */
template <class T>
class Mailbox
{
public:
  void put (T value)
  {
    std::lock_guard lock (mutex_);
    values_.push_back (std::move (value));
    filled_.notify_one ();
  }
  T take ()
  {
    std::unique_lock lock (mutex_);
    ck_assert (
        filled_.wait_for (lock, std::chrono::seconds (20), [this] { return !values_.empty (); }));
    T value = std::move (values_.front ());
    values_.pop_front ();
    return value;
  }

private:
  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<T> values_;
};

class Client
{
public:
  explicit Client (int family = AF_INET) : fd_ (socket (family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  Client (std::uint16_t port, int family = AF_INET) : Client (family) { connect (port); }
  ~Client () { close (); }
  Client (Client &&other) : fd_ (std::exchange (other.fd_, -1)), rest_ (std::move (other.rest_)) {}

  int fd () const { return fd_; }
  void close ()
  {
    if (fd_ >= 0)
      ::close (std::exchange (fd_, -1));
  }

  /** 127.0.0.@p host; before connecting. */
  void come_from (std::uint8_t host)
  {
    const sockaddr_in from{AF_INET, 0, {htonl (0x7f000000U | host)}, {}};
    ck_assert_int_eq (bind (fd_, reinterpret_cast<const sockaddr *> (&from), sizeof from), 0);
  }

  void connect (std::uint16_t port)
  {
    const timeval patience{20, 0};
    setsockopt (fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt (fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    getsockname (fd_, reinterpret_cast<sockaddr *> (&own), &size);
    const sockaddr_in v4{AF_INET, htons (port), {htonl (INADDR_LOOPBACK)}, {}};
    const sockaddr_in6 v6{AF_INET6, htons (port), 0, IN6ADDR_LOOPBACK_INIT, 0};
    const int result = own.ss_family == AF_INET
                           ? ::connect (fd_, reinterpret_cast<const sockaddr *> (&v4), sizeof v4)
                           : ::connect (fd_, reinterpret_cast<const sockaddr *> (&v6), sizeof v6);
    ck_assert_int_eq (result, 0);
  }

  /** False once the server has closed. */
  bool send (std::string_view bytes)
  {
    while (!bytes.empty ()) {
      const auto sent = ::send (fd_, bytes.data (), bytes.size (), MSG_NOSIGNAL);
      if (sent <= 0)
        return false;
      bytes.remove_prefix (static_cast<std::size_t> (sent));
    }
    return true;
  }

  /** False once the server has said its last word, whether or not it has closed for good: with no
   * room there the kernel asks only now and then, and ever more rarely, whether it has. */
  bool send_while_open (std::string_view bytes)
  {
    while (!bytes.empty ()) {
      pollfd waiting{fd_, POLLOUT | POLLRDHUP, 0};
      if (poll (&waiting, 1, 20'000) <= 0 || (waiting.revents & POLLRDHUP) != 0)
        return false;
      const auto sent = ::send (fd_, bytes.data (), bytes.size (), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && errno != EAGAIN)
        return false;
      bytes.remove_prefix (static_cast<std::size_t> (std::max<ssize_t> (sent, 0)));
    }
    return true;
  }

  Response receive (bool with_body = true)
  {
    Response out;
    if (!fill_until ("\r\n\r\n"))
      return out;
    const auto end = rest_.find ("\r\n\r\n") + 4;
    out.head = rest_.substr (0, end);
    rest_.erase (0, end);
    std::from_chars (out.head.data () + 9, out.head.data () + 12, out.status);
    std::size_t length = 0;
    if (const auto at = out.head.find ("Content-Length: "); at != std::string::npos)
      std::from_chars (out.head.data () + at + 16, out.head.data () + out.head.size (), length);
    while (with_body && rest_.size () < length && fill ())
      ;
    out.body = rest_.substr (0, with_body ? length : 0);
    rest_.erase (0, out.body.size ());
    return out;
  }

  Response ask (std::string_view bytes)
  {
    send (bytes);
    return receive ();
  }

  /** Waits for the server to close; anything it says before is dropped. A timeout fails. */
  bool is_closed ()
  {
    while (fill ())
      rest_.clear ();
    return !timed_out_;
  }

private:
  bool fill_until (std::string_view what)
  {
    while (rest_.find (what) == std::string::npos)
      if (!fill ())
        return false;
    return true;
  }
  bool fill ()
  {
    char buffer[4096];
    const auto got = recv (fd_, buffer, sizeof buffer, 0);
    timed_out_ = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (got > 0)
      rest_.append (buffer, static_cast<std::size_t> (got));
    return got > 0;
  }

  int fd_;
  std::string rest_;
  bool timed_out_ = false;
};

inline std::string
get (std::string_view path, std::string_view headers = "")
{
  return "GET " + std::string (path) + " HTTP/1.1\r\nHost: test\r\n" + std::string (headers)
         + "\r\n";
}

inline std::string
post (std::string_view path, std::string_view body)
{
  return "POST " + std::string (path) + " HTTP/1.1\r\nHost: test\r\nContent-Length: "
         + std::to_string (body.size ()) + "\r\n\r\n" + std::string (body);
}

inline std::string
post_chunked (std::string_view path, std::string_view body)
{
  std::string out = "POST " + std::string (path)
                    + " HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char c : body)
    out += std::string ("1\r\n") + c + "\r\n";
  return out + "0\r\n\r\n";
}

} // namespace stagedoor::test
