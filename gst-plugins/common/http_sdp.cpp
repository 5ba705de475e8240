// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/http_sdp.hpp"

namespace stagedoor::http {
namespace {

constexpr const char *sdp_type = "application/sdp";
constexpr const char *fragment_type = "application/trickle-ice-sdpfrag";

bool
is_of_type (const Request &request, std::string_view wanted)
{
  const auto type = header (request, "Content-Type").value_or ("");
  const auto name = std::string_view (type).substr (0, type.find_first_of ("; \t"));
  return name.size () == wanted.size ()
         && g_ascii_strncasecmp (name.data (), wanted.data (), name.size ()) == 0;
}

void
refuse_method (const Request &request, const char *allowed, const std::string &text)
{
  set_header (request, "Allow", allowed);
  respond_problem (request, SOUP_STATUS_METHOD_NOT_ALLOWED, text);
}

} // namespace

bool
answer_without_offer (const Request &request)
{
  const auto &method = request.method;
  if (method == "POST")
    return false;
  if (method == "OPTIONS" || method == "GET" || method == "HEAD") {
    set_header (request, "Accept-Post", sdp_type);
    respond (request, SOUP_STATUS_OK, method == "OPTIONS" ? nullptr : sdp_type, {});
  } else {
    refuse_method (request, "GET, HEAD, OPTIONS, POST",
        method == "DELETE" ? "DELETE goes to the address in the Location of the answer"
                           : "this address takes an SDP offer by POST");
  }
  return true;
}

bool
is_offer (const Request &request)
{
  return is_of_type (request, sdp_type);
}

void
respond_no_offer (const Request &request)
{
  set_header (request, "Accept-Post", sdp_type);
  respond_problem (
      request, SOUP_STATUS_UNSUPPORTED_MEDIA_TYPE, "the offer must be application/sdp");
}

void
respond_created (const Request &request, const std::string &path, const std::string &etag,
    const std::string &answer)
{
  set_header (request, "Location", path);
  set_header (request, "ETag", etag);
  set_header (request, "Accept-Patch", fragment_type);
  respond (request, SOUP_STATUS_CREATED, sdp_type, answer);
}

void
respond_rejection (const Request &request, const webrtc::Rejection &rejection)
{
  if (rejection.status == SOUP_STATUS_CONFLICT)
    set_header (request, "Retry-After", "2");
  else if (rejection.status == SOUP_STATUS_SERVICE_UNAVAILABLE)
    set_header (request, "Retry-After", "5");
  respond_problem (request, static_cast<unsigned> (rejection.status), rejection.text);
}

bool
answer_options (const Request &request)
{
  if (request.method != "OPTIONS")
    return false;
  set_header (request, "Accept-Patch", fragment_type);
  respond (request, SOUP_STATUS_OK, nullptr, {});
  return true;
}

std::optional<SessionCall>
read_session_call (const Request &request)
{
  const auto &method = request.method;
  if (method == "DELETE")
    return SessionCall::end;
  if (method == "GET" || method == "HEAD")
    return SessionCall::look;
  if (method != "PATCH") {
    refuse_method (request, "DELETE, GET, HEAD, OPTIONS, PATCH",
        "a session can be patched by PATCH and ended by DELETE");
    return std::nullopt;
  }
  if (is_of_type (request, fragment_type))
    return SessionCall::patch;
  set_header (request, "Accept-Patch", fragment_type);
  respond_problem (request, SOUP_STATUS_UNSUPPORTED_MEDIA_TYPE,
      "the patch must be application/trickle-ice-sdpfrag");
  return std::nullopt;
}

void
respond_to_look (const Request &request)
{
  respond (request, SOUP_STATUS_OK, sdp_type, {});
}

void
respond_to_end (const Request &request)
{
  respond (request, SOUP_STATUS_OK, nullptr, {});
}

void
respond_to_patch (
    const Request &request, const tl::expected<webrtc::IcePatch, webrtc::Rejection> &done)
{
  if (!done)
    return respond_rejection (request, done.error ());
  const auto status = static_cast<unsigned> (done->status);
  if (done->fragment.empty ())
    return respond (request, status, nullptr, {});
  set_header (request, "ETag", done->etag);
  respond (request, status, fragment_type, done->fragment);
}

void
respond_no_session (const Request &request)
{
  respond_problem (request, SOUP_STATUS_NOT_FOUND, "there is no such session");
}

} // namespace stagedoor::http
