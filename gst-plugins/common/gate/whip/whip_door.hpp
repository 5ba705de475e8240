// SPDX-License-Identifier: LGPL-2.1-or-later
// The WHIP endpoint of a gate (RFC 9725): /APP/STREAM/whip on an HTTP server, for any stream, and
// OvenMediaEngine's spelling of it, /APP/STREAM?direction=whip.
#pragma once

#include <map>

#include "gst-plugins/common/gate/door.hpp"
#include "gst-plugins/common/gate/whip/whip_session.hpp"
#include "gst-plugins/common/http_server.hpp"
#include "gst-plugins/common/webrtc/port.hpp"

namespace stagedoor::gate {

/** The gate thread owns all; a request is kept from the http thread until that has decided. */
class WhipDoor final : public Door, public std::enable_shared_from_this<WhipDoor>
{
public:
  static OpenedDoor open (
      std::shared_ptr<Core> core, const Endpoint &at, const WhipSettings &settings);
  WhipDoor (std::shared_ptr<Core> core, std::shared_ptr<http::Server> server,
      std::shared_ptr<webrtc::Port> port, std::chrono::milliseconds latency);
  ~WhipDoor () override;

  std::uint16_t port () const override { return server_->port (); }

private:
  struct Visit;
  using Visitor = std::shared_ptr<Visit>;

  // The http thread.
  void on_request (const http::Request &request);
  void on_offer (const http::Request &request, std::string app, std::string stream);
  void on_session (const http::Request &request, const std::string &id);

  // The gate thread.
  void knock (const Visitor &visitor);
  void receive (const Visitor &visitor, std::uint64_t guest, Admission admission);
  void publish (const Visitor &visitor, std::uint64_t guest, Admission admission,
      webrtc::Received received, const std::function<void (std::shared_ptr<WhipMedia>)> &connect);
  void call (const std::shared_ptr<http::Deferred> &answer, const std::string &id,
      const std::function<http::Handler (WhipSession &)> &ask, const ShownToken &token);
  void end (const std::string &id, const std::string &why, bool is_to_blame = false);
  /** end(), later. Any thread. */
  std::function<void (std::string)> ender (const std::string &id, bool is_to_blame);
  void sweep ();
  void plan_sweep ();

  const std::shared_ptr<Core> core_;
  const std::shared_ptr<http::Server> server_;
  const std::shared_ptr<webrtc::Port> port_;
  const std::chrono::milliseconds latency_;
  std::map<std::string, std::unique_ptr<WhipSession>> sessions_; // by id
  Loop::Timer sweep_;                                            // while there are sessions
  http::Server::Token route_, ome_route_;
};

} // namespace stagedoor::gate
