// SPDX-License-Identifier: LGPL-2.1-or-later
// Accepts the HTTP server's connections and bounds them: time, and how many at once.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include <gio/gio.h>

#include "gst-plugins/common/http_connection.hpp"
#include "gst-plugins/common/http_server.hpp"

namespace stagedoor::http {

/** http thread only. GMainContext hands all its descriptors to poll() each time that something
 * happens; this one hands it a single epoll descriptor instead. */
class Connections
{
public:
  /** All borrowed; they outlive this object. */
  Connections (GMainContext *context, GSocket *listening, Service &service, const Limits &limits);
  ~Connections ();
  Connections (const Connections &) = delete;
  Connections &operator= (const Connections &) = delete;

  // For connections.
  Service &service () const { return service_; }
  /** What is to be told of; for the first time, or instead of what was before. */
  void watch (Connection &connection, std::uint32_t events);
  /** Nothing more comes of it. It lives on until it is off the stack. */
  void on_gone (Connection &connection);
  /** When one that we wait for from now on is out of time. */
  gint64 deadline () const;
  /** The same for a client that has been taking an answer since @p begun: of it @p taken bytes. */
  gint64 deadline (gint64 begun, std::size_t taken) const;

private:
  static gboolean on_ready (gint, GIOCondition, gpointer self);
  static gboolean on_tick (gpointer self);
  void listen ();
  void tick ();
  void accept_some ();
  void admit (Fd fd, const IpAddress &peer);
  bool make_room (std::size_t held);
  void bury ();

  GMainContext *const context_;
  GSocket *const listening_;
  Service &service_;
  const Limits limits_;
  const Fd epoll_;
  bool accepting_ = false;   // not while accept() fails
  GSource *ready_ = nullptr; // of epoll_
  GSource *tick_ = nullptr;  // none while there is nobody
  std::map<Connection *, std::unique_ptr<Connection>> all_;
  std::map<IpAddress, std::set<Connection *>> sites_; // the same by where they are from
  std::vector<std::unique_ptr<Connection>> gone_;
};

} // namespace stagedoor::http
