// SPDX-License-Identifier: LGPL-2.1-or-later
// A playlist's text that is rendered once for everybody, and completed per client by the query of
// its URIs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace stagedoor::hls {

/** Rendered once per change, shared by all clients. */
struct PlaylistText
{
  std::string body;
  std::vector<std::size_t> uri_ends; ///< positions in body, ascending

  /** body with @p query, from safe_query() and without '?', at the end of each URI. One
   * allocation; an empty query gives a copy. */
  std::string with_query (std::string_view query) const;
};

/** What may stand after the '?' of a URI in a playlist: escapes whatever RFC 3986 section 3.4
 * doesn't allow there, broken escapes too, and so quotes and line ends. Twice is as once. */
std::string safe_query (std::string_view query);

} // namespace stagedoor::hls
