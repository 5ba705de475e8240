// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/http_document.hpp"

#include <algorithm>

#include "gst-plugins/common/ref.hpp"

namespace stagedoor::http {

namespace {

void
set_response_header (const Request &request, const char *name, const char *value)
{
  soup_message_headers_replace (
      soup_server_message_get_response_headers (request.message), name, value);
}

/** If-None-Match (RFC 9110 section 13.1.2); weak comparison. */
bool
has_already (const Request &request, std::string_view etag)
{
  const char *header = soup_message_headers_get_list (
      soup_server_message_get_request_headers (request.message), "If-None-Match");
  std::string_view rest = header != nullptr ? header : "";
  while (!rest.empty ()) {
    auto item = rest.substr (0, rest.find (','));
    rest.remove_prefix (std::min (item.size () + 1, rest.size ()));
    while (item.starts_with (' '))
      item.remove_prefix (1);
    while (item.ends_with (' '))
      item.remove_suffix (1);
    if (item.starts_with ("W/"))
      item.remove_prefix (2);
    if (item == etag || item == "*")
      return true;
  }
  return false;
}

} // namespace

Document
new_document (std::string body, std::string type)
{
  const String sum (g_compute_checksum_for_data (
      G_CHECKSUM_SHA256, reinterpret_cast<const guchar *> (body.data ()), body.size ()));
  auto etag = "\"" + std::string (sum.get ()).substr (0, 32) + "\"";
  return {std::move (body), std::move (type), std::move (etag)};
}

void
refuse_method (const Request &request, const char *allowed)
{
  set_response_header (request, "Allow", allowed);
  if (request.method == "OPTIONS")
    respond (request, SOUP_STATUS_NO_CONTENT, nullptr, "");
  else
    respond_problem (
        request, SOUP_STATUS_METHOD_NOT_ALLOWED, std::string ("this address answers ") + allowed);
}

bool
answer_unless_reading (const Request &request)
{
  if (request.method == "GET" || request.method == "HEAD")
    return false;
  refuse_method (request, "GET, HEAD, OPTIONS");
  return true;
}

void
respond_document (const Request &request, const Document &document, const char *cache_control)
{
  set_response_header (request, "Cache-Control", cache_control);
  set_response_header (request, "ETag", document.etag.c_str ());
  set_response_header (request, "X-Content-Type-Options", "nosniff");
  if (has_already (request, document.etag))
    respond (request, SOUP_STATUS_NOT_MODIFIED, nullptr, "");
  else
    respond (request, SOUP_STATUS_OK, document.type.c_str (), document.body);
}

} // namespace stagedoor::http
