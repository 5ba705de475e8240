// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/gate/whip/whip_denial.hpp"

#include <map>

#include "gst-plugins/common/http_sdp.hpp"

namespace stagedoor::gate {
namespace {

constexpr unsigned too_many_requests = 429; // RFC 6585; libsoup has no name for it

/** RFC 6750 section 3: whether another token would help. */
unsigned
status_of (const std::string &reason, bool nothing_shown)
{
  static const std::map<std::string_view, unsigned> known = {
      {"back-off", too_many_requests},
      {"bad-name", SOUP_STATUS_BAD_REQUEST},
      {"busy", SOUP_STATUS_CONFLICT},
      {"denied", SOUP_STATUS_FORBIDDEN},
      {"expired", SOUP_STATUS_UNAUTHORIZED},
      {"limit", SOUP_STATUS_SERVICE_UNAVAILABLE},
      {"malformed", SOUP_STATUS_UNAUTHORIZED},
      {"no-answer", SOUP_STATUS_SERVICE_UNAVAILABLE},
      {"no-key", SOUP_STATUS_UNAUTHORIZED},
      {"not-yet-valid", SOUP_STATUS_UNAUTHORIZED},
      {"revoked", SOUP_STATUS_UNAUTHORIZED},
      {"timeout", SOUP_STATUS_SERVICE_UNAVAILABLE},
      {"unknown-key-id", SOUP_STATUS_UNAUTHORIZED},
      {"wrong-signature", SOUP_STATUS_UNAUTHORIZED},
  };
  if (const auto found = known.find (reason); found != known.end ())
    return found->second;
  return nothing_shown ? SOUP_STATUS_UNAUTHORIZED : SOUP_STATUS_FORBIDDEN;
}

} // namespace

void
respond_denied (const http::Request &request, unsigned status, const std::string &text)
{
  if (status == SOUP_STATUS_UNAUTHORIZED)
    http::set_header (request, "WWW-Authenticate",
        request.bearer.empty () ? "Bearer" : "Bearer error=\"invalid_token\"");
  http::respond_rejection (request, {static_cast<int> (status), text});
}

void
answer_denied (http::Deferred &answer, const Denial &denial, bool nothing_shown)
{
  const auto status = status_of (denial.reason, nothing_shown);
  const auto text = nothing_shown && status == SOUP_STATUS_UNAUTHORIZED
                        ? std::string ("this stream wants a key: as bearer token, or as ?key=")
                        : denial.text;
  answer.answer ([status, text, wait = denial.try_again_in] (const http::Request &request) {
    if (wait.count () > 0)
      http::set_header (request, "Retry-After", std::to_string (wait.count ()));
    respond_denied (request, status, text);
  });
}

} // namespace stagedoor::gate
