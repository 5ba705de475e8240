// SPDX-License-Identifier: LGPL-2.1-or-later
// Answers to GET and HEAD for what has an ETag: conditional requests (RFC 9110 section 13), ranges
// (section 14), compressed forms.
#pragma once

#include <vector>

#include "gst-plugins/common/http_server.hpp"

namespace stagedoor::http {

struct Content
{
  const char *type;
  std::vector<Ref<GBytes>> pieces; ///< one after another; never copied
  std::string etag;                ///< with its quotes
  const char *cache_control;
  const char *encoding = nullptr; ///< "gzip", when the pieces are that
  bool varies = false;            ///< there is another form, by Accept-Encoding
  bool ranges = false;            ///< answers Range, the first of them
  /** For the client to take it: it is kept for so long, and old by then. 0: as the server says. */
  std::chrono::milliseconds longest{0};
};

/** What went out; 0 for anything but the content or a part of it. http thread. */
std::size_t respond_content (const Request &request, const Content &content);

/** Whether the client takes gzip, and doesn't say that it would rather not. */
bool accepts_gzip (const Request &request);

/** False when @p request is neither GET nor HEAD, and was answered: OPTIONS, or 405. */
bool is_reading (const Request &request);

} // namespace stagedoor::http
