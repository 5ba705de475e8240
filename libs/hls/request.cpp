// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads delivery directives.
#include "libs/hls/request.hpp"

#include <algorithm>
#include <charconv>

namespace stagedoor::hls {

namespace {

/** decimal-integer of section 4.2: 1 to 20 digits, below 2^64 or what T holds. */
template <typename T>
bool
read_number (std::string_view text, std::optional<T> &out)
{
  T value = 0;
  const auto end = text.data () + text.size ();
  const auto [last, error] = std::from_chars (text.data (), end, value);
  if (out || text.empty () || text.size () > 20 || error != std::errc () || last != end)
    return false;
  out = value;
  return true;
}

bool
read_skip (std::string_view text, Skip &out)
{
  if (out != Skip::none)
    return false;
  if (text == "YES")
    out = Skip::segments;
  else if (text == "v2")
    out = Skip::segments_and_dates;
  return out != Skip::none;
}

} // namespace

tl::expected<Directives, std::string>
parse_directives (std::string_view query)
{
  if (query.size () > max_query)
    return tl::make_unexpected ("the query is longer than 4096 bytes");
  Directives out;
  while (!query.empty ()) {
    const auto pair = query.substr (0, query.find ('&'));
    query.remove_prefix (std::min (pair.size () + 1, query.size ()));
    const auto name = pair.substr (0, pair.find ('='));
    const auto value = pair.substr (std::min (name.size () + 1, pair.size ()));
    if (name == "_HLS_msn" && !read_number (value, out.msn))
      return tl::make_unexpected ("_HLS_msn has to be one number below 2^64");
    if (name == "_HLS_part" && !read_number (value, out.part))
      return tl::make_unexpected ("_HLS_part has to be one number below 2^32");
    if (name == "_HLS_skip" && !read_skip (value, out.skip))
      return tl::make_unexpected ("_HLS_skip has to be one YES or v2");
  }
  if (out.part && !out.msn)
    return tl::make_unexpected ("_HLS_part needs _HLS_msn");
  return out;
}

} // namespace stagedoor::hls
