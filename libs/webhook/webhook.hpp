// SPDX-License-Identifier: LGPL-2.1-or-later
// What is said to a control server about publishers, and what it answers, in two dialects; sans-IO.
// docs/webhook.md describes both.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "libs/base/address.hpp"

namespace stagedoor::webhook {

enum class Dialect {
  stagedoor,
  ome, ///< OvenMediaEngine's AdmissionWebhooks
};

std::optional<Dialect> parse_dialect (std::string_view name);

struct Event
{
  enum class Kind { opening, closing };
  Kind kind = Kind::opening;
  std::string id;
  std::string protocol;     ///< "rtmp", "srt", "whip"…
  std::string app, stream;  ///< as was asked for; valid names
  std::string url;          ///< likewise; whatever bytes the publisher sent, without its key
  std::string published_as; ///< closing: "live/other" when that was the answer
  Endpoint peer;
  std::string credential; ///< its id
  std::int64_t time_ms = 0;
};

/** The request's body: JSON in ASCII without blanks, so that it survives being read and written. */
std::string write_event (Dialect dialect, const Event &event);

struct Header
{
  const char *name;
  std::string value;
};

/** Proves to whoever has @p secret that we have sent @p body. */
Header sign (Dialect dialect, std::string_view secret, std::string_view body);

struct Answer
{
  bool allowed = false;
  std::string reason;           ///< printable, at most 200 characters
  std::string name;             ///< publish as "live/other" instead; empty: as was asked for
  std::int64_t lifetime_ms = 0; ///< 0: without end
};

constexpr std::size_t most_answer = 64 * 1024; ///< bytes

/** Reads the answer to an opening for @p app. Whatever isn't as it has to be is an error: nobody is
 * let in by an answer that was not understood. The error's text holds nothing of the answer. */
tl::expected<Answer, std::string> read_answer (
    Dialect dialect, std::string_view body, std::string_view app);

} // namespace stagedoor::webhook
