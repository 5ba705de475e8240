// SPDX-License-Identifier: LGPL-2.1-or-later
// Answers to HTTP requests, at once or later.
#include "gst-plugins/common/http_server.hpp"

#include <algorithm>
#include <utility>

#include "gst-plugins/common/http_connections.hpp"
#include "gst-plugins/common/http_loop.hpp"
#include "gst-plugins/common/ref.hpp"

namespace stagedoor::http {
namespace {

constexpr const char *allowed_methods = "GET, HEAD, POST, PATCH, DELETE, OPTIONS";
constexpr const char *allowed_headers =
    "Authorization, Content-Type, If-Match, If-None-Match, Range";
constexpr const char *exposed_headers =
    "Location, Link, ETag, Accept-Post, Accept-Patch, Retry-After, Content-Range, Date";

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

constexpr const char *deferred_key = "stagedoor-deferred";

void
set_deferred (SoupServerMessage *message, bool deferred)
{
  g_object_set_data (G_OBJECT (message), deferred_key, GINT_TO_POINTER (deferred));
}

void
begin_response (const Request &request, unsigned status)
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
}

} // namespace

void
respond (const Request &request, unsigned status, const char *content_type, std::string body)
{
  begin_response (request, status);
  if (content_type != nullptr)
    soup_server_message_set_response (
        request.message, content_type, SOUP_MEMORY_COPY, body.data (), body.size ());
}

void
respond_bytes (const Request &request, unsigned status, const char *content_type,
    std::span<const Ref<GBytes>> pieces)
{
  begin_response (request, status);
  set_header (request, "Content-Type", content_type);
  auto *body = soup_server_message_get_response_body (request.message);
  for (const auto &piece : pieces)
    if (g_bytes_get_size (piece.get ()) > 0)
      soup_message_body_append_bytes (body, piece.get ());
}

void
respond_problem (const Request &request, unsigned status, const std::string &detail)
{
  respond (request, status, "application/problem+json",
      R"({"type":"about:blank","title":)" + quoted (soup_status_get_phrase (status))
          + R"(,"status":)" + std::to_string (status) + R"(,"detail":)" + quoted (detail) + "}\n");
}

void
set_header (const Request &request, const char *name, const std::string &value)
{
  soup_message_headers_replace (
      soup_server_message_get_response_headers (request.message), name, value.c_str ());
}

std::optional<std::string>
header (const Request &request, const char *name)
{
  const char *value = soup_message_headers_get_one (
      soup_server_message_get_request_headers (request.message), name);
  return value != nullptr ? std::optional<std::string> (value) : std::nullopt;
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

bool
is_deferred (SoupServerMessage *message)
{
  return g_object_get_data (G_OBJECT (message), deferred_key) != nullptr;
}

Deferred::Deferred (Request request)
    : request_ (std::move (request)), message_ (g_object_ref (request_.message), g_object_unref),
      loop_ (Loop::current ())
{
  soup_server_message_pause (request_.message);
  set_deferred (request_.message, true);
  // libsoup has nothing to resume once the connection is closed.
  g_signal_connect (request_.message, "disconnected",
      G_CALLBACK (+[] (SoupServerMessage *message) { set_deferred (message, false); }), nullptr);
}

Deferred::~Deferred ()
{
  if (message_ != nullptr)
    answer ([] (const Request &request) {
      respond_problem (request, SOUP_STATUS_SERVICE_UNAVAILABLE, "nobody is left to answer this");
    });
}

/** Our reference goes along, so that the message ends its life on the http thread. */
void
Deferred::answer (Handler write)
{
  loop_->post ([request = request_, message = std::move (message_), write = std::move (write)] {
    write (request);
    if (is_deferred (request.message)) {
      set_deferred (request.message, false);
      soup_server_message_unpause (request.message);
    }
  });
}

} // namespace stagedoor::http
