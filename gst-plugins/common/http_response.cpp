// SPDX-License-Identifier: LGPL-2.1-or-later
// Answers to HTTP requests, at once or later.
#include "gst-plugins/common/http_server.hpp"

#include <algorithm>
#include <utility>

#include "gst-plugins/common/http_connection.hpp"
#include "gst-plugins/common/http_loop.hpp"
#include "gst-plugins/common/ref.hpp"

namespace stagedoor::http {
namespace {

constexpr const char *allowed_methods = "GET, HEAD, POST, PATCH, DELETE, OPTIONS";
constexpr const char *allowed_headers =
    "Authorization, Content-Type, If-Match, If-None-Match, Range";

/** A JSON string, whatever @p text holds. */
std::string
quoted (const std::string &text)
{
  const String valid (g_utf8_make_valid (text.data (), static_cast<gssize> (text.size ())));
  std::string out = "\"";
  for (const char *p = valid.get (); *p != '\0'; ++p)
    if (*p == '"' || *p == '\\')
      out += {'\\', *p};
    else
      out += static_cast<unsigned char> (*p) < 0x20 ? ' ' : *p;
  return out + '"';
}

void
begin_response (const Request &request, unsigned status)
{
  auto &exchange = *request.exchange;
  if (request.method == "OPTIONS") {
    exchange.set_header ("Access-Control-Allow-Methods", allowed_methods);
    exchange.set_header ("Access-Control-Allow-Headers", allowed_headers);
    exchange.set_header ("Access-Control-Max-Age", "7200");
  }
  if (!exchange.has_header ("Cache-Control"))
    exchange.set_header ("Cache-Control", "no-store");
  exchange.status = status;
  exchange.pieces.clear ();
}

} // namespace

void
respond (const Request &request, unsigned status, const char *content_type, std::string body)
{
  begin_response (request, status);
  if (content_type == nullptr)
    return;
  set_header (request, "Content-Type", content_type);
  auto *kept = new std::string (std::move (body));
  request.exchange->pieces.push_back (adopt (g_bytes_new_with_free_func (
      kept->data (), kept->size (),
      [] (gpointer data) { delete static_cast<std::string *> (data); }, kept)));
}

void
respond_bytes (const Request &request, unsigned status, const char *content_type,
    std::span<const Ref<GBytes>> pieces)
{
  begin_response (request, status);
  set_header (request, "Content-Type", content_type);
  request.exchange->pieces.assign (pieces.begin (), pieces.end ());
}

void
respond_problem (const Request &request, unsigned status, const std::string &detail)
{
  respond (request, status, "application/problem+json",
      R"({"type":"about:blank","title":)" + quoted (soup_status_get_phrase (status))
          + R"(,"status":)" + std::to_string (status) + R"(,"detail":)" + quoted (detail) + "}\n");
}

void
respond_nothing (const Request &request)
{
  if (request.method == "OPTIONS")
    return respond (request, SOUP_STATUS_NO_CONTENT, nullptr, {});
  respond_problem (request, SOUP_STATUS_NOT_FOUND, "there is nothing at this address");
}

void
set_header (const Request &request, const char *name, const std::string &value)
{
  request.exchange->set_header (name, value);
}

std::optional<std::string>
header (const Request &request, const char *name)
{
  const auto value = request.exchange->asked.field (name);
  return value ? std::optional<std::string> (*value) : std::nullopt;
}

std::string
url_of (const Request &request, const std::string &path, std::uint16_t port)
{
  constexpr std::size_t max_host = 255;
  auto host = header (request, "Host").value_or ("").substr (0, max_host);
  host.resize (std::min (host.find_first_of ("/?#@"), host.size ())); // the query is in the query
  if (host.rfind (':') == std::string::npos || host.ends_with (']'))
    host += ":" + std::to_string (port);
  return "http://" + host + path + (request.query.empty () ? "" : "?" + request.query);
}

Deferred::Deferred (Request request) : request_ (std::move (request)), loop_ (Loop::current ())
{
  request_.exchange->deferred = true;
}

Deferred::~Deferred ()
{
  if (request_.exchange != nullptr)
    answer ([] (const Request &request) {
      respond_problem (request, SOUP_STATUS_SERVICE_UNAVAILABLE, "nobody is left to answer this");
    });
}

bool
Deferred::is_awaited () const
{
  return request_.exchange != nullptr && request_.exchange->connection != nullptr;
}

void
Deferred::answer (Handler write)
{
  auto task = [request = std::exchange (request_, {}), write = std::move (write)] {
    write (request);
    request.exchange->deferred = false;
    if (auto *connection = request.exchange->connection)
      connection->on_answered ();
  };
  if (loop_->is_current ())
    task ();
  else
    loop_->post (std::move (task));
}

} // namespace stagedoor::http
