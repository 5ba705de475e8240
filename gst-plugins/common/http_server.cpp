// SPDX-License-Identifier: LGPL-2.1-or-later
// SoupServer on a thread of its own: the service, its routes and the way of a request to one.
#include "gst-plugins/common/http_server.hpp"

#include <algorithm>
#include <mutex>
#include <thread>
#include <vector>

#include <gio/gio.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "gst-plugins/common/http_connections.hpp"
#include "gst-plugins/common/http_loop.hpp"
#include "gst-plugins/common/listen_address.hpp"
#include "gst-plugins/common/ref.hpp"
#include "gst-plugins/common/shared_service.hpp"

namespace stagedoor::http {
namespace {

constexpr std::size_t max_path = 2048;

struct Route
{
  std::string prefix;
  std::size_t body_limit;
  Handler handler;
  Server::Condition condition; // or null
  std::mutex running;          // held while the handler runs; outermost but for the caller's own
  bool alive = true;           // protected by running, but for removal on the http thread
};

std::string
bearer_of (SoupServerMessage *message)
{
  constexpr std::string_view scheme = "Bearer ";
  const char *authorization = soup_message_headers_get_one (
      soup_server_message_get_request_headers (message), "Authorization");
  if (authorization == nullptr
      || g_ascii_strncasecmp (authorization, scheme.data (), scheme.size ()) != 0)
    return "";
  std::string_view token (authorization + scheme.size ());
  token.remove_prefix (std::min (token.find_first_not_of (' '), token.size ()));
  return std::string (token);
}

std::string
peer_of (SoupServerMessage *message)
{
  const char *host = soup_server_message_get_remote_host (message);
  const auto ip = IpAddress::parse (host != nullptr ? host : "");
  return ip ? ip->to_string () : "";
}

constexpr const char *range_key = "stagedoor-range";

/** libsoup would cut an answer into as many pieces as a stranger cares to list. */
void
take_range (SoupServerMessage *message)
{
  auto *headers = soup_server_message_get_request_headers (message);
  if (const char *range = soup_message_headers_get_one (headers, "Range"))
    g_object_set_data_full (G_OBJECT (message), range_key, g_strdup (range), g_free);
  soup_message_headers_remove (headers, "Range");
}

Request
request_of (SoupServerMessage *message)
{
  const auto *range = static_cast<const char *> (g_object_get_data (G_OBJECT (message), range_key));
  GUri *uri = soup_server_message_get_uri (message);
  const char *query = g_uri_get_query (uri);
  return {message, soup_server_message_get_method (message), g_uri_get_path (uri),
      query != nullptr ? query : "", bearer_of (message), "", peer_of (message),
      range != nullptr ? range : ""};
}

constexpr std::string_view any_segment = "/*";

/** Takes "/live" off "/live/demo"; empty when nothing is left. */
std::string_view
take_segment (std::string_view &path)
{
  const auto out = path.substr (0, path.find ('/', 1));
  path.remove_prefix (out.size ());
  return out == "/" ? std::string_view () : out;
}

bool
is_below (std::string_view path, std::string_view prefix)
{
  for (auto wanted = take_segment (prefix); !wanted.empty (); wanted = take_segment (prefix)) {
    const auto found = take_segment (path);
    if (found.empty () || (wanted != any_segment && wanted != found))
      return false;
  }
  return true;
}

/** Of two prefixes that a path is below. */
bool
says_no_less (std::string_view prefix, std::string_view than)
{
  while (true) {
    const auto mine = take_segment (prefix), theirs = take_segment (than);
    if (mine.empty () || theirs.empty ())
      return theirs.empty ();
    if ((mine == any_segment) != (theirs == any_segment))
      return theirs == any_segment;
  }
}

bool
is_normal (const std::string &path)
{
  return path.size () <= max_path && path.starts_with ('/') && path.find ("//") == std::string::npos
         && path.find ("/../") == std::string::npos && path.find ("/./") == std::string::npos
         && !path.ends_with ("/..") && !path.ends_with ("/.")
         && g_utf8_validate (path.data (), static_cast<gssize> (path.size ()), nullptr);
}

/** What the http thread owns. Kept alive by that thread, so that the last Server may be dropped
 * even inside a handler. */
class Core
{
public:
  Core () = default;
  Core (const Core &) = delete;
  Core &operator= (const Core &) = delete;

  void run (GSocket *socket, const Limits &limits);
  Loop &loop () const { return *loop_; }
  void add (const std::shared_ptr<Route> &route);
  void remove (const std::shared_ptr<Route> &route);

private:
  std::shared_ptr<Route> find (const std::string &path, std::string_view query);
  void connect (SoupServer *server);
  void on_started (SoupServerMessage *message);
  void on_headers (SoupServerMessage *message);
  void on_request (SoupServerMessage *message);
  void refuse_body (SoupServerMessage *message);

  const std::shared_ptr<Loop> loop_ = std::make_shared<Loop> ();
  std::unique_ptr<Connections> connections_;   // http thread
  std::mutex routes_mutex_;                    // innermost
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
  if (!loop_->is_current ())
    running.lock ();
  route->alive = false;
}

std::shared_ptr<Route>
Core::find (const std::string &path, std::string_view query)
{
  std::lock_guard lock (routes_mutex_);
  std::shared_ptr<Route> best;
  if (is_normal (path))
    for (const auto &route : routes_)
      if (is_below (path, route->prefix)
          && (route->condition == nullptr || route->condition (query))
          && (best == nullptr || says_no_less (route->prefix, best->prefix)))
        best = route;
  return best;
}

/** The server has connected its own handlers already, which run first. */
void
Core::on_started (SoupServerMessage *message)
{
  connections_->expects_client (message);
  const auto connect = [this, message] (
                           const char *signal, void (*call) (SoupServerMessage *, Core *)) {
    g_signal_connect (message, signal, G_CALLBACK (call), this);
  };
  connect (
      "got-headers", +[] (SoupServerMessage *m, Core *core) { core->on_headers (m); });
  g_signal_connect (message, "got-chunk",
      G_CALLBACK (+[] (SoupServerMessage *m, GBytes *chunk, Core *core) {
        if (!core->connections_->take_body (m, g_bytes_get_size (chunk)))
          core->refuse_body (m);
      }),
      this);
  connect (
      "wrote-headers",
      +[] (SoupServerMessage *m, Core *core) { core->connections_->expects_client (m); });
  g_signal_connect (message, "wrote-body-data",
      G_CALLBACK (+[] (SoupServerMessage *m, guint, Core *core) {
        core->connections_->expects_client (m);
      }),
      this);
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
  auto *headers = soup_server_message_get_request_headers (message);
  take_range (message);
  GUri *uri = soup_server_message_get_uri (message);
  const char *query = g_uri_get_query (uri);
  const auto route = find (g_uri_get_path (uri), query != nullptr ? query : "");
  const auto limit = route != nullptr ? route->body_limit : 0;
  connections_->begin_body (message, limit);
  if (soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CONTENT_LENGTH
      && static_cast<guint64> (soup_message_headers_get_content_length (headers)) > limit)
    refuse_body (message);
}

void
Core::on_request (SoupServerMessage *message)
{
  auto request = request_of (message);
  if (request.method == "CONNECT") { // libsoup calls its path "/"
    respond_problem (request, SOUP_STATUS_METHOD_NOT_ALLOWED, "this is not a proxy");
    return;
  }
  const auto route = find (request.path, request.query);
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
  if (is_deferred (message))
    connections_->expects_handler (message);
}

void
Core::connect (SoupServer *server)
{
  g_signal_connect (server, "request-started",
      G_CALLBACK (+[] (SoupServer *, SoupServerMessage *m, Core *core) { core->on_started (m); }),
      this);
  for (const char *signal : {"request-finished", "request-aborted"})
    g_signal_connect (server, signal,
        G_CALLBACK (+[] (SoupServer *, SoupServerMessage *m, Core *core) {
          core->connections_->expects_request (m);
        }),
        this);
  soup_server_add_handler (
      server, nullptr,
      [] (SoupServer *, SoupServerMessage *m, const char *, GHashTable *, gpointer core) {
        static_cast<Core *> (core)->on_request (m);
      },
      this, nullptr);
}

/** libsoup keeps connections alive only while it has a listener: this one hears nothing ever.
 * Returns the other end, to be kept open. */
GSocket *
listen_to_nothing (SoupServer *server)
{
  int ends[2];
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return nullptr;
  GSocket *ear = g_socket_new_from_fd (ends[0], nullptr);
  GSocket *mouth = g_socket_new_from_fd (ends[1], nullptr);
  if (ear != nullptr)
    soup_server_listen_socket (server, ear, static_cast<SoupServerListenOptions> (0), nullptr);
  g_clear_object (&ear);
  return mouth;
}

void
Core::run (GSocket *socket, const Limits &limits)
{
  pthread_setname_np (pthread_self (), "http");
  loop_->enter ();
  SoupServer *server = soup_server_new (nullptr, nullptr);
  connect (server);
  GSocket *mouth = listen_to_nothing (server);
  connections_ = std::make_unique<Connections> (loop_->context (), socket, server, limits);
  loop_->run ();
  soup_server_disconnect (server);
  connections_ = nullptr;
  g_object_unref (server);
  g_clear_object (&mouth);
  loop_->leave ();
}

class SoupBackedServer final : public Server
{
public:
  SoupBackedServer (GSocket *socket, const Endpoint &at, const Limits &limits)
      : core_ (std::make_shared<Core> ()), at_ (at), thread_ ([core = core_, socket, limits] {
          core->run (socket, limits);
          g_object_unref (socket);
        })
  {
  }
  ~SoupBackedServer () override
  {
    core_->loop ().quit ();
    if (core_->loop ().is_current ())
      thread_.detach ();
    else
      thread_.join ();
  }

  std::uint16_t port () const override { return at_.port; }
  std::string address () const override { return listen_address_text (at_); }
  Token route (const std::string &prefix, std::size_t body_limit, Handler handler,
      Condition condition) override
  {
    auto route = std::make_shared<Route> ();
    route->prefix = prefix;
    route->body_limit = body_limit;
    route->handler = std::move (handler);
    route->condition = condition;
    core_->add (route);
    return {route.get (), [core = core_, route] (void *) {
              core->remove (route);
            }};
  }
  void post (std::function<void ()> call) override { core_->loop ().post (std::move (call)); }

private:
  const std::shared_ptr<Core> core_;
  const Endpoint at_;
  std::thread thread_;
};

tl::expected<OpenedService, std::string>
open_server (Endpoint at, const Limits &limits)
{
  auto socket = listen_tcp (at);
  if (!socket)
    return tl::unexpected (socket.error ());
  at.port = bound_port (socket->get ());
  std::shared_ptr<Server> server =
      std::make_shared<SoupBackedServer> (socket->release (), at, limits);
  return OpenedService{server, server->address ()};
}

} // namespace

tl::expected<std::shared_ptr<Server>, std::string>
Server::open (const std::string &address, const Limits &limits)
{
  const auto at = parse_listen_address (address);
  if (!at)
    return tl::unexpected (at.error ());
  return find_or_open (http_server_context, listen_address_text (*at), [&at, &limits] {
    return open_server (*at, limits);
  }).map ([] (const AnyService &service) { return std::static_pointer_cast<Server> (service); });
}

} // namespace stagedoor::http
