// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/hls/carried_query.hpp"

#include "libs/hls/playlist_text.hpp"

namespace stagedoor::hlssink {

std::string
carried_query (std::string_view query)
{
  std::string out;
  while (!query.empty ()) {
    const auto item = query.substr (0, query.find ('&'));
    query.remove_prefix (std::min (item.size () + 1, query.size ()));
    const auto name = item.substr (0, item.find ('='));
    if (!item.empty () && name != session_name && !name.starts_with ("_HLS_"))
      out.append (out.empty () ? "" : "&").append (item);
  }
  return hls::safe_query (out);
}

std::string
with_session (std::string query, std::string_view session)
{
  if (!session.empty ())
    query.append (query.empty () ? "" : "&").append (session_name).append ("=").append (session);
  return query;
}

} // namespace stagedoor::hlssink
