// SPDX-License-Identifier: LGPL-2.1-or-later
// Accepts the HTTP server's connections and bounds each: time, size of a body, how many at once.
#pragma once

#include <map>

#include <gio/gio.h>
#include <libsoup/soup.h>

#include "gst-plugins/common/http_server.hpp"

namespace stagedoor::http {

/** Whether the answer is left to a Deferred, and can still be given. http thread. */
bool is_deferred (SoupServerMessage *message);

/** http thread only. libsoup's own listener is not used because it stops for good at the first
 * accept() that fails, as it does when file descriptors run out. */
class Connections
{
public:
  /** All borrowed; they outlive this object. */
  Connections (GMainContext *context, GSocket *listening, SoupServer *server, const Limits &limits);
  ~Connections ();
  Connections (const Connections &) = delete;
  Connections &operator= (const Connections &) = delete;

  /** What a message's connection is doing. A connection that was shut down is silently ignored. */
  void expects_request (SoupServerMessage *message); ///< the client is to send the one after it
  void expects_client (SoupServerMessage *message);  ///< the client is to send, or take, something
  void expects_handler (SoupServerMessage *message); ///< from now until it is no longer deferred
  void begin_body (SoupServerMessage *message, std::size_t limit);
  /** Whether the body is within its limit still. */
  bool take_body (SoupServerMessage *message, std::size_t size);

private:
  struct Connection
  {
    GObject *stream;      // the GSocketConnection; this entry goes when it does
    GInputStream *filter; // owns stream
    gint64 deadline;
    SoupServerMessage *deferred; // borrowed; while set, the deadline is never
    std::size_t body_limit, body_size;
  };
  using Entries = std::map<GObject *, Connection>; // by remote address object

  static gboolean on_listening (GSocket *, GIOCondition, gpointer self);
  static gboolean on_tick (gpointer self);
  static void on_gone (gpointer self, GObject *stream);
  gint64 deadline () const;
  void tick ();
  void watch ();
  void accept_one ();
  void admit (GSocket *socket);
  void shut (Entries::iterator entry);
  bool shut_latest ();
  Connection *find (SoupServerMessage *message);

  GMainContext *const context_;
  GSocket *const listening_;
  SoupServer *const server_;
  const Limits limits_;
  GSource *watch_ = nullptr; // none while accept() fails
  GSource *tick_ = nullptr;  // none while there is nobody
  Entries entries_;
};

} // namespace stagedoor::http
