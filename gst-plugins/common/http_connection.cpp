// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/http_connection.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>

#include "gst-plugins/common/http_connections.hpp"

namespace stagedoor::http {

namespace {

/** How much of a body that is too large is read so that the client listens to the refusal. */
constexpr std::size_t politeness = 1024 * 1024;
constexpr std::size_t most_pieces = 64; // in one call

constexpr std::string_view bad_request =
    "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

/** One buffer for all: what is read is used up, or kept, at once. */
std::array<char, 16 * 1024> &
room ()
{
  static thread_local std::array<char, 16 * 1024> bytes;
  return bytes;
}

bool
would_wait ()
{
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

} // namespace

Connection::Connection (Connections &owner, Fd fd, const IpAddress &peer)
    : owner_ (owner), fd_ (std::move (fd)), site_ (peer.site ()),
      peer_ (std::make_shared<const std::string> (peer.to_string ())), deadline_ (owner.deadline ())
{
  watch (EPOLLIN | EPOLLRDHUP);
}

Connection::~Connection ()
{
  if (exchange_ != nullptr)
    exchange_->connection = nullptr;
}

void
Connection::watch (std::uint32_t events)
{
  if (std::exchange (watched_, events) != events)
    owner_.watch (*this, events);
}

void
Connection::shut ()
{
  if (std::exchange (state_, State::gone) == State::gone)
    return;
  if (exchange_ != nullptr)
    exchange_->connection = nullptr;
  exchange_ = nullptr;
  shutdown (fd_.get (), SHUT_RDWR);
  owner_.on_gone (*this);
}

/** Who ends its side while we have yet to find an answer has left: half-open clients there are
 * none. */
void
Connection::on_ready (std::uint32_t events)
{
  switch (state_) {
    case State::reading:
      return read ();
    case State::waiting:
      if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        return shut ();
      return watch (EPOLLRDHUP); // the next request has to wait
    case State::writing:
      return (events & (EPOLLHUP | EPOLLERR)) != 0 ? shut () : write ();
    case State::lingering:
      return drain ();
    case State::gone:
      return;
  }
}

void
Connection::read ()
{
  const auto got = recv (fd_.get (), room ().data (), room ().size (), MSG_DONTWAIT);
  if (got > 0)
    return take ({room ().data (), static_cast<std::size_t> (got)});
  if (got == 0 || !would_wait ())
    shut ();
}

/** Until a request has to be answered, or there is nothing more. */
void
Connection::take (std::string_view bytes)
{
  using Event = http1::RequestReader::Event;
  while (state_ == State::reading) {
    switch (reader_.read (bytes)) {
      case Event::nothing:
        return;
      case Event::head:
        begin ();
        break;
      case Event::piece:
        take_body (reader_.piece ());
        break;
      case Event::end:
        dispatch ();
        break;
      case Event::bad:
        send (fd_.get (), bad_request.data (), bad_request.size (), MSG_DONTWAIT | MSG_NOSIGNAL);
        return linger ();
    }
  }
  if (state_ == State::waiting || state_ == State::writing)
    unread_.assign (bytes);
}

void
Connection::begin ()
{
  exchange_ = std::make_shared<Exchange> ();
  exchange_->asked = reader_.take_head ();
  exchange_->peer = peer_;
  exchange_->connection = this;
  const auto &head = exchange_->asked;
  closes_ = !head.keep_alive;
  const bool has_body = head.chunked || head.body_size > 0;
  body_limit_ = has_body ? owner_.service ().body_limit (head) : 0;
  body_size_ = 0;
  body_.clear ();
  too_large_ = head.body_size > body_limit_;
  const bool may_stop =
      closes_ || head.expects_continue || head.body_size > body_limit_ + politeness;
  if (too_large_ && may_stop)
    refuse ();
  else if (head.expects_continue && has_body
           && send (fd_.get (), go_on.data (), go_on.size (), MSG_DONTWAIT | MSG_NOSIGNAL)
                  != static_cast<ssize_t> (go_on.size ()))
    shut (); // there is room unless the client reads nothing
}

void
Connection::take_body (std::string_view piece)
{
  body_size_ += piece.size ();
  too_large_ = too_large_ || body_size_ > body_limit_;
  if (!too_large_)
    body_ += piece;
  else if (body_size_ > body_limit_ + politeness)
    refuse ();
}

/** Without the rest of the body. */
void
Connection::refuse ()
{
  closes_ = true;
  owner_.service ().on_too_large (exchange_);
  respond ();
}

void
Connection::dispatch ()
{
  const auto exchange = exchange_; // the handler may end us
  if (too_large_)
    owner_.service ().on_too_large (exchange);
  else
    owner_.service ().on_request (exchange, std::move (body_));
  if (state_ == State::gone)
    return;
  if (exchange->deferred) {
    state_ = State::waiting;
    deadline_ = never;
    waits_since_ = g_get_monotonic_time ();
  } else {
    respond ();
  }
}

void
Connection::on_answered ()
{
  if (state_ == State::waiting)
    respond ();
}

void
Connection::respond ()
{
  head_ = exchange_->answer_head (!closes_);
  sent_ = 0;
  responds_since_ = g_get_monotonic_time ();
  deadline_ = answer_deadline ();
  state_ = State::writing;
  write ();
}

gint64
Connection::answer_deadline () const
{
  const auto out = owner_.deadline (responds_since_, sent_);
  const auto longest = exchange_->longest.count () * 1000;
  return longest > 0 ? std::min (out, responds_since_ + longest) : out;
}

/** When the client has taken some. */
void
Connection::write ()
{
  if (!send_some ())
    return;
  finish ();
  if (state_ == State::reading && !unread_.empty ())
    take (std::exchange (unread_, {}));
}

/** True when all is out. */
bool
Connection::send_some ()
{
  while (true) {
    std::array<iovec, most_pieces> parts;
    std::size_t count = 0, skip = sent_, left = 0;
    const auto add = [&] (const void *data, std::size_t size) {
      const auto skipped = std::min (skip, size);
      skip -= skipped;
      if (size == skipped)
        return;
      left += size - skipped;
      if (count < parts.size ())
        parts[count++] = {
            const_cast<char *> (static_cast<const char *> (data)) + skipped, size - skipped};
    };
    add (head_.data (), head_.size ());
    if (exchange_->sends_body ())
      for (const auto &piece : exchange_->pieces) {
        gsize size = 0;
        const auto *data = g_bytes_get_data (piece.get (), &size);
        add (data, size);
      }
    if (left == 0)
      return true;
    msghdr message{};
    message.msg_iov = parts.data ();
    message.msg_iovlen = count;
    const auto sent = sendmsg (fd_.get (), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && !would_wait ()) {
      shut ();
      return false;
    }
    if (sent <= 0) {
      watch (EPOLLOUT);
      return false;
    }
    sent_ += static_cast<std::size_t> (sent);
    deadline_ = answer_deadline ();
    if (static_cast<std::size_t> (sent) == left)
      return true;
  }
}

void
Connection::finish ()
{
  exchange_->connection = nullptr;
  exchange_ = nullptr;
  head_.clear ();
  if (closes_)
    return linger ();
  state_ = State::reading;
  deadline_ = owner_.deadline ();
  watch (EPOLLIN | EPOLLRDHUP);
}

/** Closing at once would take the answer from who is still sending (RFC 9112 section 9.6). */
void
Connection::linger ()
{
  state_ = State::lingering;
  shutdown (fd_.get (), SHUT_WR);
  watch (EPOLLIN | EPOLLRDHUP);
}

void
Connection::drain ()
{
  const auto got = recv (fd_.get (), room ().data (), room ().size (), MSG_DONTWAIT);
  drained_ += static_cast<std::size_t> (std::max<ssize_t> (got, 0));
  if (got == 0 || (got < 0 && !would_wait ()) || drained_ > politeness)
    shut ();
}

} // namespace stagedoor::http
