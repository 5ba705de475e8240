// SPDX-License-Identifier: LGPL-2.1-or-later
// The accept loop, the deadlines and what happens when there are too many connections.
#include "gst-plugins/common/http_connections.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <tuple>

#include <glib-unix.h>
#include <gst/gst.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "gst-plugins/common/listen_address.hpp"

GST_DEBUG_CATEGORY_STATIC (stage_http_debug);
#define GST_CAT_DEFAULT stage_http_debug

namespace stagedoor::http {
namespace {

/** At a time; timers and tasks have their turn in between. */
constexpr int most_events = 256;
constexpr int most_accepted = 64;

} // namespace

Connections::Connections (
    GMainContext *context, GSocket *listening, Service &service, const Limits &limits)
    : context_ (context), listening_ (listening), service_ (service), limits_ (limits),
      epoll_ (epoll_create1 (EPOLL_CLOEXEC)), ready_ (g_unix_fd_source_new (epoll_.get (), G_IO_IN))
{
  static std::once_flag once; // each server has its own thread
  std::call_once (once,
      [] { GST_DEBUG_CATEGORY_INIT (stage_http_debug, "stagehttp", 0, "shared HTTP server"); });
  g_socket_set_blocking (listening, FALSE);
  g_source_set_callback (ready_, G_SOURCE_FUNC (on_ready), this, nullptr);
  // As in gate::Loop: or GLib takes the descriptor out and puts it in again for each dispatch.
  g_source_set_can_recurse (ready_, TRUE);
  g_source_attach (ready_, context_);
  listen ();
}

Connections::~Connections ()
{
  for (GSource *source : {tick_, ready_})
    if (source != nullptr) {
      g_source_destroy (source);
      g_source_unref (source);
    }
}

gint64
Connections::deadline () const
{
  return g_get_monotonic_time () + limits_.patience.count () * 1000;
}

gint64
Connections::deadline (gint64 begun, std::size_t taken) const
{
  const auto earned = static_cast<gint64> (taken * G_USEC_PER_SEC / limits_.least_rate);
  return std::min (deadline (), begun + limits_.patience.count () * 1000 + earned);
}

/** Until there is nothing to look after. */
void
Connections::tick ()
{
  if (tick_ != nullptr)
    return;
  tick_ = g_timeout_source_new (
      static_cast<guint> (std::clamp<gint64> (limits_.patience.count () / 10, 10, 2000)));
  g_source_set_callback (tick_, on_tick, this, nullptr);
  g_source_attach (tick_, context_);
}

void
Connections::listen ()
{
  epoll_event event{EPOLLIN, {.ptr = nullptr}};
  epoll_ctl (epoll_.get (), EPOLL_CTL_ADD, g_socket_get_fd (listening_), &event);
  accepting_ = true;
}

void
Connections::watch (Connection &connection, std::uint32_t events)
{
  epoll_event event{events, {.ptr = &connection}};
  if (epoll_ctl (epoll_.get (), EPOLL_CTL_MOD, connection.fd (), &event) != 0)
    epoll_ctl (epoll_.get (), EPOLL_CTL_ADD, connection.fd (), &event);
}

gboolean
Connections::on_ready (gint, GIOCondition, gpointer data)
{
  auto &self = *static_cast<Connections *> (data);
  std::array<epoll_event, most_events> events;
  const int n = epoll_wait (self.epoll_.get (), events.data (), most_events, 0);
  for (int i = 0; i < n; ++i) {
    const auto &event = events[static_cast<std::size_t> (i)];
    if (event.data.ptr == nullptr)
      self.accept_some ();
    else
      static_cast<Connection *> (event.data.ptr)->on_ready (event.events);
  }
  self.bury ();
  return G_SOURCE_CONTINUE;
}

/** Those that are off the stack. Epoll forgets a descriptor by itself only once it is closed in
 * every process: a child that is forked, and has not yet called exec(), has all of them. */
void
Connections::bury ()
{
  for (const auto &connection : gone_)
    epoll_ctl (epoll_.get (), EPOLL_CTL_DEL, connection->fd (), nullptr);
  gone_.clear ();
}

void
Connections::accept_some ()
{
  const int listening = g_socket_get_fd (listening_);
  for (int i = 0; i < most_accepted; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    Fd fd (accept4 (
        listening, reinterpret_cast<sockaddr *> (&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.get () >= 0) {
      admit (std::move (fd), from_sockaddr (from).ip);
    } else if (errno != ECONNABORTED && errno != EINTR) {
      if (errno == EAGAIN || errno == EWOULDBLOCK)
        return;
      // Likely no file descriptor is left. Trying again at once would only burn the processor.
      GST_WARNING ("cannot accept a connection: %s", g_strerror (errno));
      make_room (0);
      epoll_ctl (epoll_.get (), EPOLL_CTL_DEL, listening, nullptr);
      accepting_ = false;
      return tick ();
    }
  }
}

void
Connections::admit (Fd fd, const IpAddress &peer)
{
  if (all_.size () >= limits_.connections) {
    const auto same = sites_.find (peer.site ());
    if (!make_room (same != sites_.end () ? same->second.size () : 0))
      return;
  }
  const int on = 1;
  setsockopt (fd.get (), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  auto connection = std::make_unique<Connection> (*this, std::move (fd), peer);
  auto *key = connection.get ();
  all_.emplace (key, std::move (connection));
  sites_[key->site ()].insert (key);
  tick ();
}

void
Connections::on_gone (Connection &connection)
{
  const auto found = all_.find (&connection);
  gone_.push_back (std::move (found->second));
  all_.erase (found);
  const auto site = sites_.find (connection.site ());
  site->second.erase (&connection);
  if (site->second.empty ())
    sites_.erase (site);
}

/** For one more of a site that has @p held: one of the site that has most goes, and never one of a
 * site that has fewer. Of that site it is the one that keeps us waiting for longest. One that waits
 * for us goes last, and only for a site that stays behind it even then: else those who wait would
 * take turns in pushing each other out. */
bool
Connections::make_room (std::size_t held)
{
  Connection *goes = nullptr;
  std::size_t most = held;
  const auto rank = [] (const Connection &one) {
    return std::tuple (one.deadline (), one.waits_since ());
  };
  for (const auto &[site, connections] : sites_) {
    if (connections.size () < most)
      continue;
    for (auto *one : connections) {
      if (one->deadline () == Connection::never && connections.size () <= held + 1)
        continue;
      if (goes == nullptr || connections.size () > most || rank (*one) < rank (*goes))
        goes = one;
      most = connections.size ();
    }
  }
  if (goes != nullptr)
    goes->shut ();
  return goes != nullptr;
}

gboolean
Connections::on_tick (gpointer data)
{
  auto &self = *static_cast<Connections *> (data);
  const auto now = g_get_monotonic_time ();
  for (auto it = self.all_.begin (); it != self.all_.end ();) {
    auto *connection = (it++)->first;
    if (connection->deadline () < now)
      connection->shut ();
  }
  self.bury ();
  if (!self.accepting_)
    self.listen ();
  if (!self.all_.empty ())
    return G_SOURCE_CONTINUE;
  g_clear_pointer (&self.tick_, g_source_unref);
  return G_SOURCE_REMOVE;
}

} // namespace stagedoor::http
