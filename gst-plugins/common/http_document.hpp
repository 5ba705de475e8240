// SPDX-License-Identifier: LGPL-2.1-or-later
// Documents that are read by GET and HEAD, and not sent again to who has them already.
#pragma once

#include "gst-plugins/common/http_server.hpp"

namespace stagedoor::http {

struct Document
{
  std::string body, type, etag;
};

/** With an entity tag of its own. */
Document new_document (std::string body, std::string type);

// All on the http thread.

/** Answers whatever is neither GET nor HEAD; false when it is one of them. */
bool answer_unless_reading (const Request &request);
/** OPTIONS: what is @p allowed. Anything else: that it isn't. */
void refuse_method (const Request &request, const char *allowed);
/** 200, or 304 to who has it already (RFC 9110 section 13.1.2). */
void respond_document (const Request &request, const Document &document, const char *cache_control);

} // namespace stagedoor::http
