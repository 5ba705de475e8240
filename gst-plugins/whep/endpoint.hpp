// SPDX-License-Identifier: LGPL-2.1-or-later
// WHEP over HTTP (draft-ietf-wish-whep): what stands between a route of the HTTP server and the
// reception.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gst-plugins/common/http_server.hpp"
#include "gst-plugins/whep/reception.hpp"

namespace stagedoor::whep {

class Endpoint : public std::enable_shared_from_this<Endpoint>
{
public:
  /** Serves @p path and the sessions below it on @p server until close(). */
  static std::shared_ptr<Endpoint> open (const std::shared_ptr<http::Server> &server,
      const std::string &path, std::shared_ptr<Reception> reception);
  Endpoint (const std::shared_ptr<http::Server> &server, const std::string &path,
      std::shared_ptr<Reception> reception);

  /** No request is answered any more but 404. Not under a lock that the reception's callers hold.
   */
  void close ();

private:
  /** An offer that came before the stream's second track did. */
  struct Waiting
  {
    std::unique_ptr<http::Deferred> offer;
    gint64 since_us;
  };

  // The http thread.
  void on_request (const http::Request &request);
  void on_session (const http::Request &request, const std::string &id);
  void on_post (const http::Request &request);
  void answer (const http::Request &request);
  void wait (const http::Request &request);
  void answer_waiting ();

  const std::weak_ptr<http::Server> server_;
  const std::string path_;
  const std::shared_ptr<Reception> reception_;
  http::Server::Token token_;    // the owner's thread
  std::vector<Waiting> waiting_; // http thread
};

} // namespace stagedoor::whep
