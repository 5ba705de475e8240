// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/whep/endpoint.hpp"

#include <algorithm>

#include "gst-plugins/common/http_sdp.hpp"

namespace stagedoor::whep {

namespace {

constexpr std::size_t max_waiting = 256;

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
      path, http::max_sdp, [self] (const http::Request &request) { self->on_request (request); });
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
  if (request.path == path_) {
    if (!http::answer_without_offer (request))
      on_post (request);
    return;
  }
  on_session (request, request.path.substr (path_.size () + 1));
}

void
Endpoint::on_session (const http::Request &request, const std::string &id)
{
  if (http::answer_options (request))
    return;
  if (!reception_->has (id))
    return http::respond_no_session (request);
  const auto call = http::read_session_call (request);
  if (!call)
    return;
  switch (*call) {
    case http::SessionCall::end:
      reception_->end (id);
      return http::respond_to_end (request);
    case http::SessionCall::patch:
      return http::respond_to_patch (
          request, reception_->patch (id, request.body, http::header (request, "If-Match")));
    case http::SessionCall::look:
      return http::respond_to_look (request);
  }
}

void
Endpoint::on_post (const http::Request &request)
{
  if (!http::is_offer (request))
    return http::respond_no_offer (request);
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
    return http::respond_rejection (request, joined.error ());
  http::respond_created (request, path_ + "/" + joined->id, joined->etag, joined->answer);
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
  std::vector<std::unique_ptr<http::Deferred>> due; // whose clients may offer again at once
  std::erase_if (waiting_, [&] (Waiting &waiting) {
    if (!waiting.offer->is_awaited ())
      return true; // and is no viewer
    if (incomplete && waiting.since_us > since)
      return false;
    due.push_back (std::move (waiting.offer));
    return true;
  });
  for (const auto &offer : due)
    offer->answer ([this] (const http::Request &request) { answer (request); });
}

} // namespace stagedoor::whep
