// SPDX-License-Identifier: LGPL-2.1-or-later
// One request and its answer, between a connection and whoever answers.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gst-plugins/common/ref.hpp"
#include "libs/http/request_reader.hpp"

namespace stagedoor::http {

class Connection;

/** http thread, but for its end, which may be on any. */
struct Exchange
{
  http1::RequestHead asked;
  std::shared_ptr<const std::string> peer; ///< textual address

  unsigned status = 0;                                       ///< 0: not answered yet
  std::vector<std::pair<const char *, std::string>> headers; ///< names live for ever
  std::vector<Ref<GBytes>> pieces;                           ///< of the body, one after another

  std::chrono::milliseconds longest{0}; ///< as in Content

  bool deferred = false;            ///< somebody will answer later
  Connection *connection = nullptr; ///< null once it has gone

  /** Replaces one of the same name. */
  void set_header (const char *name, std::string value);
  bool has_header (std::string_view name) const;

  /** What precedes the body on the wire. */
  std::string answer_head (bool keep_alive) const;
  bool sends_body () const;
};

} // namespace stagedoor::http
