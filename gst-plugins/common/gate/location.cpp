// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading of the location property.
#include "gst-plugins/common/gate/location.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "gst-plugins/common/listen_address.hpp"
#include "libs/base/text.hpp"

namespace stagedoor::gate {
namespace {

struct Scheme
{
  std::string_view text;
  const char *port;             ///< where the location names none
  std::string_view of_the_gate; ///< as Gate::address() has it
};
constexpr std::array schemes{Scheme{"rtmp://", ":1935", ""},
    Scheme{"rtmps://", ":1936", "rtmps://"}, Scheme{"srt://", ":9999", "srt://"},
    Scheme{"whip://", ":8080", "whip://"}};

} // namespace

tl::expected<Location, std::string>
parse_location (const std::string &text)
{
  const auto fail =
      tl::unexpected ("location is '" + text.substr (0, 256)
                      + "', not rtmp://, rtmps://, srt:// or whip://[HOST][:PORT]/APP/STREAM");
  const auto scheme = std::ranges::find_if (
      schemes, [&] (const Scheme &each) { return text.starts_with (each.text); });
  if (scheme == schemes.end ())
    return fail;
  const auto rest = std::string_view (text).substr (scheme->text.size ());
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
    address += scheme->port;
  return parse_listen_address (address).map ([&] (const Endpoint &at) {
    return Location{
        std::string (scheme->of_the_gate) + listen_address_text (at), std::string (path)};
  });
}

} // namespace stagedoor::gate
