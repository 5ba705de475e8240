// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/whep/endpoint.hpp"

#include <algorithm>

namespace stagedoor::whep {

namespace {

constexpr std::size_t max_offer = 64 * 1024;
constexpr std::size_t max_waiting = 256;

void
set_header (const http::Request &request, const char *name, const std::string &value)
{
  soup_message_headers_replace (
      soup_server_message_get_response_headers (request.message), name, value.c_str ());
}

void
refuse_method (const http::Request &request, const char *allowed, const std::string &text)
{
  set_header (request, "Allow", allowed);
  http::respond_problem (request, SOUP_STATUS_METHOD_NOT_ALLOWED, text);
}

bool
is_sdp (const http::Request &request)
{
  const char *type = soup_message_headers_get_content_type (
      soup_server_message_get_request_headers (request.message), nullptr);
  return type != nullptr && g_ascii_strcasecmp (type, "application/sdp") == 0;
}

void
reject (const http::Request &request, const webrtc::Rejection &rejection)
{
  if (rejection.status == SOUP_STATUS_CONFLICT)
    set_header (request, "Retry-After", "2");
  else if (rejection.status == SOUP_STATUS_SERVICE_UNAVAILABLE)
    set_header (request, "Retry-After", "5");
  http::respond_problem (request, static_cast<unsigned> (rejection.status), rejection.text);
}

} // namespace

Endpoint::Endpoint (const std::shared_ptr<http::Server> &server, const std::string &path,
    std::shared_ptr<Reception> reception)
    : server_ (server), path_ (path), reception_ (std::move (reception))
{
}

std::shared_ptr<Endpoint>
Endpoint::open (const std::shared_ptr<http::Server> &server, const std::string &path,
    std::shared_ptr<Reception> reception)
{
  auto self = std::make_shared<Endpoint> (server, path, std::move (reception));
  self->token_ = server->route (
      path, max_offer, [self] (const http::Request &request) { self->on_request (request); });
  self->reception_->on_change ([weak = std::weak_ptr (self)] {
    const auto endpoint = weak.lock ();
    const auto on = endpoint != nullptr ? endpoint->server_.lock () : nullptr;
    if (on != nullptr)
      on->post ([endpoint] { endpoint->answer_waiting (); });
  });
  return self;
}

void
Endpoint::close ()
{
  reception_->on_change (nullptr);
  token_.reset ();
  if (const auto server = server_.lock ())
    server->post ([self = shared_from_this ()] { self->answer_waiting (); });
}

void
Endpoint::on_request (const http::Request &request)
{
  if (request.path == path_)
    on_endpoint (request);
  else
    on_session (request, request.path.substr (path_.size () + 1));
}

void
Endpoint::on_endpoint (const http::Request &request)
{
  const auto &method = request.method;
  if (method == "POST") {
    on_post (request);
  } else if (method == "OPTIONS") {
    set_header (request, "Accept-Post", "application/sdp");
    http::respond (request, SOUP_STATUS_OK, nullptr, {});
  } else if (method == "GET" || method == "HEAD") {
    set_header (request, "Accept-Post", "application/sdp");
    http::respond (request, SOUP_STATUS_OK, "application/sdp", {});
  } else {
    refuse_method (request, "GET, HEAD, OPTIONS, POST",
        method == "DELETE" ? "DELETE goes to the address in the Location of the answer"
                           : "this address takes an SDP offer by POST");
  }
}

void
Endpoint::on_session (const http::Request &request, const std::string &id)
{
  const auto &method = request.method;
  if (method == "OPTIONS")
    return http::respond (request, SOUP_STATUS_OK, nullptr, {});
  if (!reception_->has (id))
    return http::respond_problem (request, SOUP_STATUS_NOT_FOUND, "there is no such session");
  if (method == "DELETE") {
    reception_->end (id);
    http::respond (request, SOUP_STATUS_OK, nullptr, {});
  } else if (method == "GET" || method == "HEAD") {
    http::respond (request, SOUP_STATUS_OK, "application/sdp", {});
  } else {
    refuse_method (request, "DELETE, GET, HEAD, OPTIONS",
        method == "PATCH" ? "neither trickle ICE nor ICE restarts: the answer has all candidates, "
                            "and a new offer starts over"
                          : "a session can be ended by DELETE");
  }
}

void
Endpoint::on_post (const http::Request &request)
{
  if (!is_sdp (request)) {
    set_header (request, "Accept-Post", "application/sdp");
    return http::respond_problem (
        request, SOUP_STATUS_UNSUPPORTED_MEDIA_TYPE, "the offer must be application/sdp");
  }
  if (reception_->is_incomplete () && waiting_.size () < max_waiting)
    wait (request);
  else
    answer (request);
}

void
Endpoint::answer (const http::Request &request)
{
  const auto joined = reception_->offer (request.body, request.peer);
  if (!joined)
    return reject (request, joined.error ());
  set_header (request, "Location", path_ + "/" + joined->id);
  http::respond (request, SOUP_STATUS_CREATED, "application/sdp", joined->answer);
}

void
Endpoint::wait (const http::Request &request)
{
  waiting_.push_back ({std::make_unique<http::Deferred> (request), g_get_monotonic_time ()});
  GSource *patience = g_timeout_source_new (track_patience_us / 1000 + 1);
  g_source_set_callback (
      patience,
      [] (gpointer data) -> gboolean {
        (*static_cast<std::shared_ptr<Endpoint> *> (data))->answer_waiting ();
        return G_SOURCE_REMOVE;
      },
      new std::shared_ptr<Endpoint> (shared_from_this ()),
      [] (gpointer data) { delete static_cast<std::shared_ptr<Endpoint> *> (data); });
  g_source_attach (patience, g_main_context_get_thread_default ());
  g_source_unref (patience);
}

void
Endpoint::answer_waiting ()
{
  const bool incomplete = reception_->is_incomplete ();
  const auto since = g_get_monotonic_time () - track_patience_us;
  std::erase_if (waiting_, [&] (const Waiting &waiting) {
    if (incomplete && waiting.since_us > since)
      return false;
    waiting.offer->answer (
        [self = shared_from_this ()] (const http::Request &request) { self->answer (request); });
    return true;
  });
}

} // namespace stagedoor::whep
