// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading of the location property.
#include "gst-plugins/common/gate/location.hpp"

#include <string_view>

#include "gst-plugins/common/listen_address.hpp"
#include "libs/base/text.hpp"

namespace stagedoor::gate {

tl::expected<Location, std::string>
parse_location (const std::string &text)
{
  constexpr std::string_view rtmp = "rtmp://", srt = "srt://";
  const auto fail = tl::unexpected (
      "location is '" + text.substr (0, 256) + "', not rtmp:// or srt://[HOST][:PORT]/APP/STREAM");
  const bool by_srt = text.starts_with (srt);
  if (!by_srt && !text.starts_with (rtmp))
    return fail;
  const auto rest = std::string_view (text).substr (by_srt ? srt.size () : rtmp.size ());
  const auto slash = rest.find ('/');
  if (slash == std::string_view::npos)
    return fail;
  const auto authority = rest.substr (0, slash), path = rest.substr (slash + 1);
  const auto split = path.find ('/');
  if (split == std::string_view::npos || !is_valid_name (path.substr (0, split))
      || !is_valid_name (path.substr (split + 1)))
    return fail;
  auto address = std::string (authority);
  const auto colon = authority.rfind (':'), bracket = authority.rfind (']');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  if (!has_port)
    address += by_srt ? ":9999" : ":1935";
  return parse_listen_address (address).map ([&] (const Endpoint &at) {
    return Location{std::string (by_srt ? srt : "") + listen_address_text (at), std::string (path)};
  });
}

} // namespace stagedoor::gate
