// SPDX-License-Identifier: LGPL-2.1-or-later
// What WHIP (RFC 9725) and WHEP have in common: SDP offers by POST, and sessions that are patched
// and deleted.
#pragma once

#include <optional>

#include "gst-plugins/common/http_server.hpp"
#include "gst-plugins/common/webrtc/ingest.hpp"

namespace stagedoor::http {

/** Of an offer, and of what goes to a session. */
constexpr std::size_t max_sdp = 64 * 1024;

// All on the http thread.
/** Answers whatever isn't a POST to the address that takes offers; false when it is one. */
bool answer_without_offer (const Request &request);
/** Whether the body is SDP by what its type says. */
bool is_offer (const Request &request);
void respond_no_offer (const Request &request);
/** The session is at @p path now. */
void respond_created (const Request &request, const std::string &path, const std::string &etag,
    const std::string &answer);
/** With Retry-After where trying again may help. */
void respond_rejection (const Request &request, const webrtc::Rejection &rejection);

enum class SessionCall { look, patch, end };
/** Answers OPTIONS; false when it is something else. */
bool answer_options (const Request &request);
/** What a request wants of a session that is there; nullopt: nothing that it could get, and
 * answered. */
std::optional<SessionCall> read_session_call (const Request &request);
void respond_to_look (const Request &request);
void respond_to_end (const Request &request);
void respond_to_patch (
    const Request &request, const tl::expected<webrtc::IcePatch, webrtc::Rejection> &done);
void respond_no_session (const Request &request);

} // namespace stagedoor::http
