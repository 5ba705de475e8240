// SPDX-License-Identifier: LGPL-2.1-or-later
// The accept loop, the deadlines and what happens when there are too many connections.
#include "gst-plugins/common/http_connections.hpp"

#include <algorithm>
#include <mutex>

#include <gst/gst.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "gst-plugins/common/http_filter.hpp"
#include "gst-plugins/common/ref.hpp"

GST_DEBUG_CATEGORY_STATIC (stage_http_debug);
#define GST_CAT_DEFAULT stage_http_debug

namespace stagedoor::http {
namespace {

constexpr gint64 never = G_MAXINT64;
/** How much of a body that is too large is read so that the client listens to the refusal. */
constexpr std::size_t politeness = 1024 * 1024;

GSocket *
socket_of (GObject *stream)
{
  return g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream));
}

} // namespace

Connections::Connections (
    GMainContext *context, GSocket *listening, SoupServer *server, const Limits &limits)
    : context_ (context), listening_ (listening), server_ (server), limits_ (limits)
{
  static std::once_flag once; // each server has its own thread
  std::call_once (once,
      [] { GST_DEBUG_CATEGORY_INIT (stage_http_debug, "stagehttp", 0, "shared HTTP server"); });
  g_socket_set_blocking (listening, FALSE);
  watch ();
}

Connections::~Connections ()
{
  for (GSource *source : {tick_, watch_})
    if (source != nullptr) {
      g_source_destroy (source);
      g_source_unref (source);
    }
  for (const auto &[address, connection] : entries_)
    g_object_weak_unref (connection.stream, on_gone, this);
}

gint64
Connections::deadline () const
{
  return g_get_monotonic_time () + limits_.patience.count () * 1000;
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
Connections::watch ()
{
  watch_ = g_socket_create_source (listening_, G_IO_IN, nullptr);
  g_source_set_callback (watch_, G_SOURCE_FUNC (on_listening), this, nullptr);
  g_source_attach (watch_, context_);
}

gboolean
Connections::on_listening (GSocket *, GIOCondition, gpointer self)
{
  auto &connections = *static_cast<Connections *> (self);
  connections.accept_one ();
  return connections.watch_ != nullptr;
}

void
Connections::accept_one ()
{
  GError *raw = nullptr;
  GSocket *socket = g_socket_accept (listening_, nullptr, &raw);
  const Error error (raw);
  if (socket != nullptr) {
    admit (socket);
    g_object_unref (socket);
  } else if (!g_error_matches (raw, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
    // Likely no file descriptor is left. Trying again at once would only burn the processor.
    GST_WARNING ("cannot accept a connection: %s", raw->message);
    shut_latest ();
    g_clear_pointer (&watch_, g_source_unref);
    tick ();
  }
}

void
Connections::admit (GSocket *socket)
{
  if (entries_.size () >= limits_.connections && !shut_latest ())
    return; // all of them wait for us
  GSocketAddress *local = g_socket_get_local_address (socket, nullptr);
  GSocketAddress *remote = g_socket_get_remote_address (socket, nullptr);
  if (local != nullptr && remote != nullptr) {
    g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, nullptr);
    auto *stream = G_OBJECT (g_socket_connection_factory_create_connection (socket));
    GIOStream *filtered = new_filtered_stream (G_IO_STREAM (stream));
    entries_[G_OBJECT (remote)] = {
        stream, g_io_stream_get_input_stream (filtered), deadline (), nullptr, 0, 0};
    tick ();
    g_object_weak_ref (stream, on_gone, this);
    soup_server_accept_iostream (server_, filtered, local, remote, nullptr);
    g_object_unref (filtered);
    g_object_unref (stream);
  }
  g_clear_object (&local);
  g_clear_object (&remote);
}

void
Connections::on_gone (gpointer self, GObject *stream)
{
  std::erase_if (static_cast<Connections *> (self)->entries_,
      [stream] (const auto &entry) { return entry.second.stream == stream; });
}

/** libsoup sees the end of the stream and closes it; from here on it no longer counts. */
void
Connections::shut (Entries::iterator entry)
{
  GObject *stream = entry->second.stream;
  entries_.erase (entry);
  g_object_weak_unref (stream, on_gone, this);
  g_socket_shutdown (socket_of (stream), TRUE, TRUE, nullptr);
}

bool
Connections::shut_latest ()
{
  const auto latest = std::min_element (entries_.begin (), entries_.end (),
      [] (const auto &a, const auto &b) { return a.second.deadline < b.second.deadline; });
  if (latest == entries_.end () || latest->second.deadline == never)
    return false;
  shut (latest);
  return true;
}

gboolean
Connections::on_tick (gpointer self)
{
  auto &connections = *static_cast<Connections *> (self);
  const auto now = g_get_monotonic_time ();
  for (auto it = connections.entries_.begin (); it != connections.entries_.end ();) {
    const auto entry = it++;
    auto &connection = entry->second;
    if (connection.deferred != nullptr && !is_deferred (connection.deferred))
      connections.expects_client (connection.deferred); // its answer waits to be taken
    else if (connection.deadline < now)
      connections.shut (entry);
  }
  if (connections.watch_ == nullptr)
    connections.watch ();
  if (!connections.entries_.empty ())
    return G_SOURCE_CONTINUE;
  g_clear_pointer (&connections.tick_, g_source_unref);
  return G_SOURCE_REMOVE;
}

Connections::Connection *
Connections::find (SoupServerMessage *message)
{
  const auto found = entries_.find (G_OBJECT (soup_server_message_get_remote_address (message)));
  return found != entries_.end () ? &found->second : nullptr;
}

void
Connections::expects_request (SoupServerMessage *message)
{
  expects_client (message);
  if (auto *connection = find (message))
    expect_head (connection->filter);
}

void
Connections::expects_client (SoupServerMessage *message)
{
  if (auto *connection = find (message)) {
    connection->deadline = deadline ();
    connection->deferred = nullptr;
  }
}

void
Connections::expects_handler (SoupServerMessage *message)
{
  if (auto *connection = find (message)) {
    connection->deadline = never;
    connection->deferred = message;
  }
}

void
Connections::begin_body (SoupServerMessage *message, std::size_t limit)
{
  if (auto *connection = find (message)) {
    connection->body_limit = limit;
    connection->body_size = 0;
    expect_no_head (connection->filter);
  }
}

bool
Connections::take_body (SoupServerMessage *message, std::size_t size)
{
  auto *connection = find (message);
  if (connection == nullptr)
    return false;
  connection->body_size += size;
  const auto limit = connection->body_limit;
  if (connection->body_size > limit + politeness)
    end_input (connection->filter); // libsoup goes on reading for as long as there is something
  return connection->body_size <= limit;
}

} // namespace stagedoor::http
