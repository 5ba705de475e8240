// SPDX-License-Identifier: LGPL-2.1-or-later
// One HTTP server per address in the process, shared by every element and the launcher; runs on its
// own "http" thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <libsoup/soup.h>
#include <tl/expected.hpp>

namespace stagedoor::http {

/** One request on the http thread. Wraps SoupServerMessage; valid during the handler unless pause()
 * is used. */
struct Request
{
  SoupServerMessage *message; ///< borrowed
  std::string method;
  std::string path;   ///< decoded and normalised; never holds ".." or "//"
  std::string query;  ///< raw
  std::string bearer; ///< Authorization: Bearer token, or empty
  std::string body;   ///< at most the route's limit; a larger one was answered 413
  std::string peer;   ///< textual IP address
};

using Handler = std::function<void (const Request &)>;

/** Answers. Each adds CORS headers (any origin, exposed headers) and no-store unless told
 * otherwise. */
void respond (const Request &request, unsigned status, const char *content_type, std::string body);
/** application/problem+json (RFC 9457). @p detail is for the honest user and never holds a secret.
 */
void respond_problem (const Request &request, unsigned status, const std::string &detail);

class Server
{
public:
  /** @p address "host:port", ":port", ":0". Returns the one that already listens there when there
   * is one. */
  static tl::expected<std::shared_ptr<Server>, std::string> open (const std::string &address);
  virtual ~Server () = default;

  virtual std::uint16_t port () const = 0;

  /** Handlers for "/live/demo/whep" and all below it; the longest prefix wins. Removed, and no
   * longer running, once the token is gone (dropping it waits for a handler in flight unless on the
   * http thread itself). */
  using Token = std::shared_ptr<void>;
  virtual Token route (const std::string &prefix, std::size_t body_limit, Handler handler) = 0;

  /** Runs @p call on the http thread, later. */
  virtual void post (std::function<void ()> call) = 0;
};

} // namespace stagedoor::http
