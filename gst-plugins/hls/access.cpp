// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/hls/access.hpp"

#include <array>

#include "libs/base/text.hpp"

namespace stagedoor::hlssink {

std::optional<Access>
Access::open (std::shared_ptr<const keys::Verifier> verifier, const std::string &path)
{
  Access out;
  out.verifier_ = std::move (verifier);
  out.path_ = path;
  const auto stream = path.rfind ('/');
  const auto app =
      stream == 0 || stream == std::string::npos ? std::string::npos : path.rfind ('/', stream - 1);
  if (app != std::string::npos) {
    out.app_ = path.substr (app + 1, stream - app - 1);
    out.stream_ = path.substr (stream + 1);
  }
  if (out.verifier_ != nullptr && (!is_valid_name (out.app_) || !is_valid_name (out.stream_)))
    return std::nullopt;
  return out;
}

/** A policy signs the address that a player is given, and is carried on from there. */
std::optional<keys::Refusal>
Access::check (const http::Request &request, std::uint16_t port) const
{
  if (verifier_ == nullptr)
    return std::nullopt;
  std::optional<keys::Refusal> first;
  const auto ip = IpAddress::parse (request.peer);
  for (const char *given : {"/playlist.m3u8", "/llhls.m3u8"}) {
    const auto url = http::url_of (request, path_ + given, port);
    const auto grant = verifier_->verify ({.role = keys::Role::play,
        .app = app_,
        .stream = stream_,
        .query = request.query,
        .bearer = request.bearer,
        .url = url,
        .peer = ip.value_or (IpAddress{}),
        .now_ms = g_get_real_time () / 1000});
    if (grant)
      return std::nullopt;
    if (!first)
      first = grant.error ();
    if (*first != keys::Refusal::wrong_signature)
      break;
  }
  return first;
}

void
respond_refused (const http::Request &request, keys::Refusal refusal)
{
  const bool none = refusal == keys::Refusal::no_key;
  if (none)
    http::set_header (request, "WWW-Authenticate", "Bearer");
  http::respond_problem (request, none ? SOUP_STATUS_UNAUTHORIZED : SOUP_STATUS_FORBIDDEN,
      std::string (keys::explain (refusal)));
}

} // namespace stagedoor::hlssink
