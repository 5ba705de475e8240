// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/credential_text.hpp"

#include <array>
#include <cstdio>

#include "gst-plugins/common/listen_address.hpp"
#include "libs/base/text.hpp"

namespace stagedoor {
namespace {

constexpr std::size_t longest_text = 2048;

tl::expected<std::string, std::string>
read_line ()
{
  std::array<char, longest_text + 2> line{};
  if (std::fgets (line.data (), line.size (), stdin) == nullptr)
    return tl::unexpected (std::string ("there is no key on standard input"));
  std::string out (line.data ());
  while (out.ends_with ('\n') || out.ends_with ('\r'))
    out.pop_back ();
  return out;
}

/** "live/demo" of "rtmp://host/live/demo"; "" when it is no URL with just that. */
std::string
stream_of (std::string_view url)
{
  const auto scheme = url.find ("://");
  if (scheme == std::string_view::npos)
    return "";
  url.remove_prefix (scheme + 3);
  const auto slash = url.find ('/');
  if (slash == std::string_view::npos)
    return "";
  url.remove_prefix (slash + 1);
  for (const std::string_view around : {"watch/", "/whep", "/playlist.m3u8"})
    if (around.front () == '/' ? url.ends_with (around) : url.starts_with (around))
      around.front () == '/' ? url.remove_suffix (around.size ())
                             : url.remove_prefix (around.size ());
  return std::string (url);
}

} // namespace

tl::expected<CredentialText, std::string>
read_credential (const std::string &text)
{
  if (text == "-")
    return read_line ().and_then (
        [] (const std::string &line) -> tl::expected<CredentialText, std::string> {
          if (line == "-")
            return tl::unexpected (std::string ("this is no key"));
          return read_credential (line);
        });
  if (text.size () > longest_text)
    return tl::unexpected (std::string ("this is too long for a key"));
  const auto question = text.find ('?');
  if (question == std::string::npos)
    return CredentialText{text, ""};
  const auto token = query_value (std::string_view (text).substr (question + 1), "key");
  if (!token)
    return tl::unexpected (std::string ("there is no \"key=\", or more than one"));
  return CredentialText{
      std::string (*token), stream_of (std::string_view (text).substr (0, question))};
}

std::string
reachable (const std::string &listen, const std::string &host)
{
  const auto colon = listen.rfind (':');
  auto name = host.empty () ? listen.substr (0, colon) : host;
  const auto ip = IpAddress::parse (name.starts_with ('[') && name.ends_with (']')
                                        ? std::string_view (name).substr (1, name.size () - 2)
                                        : std::string_view (name));
  if (name.empty ()
      || (host.empty () && ip && (*ip == IpAddress{} || *ip == IpAddress::from_v4 (0))))
    name = "localhost";
  else if (ip && !ip->is_v4 () && !name.starts_with ('['))
    name = "[" + name + "]";
  return name + listen.substr (colon);
}

} // namespace stagedoor
