// SPDX-License-Identifier: LGPL-2.1-or-later
// Keys as people pass them around: bare, as OBS's stream key, or within a URL.
#pragma once

#include <string>

#include <tl/expected.hpp>

namespace stagedoor {

struct CredentialText
{
  std::string token;
  std::string stream; ///< "live/demo" when the text was a URL that says so
};

/** Reads "1k1.0.p.…", "demo?key=1k1.0.p.…" or "rtmp://host/live/demo?key=…"; "-" reads a line of
 * standard input. Doesn't look at the token itself. The error never repeats what was given. */
tl::expected<CredentialText, std::string> read_credential (const std::string &text);

/** "host:port" with the host that others can use, for a URL. @p listen is where a server listens,
 * @p host what to say instead of its host, maybe empty. */
std::string reachable (const std::string &listen, const std::string &host);

} // namespace stagedoor
