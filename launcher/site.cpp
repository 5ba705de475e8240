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

std::string
etag_of (const std::string &body)
{
  const String sum (g_compute_checksum_for_string (
      G_CHECKSUM_SHA256, body.data (), static_cast<gssize> (body.size ())));
  return "\"" + std::string (sum.get ()).substr (0, 32) + "\"";
}

void
answer_document (const http::Request &request, const WebFile &file)
{
  http::set_header (request, "X-Content-Type-Options", "nosniff");
  http::respond_content (request,
      {.type = file.type, .pieces = {file.body}, .etag = file.etag, .cache_control = "no-cache"});
}

WebFile
new_file (const std::string &body, const char *type)
{
  return {adopt (g_bytes_new (body.data (), body.size ())), type, etag_of (body)};
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
    http::set_header (request, "Content-Security-Policy", page_policy);
    http::set_header (request, "Referrer-Policy", "no-referrer");
  }
  answer_document (request, found->second);
}

static void
refuse_method (const http::Request &request)
{
  http::set_header (request, "Allow", "POST, OPTIONS");
  if (request.method == "OPTIONS")
    http::respond (request, SOUP_STATUS_NO_CONTENT, nullptr, "");
  else
    http::respond_problem (
        request, SOUP_STATUS_METHOD_NOT_ALLOWED, "this address answers POST, OPTIONS");
}

/** draft-ietf-wish-whep: a player is to ask again for a stream that is not live yet. */
void
Site::answer_whep (const http::Request &request) const
{
  if (request.method != "POST")
    return refuse_method (request);
  http::set_header (request, "Retry-After", "1");
  http::respond_problem (request, SOUP_STATUS_CONFLICT, "the stream is not live");
}

void
Site::answer (const http::Request &request) const
{
  const auto target = target_of (request.path);
  if (target.kind == Target::Kind::nothing)
    return http::respond_nothing (request);
  if (target.kind == Target::Kind::whep)
    return answer_whep (request);
  if (!http::is_reading (request))
    return;
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
  answer_document (
      request, new_file (status_document (board_.get (target.name)), "application/json"));
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
  out[name] = new_file (std::string (data, size), type_of (name));
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
