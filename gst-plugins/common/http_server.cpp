// SPDX-License-Identifier: LGPL-2.1-or-later
// A server on a thread of its own: the service, its routes and the way of a request to one.
#include "gst-plugins/common/http_server.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
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
bearer_of (const http1::RequestHead &head)
{
  constexpr std::string_view scheme = "Bearer ";
  auto token = head.field ("Authorization").value_or ("");
  if (token.size () < scheme.size ()
      || !http1::same_name (token.substr (0, scheme.size ()), scheme))
    return "";
  token.remove_prefix (scheme.size ());
  token.remove_prefix (std::min (token.find_first_not_of (' '), token.size ()));
  return std::string (token);
}

Request
request_of (const std::shared_ptr<Exchange> &exchange, std::string body)
{
  const auto &head = exchange->asked;
  return {exchange, head.method, head.path, head.query, bearer_of (head), std::move (body),
      *exchange->peer, std::string (head.field ("Range").value_or (""))};
}

constexpr std::string_view any_segment = "/*";

/** Takes "/live" off "/live/demo"; empty when nothing is left. Of a path that has "//" it gives a
 * segment that no request has. */
std::string_view
take_segment (std::string_view &path)
{
  const auto out = path.substr (0, path.find ('/', 1));
  path.remove_prefix (out.size ());
  return out == "/" && path.empty () ? std::string_view () : out;
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

/** Of a stream all routes begin alike. */
constexpr int shelf_depth = 2;

/** The first segments of @p path, or none if one of them stands for any. */
std::string
shelf_of (std::string_view path, int depth)
{
  std::string out;
  for (; depth > 0; --depth) {
    const auto segment = take_segment (path);
    if (segment == any_segment)
      return {};
    out += segment;
  }
  return out;
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
class Core final : public Service
{
public:
  Core () = default;
  Core (const Core &) = delete;
  Core &operator= (const Core &) = delete;

  void run (GSocket *socket, const Limits &limits);
  Loop &loop () const { return *loop_; }
  void add (const std::shared_ptr<Route> &route);
  void remove (const std::shared_ptr<Route> &route);

  std::size_t body_limit (const http1::RequestHead &head) override;
  void on_request (const std::shared_ptr<Exchange> &exchange, std::string body) override;
  void on_too_large (const std::shared_ptr<Exchange> &exchange) override;

private:
  std::shared_ptr<Route> find (const std::string &path, std::string_view query);

  const std::shared_ptr<Loop> loop_ = std::make_shared<Loop> ();
  std::mutex routes_mutex_; // innermost
  /** By shelf_of(), so that a request is not held against the routes of all streams. Protected by
   * routes_mutex_. */
  std::map<std::string, std::vector<std::shared_ptr<Route>>> routes_;
};

void
Core::add (const std::shared_ptr<Route> &route)
{
  std::lock_guard lock (routes_mutex_);
  routes_[shelf_of (route->prefix, shelf_depth)].push_back (route);
}

void
Core::remove (const std::shared_ptr<Route> &route)
{
  {
    std::lock_guard lock (routes_mutex_);
    const auto shelf = routes_.find (shelf_of (route->prefix, shelf_depth));
    std::erase (shelf->second, route);
    if (shelf->second.empty ())
      routes_.erase (shelf);
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
  if (!is_normal (path))
    return best;
  std::set<std::string> shelves;
  for (int depth = 0; depth <= shelf_depth; ++depth)
    shelves.insert (shelf_of (path, depth));
  for (const auto &name : shelves)
    if (const auto shelf = routes_.find (name); shelf != routes_.end ())
      for (const auto &route : shelf->second)
        if (is_below (path, route->prefix)
            && (route->condition == nullptr || route->condition (query))
            && (best == nullptr || says_no_less (route->prefix, best->prefix)))
          best = route;
  return best;
}

std::size_t
Core::body_limit (const http1::RequestHead &head)
{
  const auto route = find (head.path, head.query);
  return route != nullptr ? route->body_limit : 0;
}

void
Core::on_too_large (const std::shared_ptr<Exchange> &exchange)
{
  respond_problem (request_of (exchange, {}), SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE,
      "the request body is larger than this address accepts");
}

void
Core::on_request (const std::shared_ptr<Exchange> &exchange, std::string body)
{
  const auto request = request_of (exchange, std::move (body));
  if (request.method == "CONNECT")
    return respond_problem (request, SOUP_STATUS_METHOD_NOT_ALLOWED, "this is not a proxy");
  const auto route = find (request.path, request.query);
  if (route == nullptr)
    return respond_nothing (request);
  std::lock_guard running (route->running);
  if (route->alive)
    route->handler (request);
  else
    respond_nothing (request);
  if (exchange->status == 0 && !exchange->deferred)
    respond_problem (request, SOUP_STATUS_INTERNAL_SERVER_ERROR, "nobody answered this");
}

void
Core::run (GSocket *socket, const Limits &limits)
{
  pthread_setname_np (pthread_self (), "http");
  loop_->enter ();
  {
    const Connections connections (loop_->context (), socket, *this, limits);
    loop_->run ();
  }
  loop_->leave ();
}

class ThreadedServer final : public Server
{
public:
  ThreadedServer (GSocket *socket, const Endpoint &at, const Limits &limits)
      : core_ (std::make_shared<Core> ()), at_ (at), thread_ ([core = core_, socket, limits] {
          core->run (socket, limits);
          g_object_unref (socket);
        })
  {
  }
  ~ThreadedServer () override
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
      std::make_shared<ThreadedServer> (socket->release (), at, limits);
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
