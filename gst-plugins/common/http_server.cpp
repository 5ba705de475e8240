// SPDX-License-Identifier: LGPL-2.1-or-later
// SoupServer on a thread of its own, with the bounds that libsoup leaves to its user: open
// connections, time to send a request, size of a body.
#include "gst-plugins/common/http_server.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <gio/gio.h>
#include <sys/socket.h>

#include "gst-plugins/common/ref.hpp"
#include "gst-plugins/common/shared_service.hpp"
#include "gst-plugins/common/tcp_listener.hpp"

namespace stagedoor::http {
namespace {

constexpr std::size_t max_connections = 1024;
/** A connection must deliver a whole request within this, counted from its opening or from the
 * previous answer: bounds slow writers and idle connections alike. */
constexpr gint64 request_time_us = 20 * G_USEC_PER_SEC;
constexpr const char *allowed_methods = "GET, HEAD, POST, PATCH, DELETE, OPTIONS";
constexpr const char *allowed_headers = "Authorization, Content-Type, If-Match, If-None-Match";
constexpr const char *exposed_headers =
    "Location, Link, ETag, Accept-Post, Accept-Patch, Retry-After";

struct Route
{
  std::string prefix;
  std::size_t body_limit;
  Handler handler;
  std::mutex running; // held while the handler runs; outermost but for the caller's own
  bool alive = true;  // protected by running, but for removal on the http thread
};

Request
request_of (SoupServerMessage *message)
{
  Request out{message, soup_server_message_get_method (message), "", "", "", "", ""};
  GUri *uri = soup_server_message_get_uri (message);
  out.path = g_uri_get_path (uri);
  const char *query = g_uri_get_query (uri);
  out.query = query != nullptr ? query : "";
  const char *authorization = soup_message_headers_get_one (
      soup_server_message_get_request_headers (message), "Authorization");
  constexpr std::string_view scheme = "Bearer ";
  if (authorization != nullptr
      && g_ascii_strncasecmp (authorization, "Bearer ", scheme.size ()) == 0)
    out.bearer = authorization + scheme.size ();
  const char *host = soup_server_message_get_remote_host (message);
  out.peer = host != nullptr ? host : "";
  return out;
}

bool
is_below (const std::string &path, const std::string &prefix)
{
  return path.starts_with (prefix)
         && (path.size () == prefix.size () || prefix.ends_with ('/')
             || path[prefix.size ()] == '/');
}

bool
is_normal (const std::string &path)
{
  return path.starts_with ('/') && path.find ("//") == std::string::npos
         && path.find ("/../") == std::string::npos && path.find ("/./") == std::string::npos
         && !path.ends_with ("/..") && !path.ends_with ("/.");
}

/** What the http thread owns. Kept alive by that thread, so that the last Server may be dropped
 * even inside a handler. */
class Core : public std::enable_shared_from_this<Core>
{
public:
  Core () : context_ (g_main_context_new ()), loop_ (g_main_loop_new (context_, FALSE)) {}
  ~Core ()
  {
    g_main_loop_unref (loop_);
    g_main_context_unref (context_);
  }

  void run (GSocket *socket);
  void quit ();
  void post (std::function<void ()> call);
  void add (const std::shared_ptr<Route> &route);
  void remove (const std::shared_ptr<Route> &route);
  bool on_thread () const { return std::this_thread::get_id () == thread_id_; }

private:
  std::shared_ptr<Route> find (const std::string &path);
  void on_started (SoupServerMessage *message);
  void on_headers (SoupServerMessage *message);
  void on_chunk (SoupServerMessage *message);
  void on_request (SoupServerMessage *message);
  void refuse_body (SoupServerMessage *message);
  void close_late_connections ();
  static void connection_gone (gpointer core, GObject *socket);

  GMainContext *const context_;
  GMainLoop *const loop_;
  std::thread::id thread_id_;               // set before anyone else sees this object at work
  std::map<GObject *, gint64> connections_; // http thread; deadline, or G_MAXINT64 while answering
  std::mutex routes_mutex_;                 // innermost
  std::vector<std::shared_ptr<Route>> routes_; // protected by routes_mutex_
};

void
Core::add (const std::shared_ptr<Route> &route)
{
  std::lock_guard lock (routes_mutex_);
  routes_.push_back (route);
}

void
Core::remove (const std::shared_ptr<Route> &route)
{
  {
    std::lock_guard lock (routes_mutex_);
    std::erase (routes_, route);
  }
  std::unique_lock running (route->running, std::defer_lock);
  if (!on_thread ())
    running.lock ();
  route->alive = false;
}

std::shared_ptr<Route>
Core::find (const std::string &path)
{
  std::lock_guard lock (routes_mutex_);
  std::shared_ptr<Route> best;
  for (const auto &route : routes_)
    if (is_below (path, route->prefix)
        && (best == nullptr || route->prefix.size () > best->prefix.size ()))
      best = route;
  return best;
}

void
Core::connection_gone (gpointer core, GObject *socket)
{
  static_cast<Core *> (core)->connections_.erase (socket);
}

void
Core::on_started (SoupServerMessage *message)
{
  GSocket *socket = soup_server_message_get_socket (message);
  if (socket == nullptr)
    return;
  auto *key = G_OBJECT (socket);
  if (!connections_.contains (key)) {
    if (connections_.size () >= max_connections) {
      g_socket_shutdown (socket, TRUE, TRUE, nullptr);
      return;
    }
    g_object_weak_ref (key, connection_gone, this);
  }
  connections_[key] = g_get_monotonic_time () + request_time_us;
  const auto connect = [this, message] (
                           const char *signal, void (*call) (SoupServerMessage *, Core *)) {
    g_signal_connect (message, signal, G_CALLBACK (call), this);
  };
  connect (
      "got-headers", +[] (SoupServerMessage *m, Core *core) { core->on_headers (m); });
  g_signal_connect (message, "got-chunk",
      G_CALLBACK (+[] (SoupServerMessage *m, GBytes *, Core *core) { core->on_chunk (m); }), this);
  connect (
      "got-body", +[] (SoupServerMessage *m, Core *core) {
        if (GSocket *peer = soup_server_message_get_socket (m))
          core->connections_[G_OBJECT (peer)] = G_MAXINT64;
      });
}

void
Core::refuse_body (SoupServerMessage *message)
{
  auto *body = soup_server_message_get_request_body (message);
  soup_message_body_set_accumulate (body, FALSE);
  soup_message_body_truncate (body);
  if (soup_server_message_get_status (message) == 0)
    respond_problem (request_of (message), SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE,
        "the request body is larger than this address accepts");
}

void
Core::on_headers (SoupServerMessage *message)
{
  const auto route = find (g_uri_get_path (soup_server_message_get_uri (message)));
  auto *headers = soup_server_message_get_request_headers (message);
  const auto limit = route != nullptr ? route->body_limit : 0;
  if (soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CONTENT_LENGTH
      && static_cast<guint64> (soup_message_headers_get_content_length (headers)) > limit)
    refuse_body (message);
}

void
Core::on_chunk (SoupServerMessage *message)
{
  const auto route = find (g_uri_get_path (soup_server_message_get_uri (message)));
  auto *body = soup_server_message_get_request_body (message);
  if (static_cast<guint64> (body->length) > (route != nullptr ? route->body_limit : 0))
    refuse_body (message);
}

void
Core::on_request (SoupServerMessage *message)
{
  auto request = request_of (message);
  const auto route = is_normal (request.path) ? find (request.path) : nullptr;
  if (route == nullptr) {
    respond_problem (request, SOUP_STATUS_NOT_FOUND, "there is nothing at this address");
    return;
  }
  GBytes *body = soup_message_body_flatten (soup_server_message_get_request_body (message));
  gsize size = 0;
  const auto *data = static_cast<const char *> (g_bytes_get_data (body, &size));
  request.body.assign (data != nullptr ? data : "", size);
  g_bytes_unref (body);
  std::lock_guard running (route->running);
  if (route->alive)
    route->handler (request);
  else
    respond_problem (request, SOUP_STATUS_NOT_FOUND, "there is nothing at this address");
}

void
Core::close_late_connections ()
{
  const auto now = g_get_monotonic_time ();
  for (auto &[socket, deadline] : connections_)
    if (now > deadline) {
      g_socket_shutdown (G_SOCKET (socket), TRUE, TRUE, nullptr);
      deadline = G_MAXINT64;
    }
}

void
Core::run (GSocket *socket)
{
  thread_id_ = std::this_thread::get_id ();
  pthread_setname_np (pthread_self (), "http");
  g_main_context_push_thread_default (context_);
  SoupServer *server = soup_server_new (nullptr, nullptr);
  g_signal_connect (server, "request-started",
      G_CALLBACK (+[] (SoupServer *, SoupServerMessage *m, Core *core) { core->on_started (m); }),
      this);
  soup_server_add_handler (
      server, nullptr,
      [] (SoupServer *, SoupServerMessage *m, const char *, GHashTable *, gpointer core) {
        static_cast<Core *> (core)->on_request (m);
      },
      this, nullptr);
  soup_server_listen_socket (server, socket, static_cast<SoupServerListenOptions> (0), nullptr);
  GSource *tick = g_timeout_source_new_seconds (2);
  g_source_set_callback (
      tick,
      [] (gpointer core) -> gboolean {
        static_cast<Core *> (core)->close_late_connections ();
        return G_SOURCE_CONTINUE;
      },
      this, nullptr);
  g_source_attach (tick, context_);
  g_main_loop_run (loop_);
  g_source_destroy (tick);
  g_source_unref (tick);
  soup_server_disconnect (server);
  g_object_unref (server);
  for (const auto &[connection, deadline] : connections_)
    g_object_weak_unref (connection, connection_gone, this);
  g_main_context_pop_thread_default (context_);
}

void
Core::quit ()
{
  post ([this] { g_main_loop_quit (loop_); });
}

void
Core::post (std::function<void ()> call)
{
  GSource *source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (
      source,
      [] (gpointer data) -> gboolean {
        (*static_cast<std::function<void ()> *> (data)) ();
        return G_SOURCE_REMOVE;
      },
      new std::function<void ()> (std::move (call)),
      [] (gpointer data) { delete static_cast<std::function<void ()> *> (data); });
  g_source_attach (source, context_);
  g_source_unref (source);
}

class SoupBackedServer final : public Server
{
public:
  SoupBackedServer (GSocket *socket, std::uint16_t port)
      : core_ (std::make_shared<Core> ()), port_ (port), thread_ ([core = core_, socket] {
          core->run (socket);
          g_object_unref (socket);
        })
  {
  }
  ~SoupBackedServer () override
  {
    core_->quit ();
    if (core_->on_thread ())
      thread_.detach ();
    else
      thread_.join ();
  }

  std::uint16_t port () const override { return port_; }
  Token route (const std::string &prefix, std::size_t body_limit, Handler handler) override
  {
    auto route = std::make_shared<Route> ();
    route->prefix = prefix;
    route->body_limit = body_limit;
    route->handler = std::move (handler);
    core_->add (route);
    return {route.get (), [core = core_, route] (void *) {
              core->remove (route);
            }};
  }
  void post (std::function<void ()> call) override { core_->post (std::move (call)); }

private:
  const std::shared_ptr<Core> core_;
  const std::uint16_t port_;
  std::thread thread_;
};

tl::expected<OpenedService, std::string>
open_server (const std::string &address)
{
  auto listener = listen_tcp (address, SOMAXCONN);
  if (!listener)
    return tl::unexpected (listener.error ());
  std::shared_ptr<Server> server =
      std::make_shared<SoupBackedServer> (listener->socket.release (), listener->port);
  return OpenedService{server, listener->address};
}

} // namespace

tl::expected<std::shared_ptr<Server>, std::string>
Server::open (const std::string &address)
{
  return find_or_open (http_server_context, address, [&address] {
    return open_server (address);
  }).map ([] (const AnyService &service) { return std::static_pointer_cast<Server> (service); });
}

void
respond (const Request &request, unsigned status, const char *content_type, std::string body)
{
  auto *headers = soup_server_message_get_response_headers (request.message);
  soup_message_headers_replace (headers, "Access-Control-Allow-Origin", "*");
  soup_message_headers_replace (headers, "Access-Control-Expose-Headers", exposed_headers);
  if (request.method == "OPTIONS") {
    soup_message_headers_replace (headers, "Access-Control-Allow-Methods", allowed_methods);
    soup_message_headers_replace (headers, "Access-Control-Allow-Headers", allowed_headers);
    soup_message_headers_replace (headers, "Access-Control-Max-Age", "7200");
  }
  if (soup_message_headers_get_one (headers, "Cache-Control") == nullptr)
    soup_message_headers_replace (headers, "Cache-Control", "no-store");
  soup_server_message_set_status (request.message, status, nullptr);
  if (content_type != nullptr)
    soup_server_message_set_response (
        request.message, content_type, SOUP_MEMORY_COPY, body.data (), body.size ());
}

void
respond_problem (const Request &request, unsigned status, const std::string &detail)
{
  std::string escaped;
  for (const char c : detail)
    if (c == '"' || c == '\\')
      escaped += {'\\', c};
    else
      escaped += static_cast<unsigned char> (c) < 0x20 ? ' ' : c;
  const char *title = soup_status_get_phrase (status);
  respond (request, status, "application/problem+json",
      R"({"type":"about:blank","title":")" + std::string (title) + R"(","status":)"
          + std::to_string (status) + R"(,"detail":")" + escaped + "\"}\n");
}

} // namespace stagedoor::http
