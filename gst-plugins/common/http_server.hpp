// SPDX-License-Identifier: LGPL-2.1-or-later
// One HTTP server per address in the process, shared by every element and the launcher; runs on its
// own "http" thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <libsoup/soup.h>
#include <tl/expected.hpp>

#include "gst-plugins/common/ref.hpp"

namespace stagedoor::http {

struct Exchange;

/** One request on the http thread; valid during the handler, or for longer as a Deferred. */
struct Request
{
  std::shared_ptr<Exchange> exchange;
  std::string method;
  std::string path;   ///< decoded, valid UTF-8, at most 2048 bytes; never holds "..", "." or "//"
  std::string query;  ///< raw
  std::string bearer; ///< Authorization: Bearer token, or empty
  std::string body;   ///< at most the route's limit; a larger one was answered 413
  std::string peer;   ///< textual IP address; IPv4 is never shown as IPv4-mapped IPv6
  std::string range;  ///< the header; respond_content() reads it
};

using Handler = std::function<void (const Request &)>;

/** Answers. Each adds CORS headers (any origin, exposed headers) and no-store unless told
 * otherwise. http thread. */
void respond (const Request &request, unsigned status, const char *content_type, std::string body);
/** The pieces one after another, not copied. */
void respond_bytes (const Request &request, unsigned status, const char *content_type,
    std::span<const Ref<GBytes>> pieces);
/** application/problem+json (RFC 9457). @p detail is for the honest user and never holds a secret.
 */
void respond_problem (const Request &request, unsigned status, const std::string &detail);
/** 404, but for OPTIONS: a browser that may not ask would tell its page nothing of the 404. */
void respond_nothing (const Request &request);

void set_header (const Request &request, const char *name, const std::string &value);
std::optional<std::string> header (const Request &request, const char *name);
/** As the client used it, with its port and @p path, for policies that sign it. */
std::string url_of (const Request &request, const std::string &path, std::uint16_t port);

class Loop;

/** A request that is answered after its handler has returned. Made inside the handler; then it may
 * be kept and dropped on any thread. One that is dropped unanswered is answered 503. */
class Deferred
{
public:
  explicit Deferred (Request request);
  ~Deferred ();
  Deferred (const Deferred &) = delete;
  Deferred &operator= (const Deferred &) = delete;

  /** Once: @p write runs on the http thread, at once if that is this one, and answers with
   * respond() or respond_problem(). The client's next request may be handled before this returns.
   * It runs also when the client has gone meanwhile, which does no harm; when
   * the server has gone, it is dropped. */
  void answer (Handler write);
  /** False once the client has gone. http thread. */
  bool is_awaited () const;

private:
  Request request_; // until answered
  const std::shared_ptr<Loop> loop_;
};

/** Bounds of one server. */
struct Limits
{
  /** For one too many, one of the address (IPv6: of the /64) goes that has most of them, unless the
   * newcomer's has: that which has kept us waiting for longest, or that has waited for us for
   * longest. */
  std::size_t connections = 1024;
  /** For a whole request to arrive, from the opening or the previous answer on; for the client to
   * take some of an answer. Not for the handler: a Deferred may take as long as it wants. */
  std::chrono::milliseconds patience{20000};
  /** Bytes of an answer that a client has to take per second, all in all: until then they are kept
   * for it. Less than the least that anybody could listen to. */
  std::size_t least_rate = 8192;
};

class Server
{
public:
  /** @p address "host:port", ":port", ":0". Returns the one that already listens there when there
   * is one, with the limits it has. Error text is for people. */
  static tl::expected<std::shared_ptr<Server>, std::string> open (
      const std::string &address, const Limits &limits = {});
  virtual ~Server () = default;

  virtual std::uint16_t port () const = 0;
  /** With the port really bound: open (address ()) is this server. */
  virtual std::string address () const = 0;

  /** Handlers for "/live/demo/whep" and all below it; a segment "*" stands for any one
   * segment. The longest prefix wins, one that names what another has "*" for before that, and of
   * equal ones the latest. A body of more than @p body_limit bytes is answered 413. Removed, and no
   * longer running, once the token is gone: dropping it waits for a handler in flight unless on the
   * http thread itself, so drop it without a lock that the handler takes. */
  using Token = std::shared_ptr<void>;
  /** Whether a route is for requests with this raw query; those that it isn't for go to the next
   * one. */
  using Condition = bool (*) (std::string_view query);
  virtual Token route (const std::string &prefix, std::size_t body_limit, Handler handler,
      Condition condition = nullptr) = 0;

  /** Runs @p call on the http thread, later. */
  virtual void post (std::function<void ()> call) = 0;
};

} // namespace stagedoor::http
