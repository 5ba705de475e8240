// SPDX-License-Identifier: LGPL-2.1-or-later
// One HTTP/1.1 connection of a load generator: a request at a time, without blocking.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace stagedoor::bench {

class Exchange
{
public:
  enum class State { busy, done, broken };

  explicit Exchange (const sockaddr_in &server)
      : fd_ (socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))
  {
    const int on = 1;
    setsockopt (fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::connect (fd_, reinterpret_cast<const sockaddr *> (&server), sizeof server);
  }
  ~Exchange () { close (fd_); }
  Exchange (const Exchange &) = delete;
  Exchange &operator= (const Exchange &) = delete;

  int fd () const { return fd_; }
  /** With @p keep the body can be read afterwards; without, it is only counted. */
  void ask (const std::string &path, bool keep)
  {
    request_ = "GET " + path + " HTTP/1.1\r\nHost: bench\r\n\r\n";
    head_.clear ();
    body_.clear ();
    keep_ = keep;
    in_head_ = true;
    status_ = 0;
    write ();
  }
  /** The descriptor is ready for something. */
  State go_on () { return write () ? read () : State::broken; }

  int status () const { return status_; }
  const std::string &body () const { return body_; }
  std::size_t received () const { return received_; } ///< bytes of bodies, in all

private:
  bool write ()
  {
    while (!request_.empty ()) {
      const auto sent = send (fd_, request_.data (), request_.size (), MSG_NOSIGNAL);
      if (sent <= 0)
        return errno == EAGAIN || errno == EINPROGRESS || errno == ENOTCONN;
      request_.erase (0, static_cast<std::size_t> (sent));
    }
    return true;
  }
  State read ()
  {
    static char buffer[256 * 1024];
    while (true) {
      const auto got = recv (fd_, buffer, sizeof buffer, 0);
      if (got < 0 && errno == EAGAIN)
        return State::busy;
      if (got <= 0)
        return State::broken;
      if (const auto state = take ({buffer, static_cast<std::size_t> (got)}); state != State::busy)
        return state;
    }
  }
  State take (std::string_view bytes)
  {
    if (in_head_) {
      head_ += bytes;
      const auto end = head_.find ("\r\n\r\n");
      if (end == std::string::npos)
        return State::busy;
      const auto rest = head_.substr (end + 4);
      head_.resize (end);
      if (!read_head ())
        return State::broken;
      return take_body (rest);
    }
    return take_body (bytes);
  }
  bool read_head ()
  {
    in_head_ = false;
    const auto number = [this] (std::size_t at, auto &out) {
      return std::from_chars (head_.data () + at, head_.data () + head_.size (), out).ec
             == std::errc ();
    };
    for (auto &c : head_)
      c = static_cast<char> (std::tolower (static_cast<unsigned char> (c)));
    const auto length = head_.find ("\r\ncontent-length: ");
    return head_.size () > 12 && number (9, status_) && length != std::string::npos
           && number (length + 18, missing_);
  }
  State take_body (std::string_view bytes)
  {
    received_ += bytes.size ();
    missing_ -= std::min (missing_, bytes.size ());
    if (keep_)
      body_ += bytes;
    return missing_ == 0 ? State::done : State::busy;
  }

  const int fd_;
  std::string request_, head_, body_;
  bool keep_ = false, in_head_ = true;
  int status_ = 0;
  std::size_t missing_ = 0, received_ = 0;
};

} // namespace stagedoor::bench
