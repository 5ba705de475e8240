// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/site.hpp"

#include <vector>

#include "launcher/log.hpp"
#include "libs/base/text.hpp"

namespace stagedoor {
namespace {

/** The page loads only what this server has, may be embedded anywhere, and takes its key along to
 * nobody. */
constexpr const char *page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'";

void
set_header (const http::Request &request, const char *name, const char *value)
{
  soup_message_headers_replace (
      soup_server_message_get_response_headers (request.message), name, value);
}

void
refuse_method (const http::Request &request, const char *allowed)
{
  set_header (request, "Allow", allowed);
  if (request.method == "OPTIONS")
    http::respond (request, SOUP_STATUS_NO_CONTENT, nullptr, "");
  else
    http::respond_problem (
        request, SOUP_STATUS_METHOD_NOT_ALLOWED, std::string ("this address answers ") + allowed);
}

bool
is_reading (const http::Request &request)
{
  return request.method == "GET" || request.method == "HEAD";
}

/** If-None-Match (RFC 9110 section 13.1.2); weak comparison. */
bool
has_already (const http::Request &request, std::string_view etag)
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

std::string
etag_of (const std::string &body)
{
  const String sum (g_compute_checksum_for_string (
      G_CHECKSUM_SHA256, body.data (), static_cast<gssize> (body.size ())));
  return "\"" + std::string (sum.get ()).substr (0, 32) + "\"";
}

void
answer_document (const http::Request &request, const std::string &body, const char *type,
    const std::string &etag)
{
  set_header (request, "Cache-Control", "no-cache");
  set_header (request, "ETag", etag.c_str ());
  set_header (request, "X-Content-Type-Options", "nosniff");
  if (has_already (request, etag))
    http::respond (request, SOUP_STATUS_NOT_MODIFIED, nullptr, "");
  else
    http::respond (request, SOUP_STATUS_OK, type, body);
}

std::vector<std::string_view>
split (std::string_view path)
{
  std::vector<std::string_view> out;
  while (path.starts_with ('/')) {
    path.remove_prefix (1);
    out.push_back (path.substr (0, path.find ('/')));
    path.remove_prefix (out.back ().size ());
  }
  return out;
}

/** The embedded default carries one app. */
bool
is_carried (std::string_view app, std::string_view stream)
{
  return app == "live" && is_valid_name (stream);
}

} // namespace

Target
target_of (std::string_view path)
{
  using Kind = Target::Kind;
  const auto parts = split (path);
  if (path == "/healthz")
    return {Kind::health, ""};
  if (parts.size () == 2 && parts[0] == "assets" && is_valid_name (parts[1]))
    return {Kind::asset, std::string (parts[1])};
  if (parts.size () != 3)
    return {};
  if (parts[0] == "watch" && is_carried (parts[1], parts[2]))
    return {Kind::watch, std::string (parts[1]) + "/" + std::string (parts[2])};
  if (!is_carried (parts[0], parts[1]))
    return {};
  const auto name = std::string (parts[0]) + "/" + std::string (parts[1]);
  if (parts[2] == "status.json")
    return {Kind::status, name};
  return {parts[2] == "whep" ? Kind::whep : Kind::nothing, name};
}

void
Site::answer_file (const http::Request &request, const std::string &name) const
{
  const auto found = files_.find (name);
  if (found == files_.end ()) {
    http::respond_problem (request, SOUP_STATUS_NOT_FOUND, "there is nothing at this address");
    return;
  }
  if (name == "watch.html") {
    set_header (request, "Content-Security-Policy", page_policy);
    set_header (request, "Referrer-Policy", "no-referrer");
  }
  answer_document (request, found->second.body, found->second.type.c_str (), found->second.etag);
}

/** draft-ietf-wish-whep: a player is to ask again for a stream that is not live yet. */
void
Site::answer_whep (const http::Request &request) const
{
  if (request.method != "POST")
    return refuse_method (request, "POST, OPTIONS");
  set_header (request, "Retry-After", "1");
  http::respond_problem (request, SOUP_STATUS_CONFLICT, "the stream is not live");
}

void
Site::answer (const http::Request &request) const
{
  const auto target = target_of (request.path);
  if (target.kind == Target::Kind::nothing)
    return http::respond_problem (
        request, SOUP_STATUS_NOT_FOUND, "there is nothing at this address");
  if (target.kind == Target::Kind::whep)
    return answer_whep (request);
  if (!is_reading (request))
    return refuse_method (request, "GET, HEAD, OPTIONS");
  switch (target.kind) {
    case Target::Kind::health:
      return http::respond (request, SOUP_STATUS_OK, "text/plain", "ok\n");
    case Target::Kind::watch:
      return answer_file (request, "watch.html");
    case Target::Kind::asset:
      return answer_file (request, "assets/" + target.name);
    default:
      break;
  }
  const auto document = status_document (board_.get (target.name));
  answer_document (request, document, "application/json", etag_of (document));
}

namespace {

constexpr std::size_t largest_asset = 8 * 1024 * 1024, most_assets = 64;

const char *
type_of (std::string_view name)
{
  static const std::map<std::string_view, const char *> types{{"html", "text/html; charset=utf-8"},
      {"js", "text/javascript; charset=utf-8"}, {"css", "text/css; charset=utf-8"},
      {"json", "application/json"}, {"map", "application/json"}, {"svg", "image/svg+xml"},
      {"png", "image/png"}, {"ico", "image/x-icon"}, {"woff2", "font/woff2"}};
  const auto found = types.find (name.substr (name.rfind ('.') + 1));
  return found != types.end () ? found->second : "application/octet-stream";
}

void
read_web_file (const std::string &folder, const std::string &name,
    std::map<std::string, WebFile, std::less<>> &out)
{
  const auto path = folder + "/" + name;
  gchar *data = nullptr;
  gsize size = 0;
  if (!g_file_test (path.c_str (), G_FILE_TEST_IS_REGULAR)
      || !g_file_get_contents (path.c_str (), &data, &size, nullptr))
    return;
  const String owned (data);
  if (size > largest_asset)
    return log_line (path + " is too large for the web: left out");
  std::string body (data, size);
  auto etag = etag_of (body);
  out[name] = {std::move (body), type_of (name), std::move (etag)};
}

} // namespace

std::map<std::string, WebFile, std::less<>>
read_web_folder (const std::string &folder)
{
  std::map<std::string, WebFile, std::less<>> out;
  read_web_file (folder, "watch.html", out);
  if (out.empty ())
    log_line ("there is no watch page: " + folder + "/watch.html can't be read");
  const Owned<GDir, g_dir_close> assets (g_dir_open ((folder + "/assets").c_str (), 0, nullptr));
  while (const char *name = assets ? g_dir_read_name (assets.get ()) : nullptr)
    if (is_valid_name (name) && out.size () <= most_assets)
      read_web_file (folder, std::string ("assets/") + name, out);
  return out;
}

} // namespace stagedoor
