// SPDX-License-Identifier: LGPL-2.1-or-later
// One client: reads its requests, one at a time, and writes the answers. http thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gst-plugins/common/fd.hpp"
#include "gst-plugins/common/http_exchange.hpp"
#include "libs/base/address.hpp"

namespace stagedoor::http {

/** Who answers. Any of it may end the connection. */
class Service
{
public:
  virtual ~Service () = default;
  virtual std::size_t body_limit (const http1::RequestHead &head) = 0;
  /** Answers, now or later. */
  virtual void on_request (const std::shared_ptr<Exchange> &exchange, std::string body) = 0;
  /** Answers that the body is too large, now. */
  virtual void on_too_large (const std::shared_ptr<Exchange> &exchange) = 0;
};

class Connections;

class Connection
{
public:
  static constexpr gint64 never = G_MAXINT64;

  Connection (Connections &owner, Fd fd, const IpAddress &peer);
  ~Connection ();
  Connection (const Connection &) = delete;
  Connection &operator= (const Connection &) = delete;

  void on_ready (std::uint32_t events);
  /** The exchange that was deferred has its answer. */
  void on_answered ();
  /** At once, whatever it is at. */
  void shut ();

  gint64 deadline () const { return deadline_; }       ///< monotonic microseconds
  gint64 waits_since () const { return waits_since_; } ///< when there is no deadline
  const IpAddress &site () const { return site_; }
  int fd () const { return fd_.get (); }

private:
  enum class State {
    reading,   ///< for a request, or the rest of one
    waiting,   ///< for whoever answers
    writing,   ///< the client has to take some of the answer first
    lingering, ///< all is said; what still comes is not read
    gone,
  };

  void read ();
  void take (std::string_view bytes);
  void begin ();
  void take_body (std::string_view piece);
  void dispatch ();
  void refuse ();
  void respond ();
  gint64 answer_deadline () const;
  void write ();
  bool send_some ();
  void finish ();
  void linger ();
  void drain ();
  void watch (std::uint32_t events);

  Connections &owner_;
  const Fd fd_;
  const IpAddress site_;
  const std::shared_ptr<const std::string> peer_;
  State state_ = State::reading;
  std::uint32_t watched_ = 0;
  gint64 deadline_, waits_since_ = 0;
  http1::RequestReader reader_;
  std::string unread_;                 ///< what came behind the request that is being answered
  std::shared_ptr<Exchange> exchange_; ///< the one under way
  std::string body_;
  std::size_t body_limit_ = 0, body_size_ = 0;
  bool too_large_ = false;
  bool closes_ = false;  ///< after the answer
  std::string head_;     ///< of the answer
  std::size_t sent_ = 0; ///< of head and pieces
  gint64 responds_since_ = 0;
  std::size_t drained_ = 0;
};

} // namespace stagedoor::http
