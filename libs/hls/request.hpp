// SPDX-License-Identifier: LGPL-2.1-or-later
// Delivery directives of a playlist request (rfc8216bis section 6.2.5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace stagedoor::hls {

/** _HLS_skip: which old lines the client can do without. */
enum class Skip {
  none,
  segments,          ///< YES
  segments_and_dates ///< v2: old date ranges, too
};

struct Directives
{
  std::optional<std::uint64_t> msn;
  std::optional<std::uint32_t> part; ///< only with msn
  Skip skip = Skip::none;
};

/** What a query may be long. */
constexpr std::size_t max_query = 4096;

/** Reads _HLS_msn, _HLS_part and _HLS_skip among whatever else the query holds (keys, tokens),
 * which is not looked at. An error is a 400; its text holds nothing of the query. */
tl::expected<Directives, std::string> parse_directives (std::string_view query);

} // namespace stagedoor::hls
