// SPDX-License-Identifier: LGPL-2.1-or-later
// Names of maps, segments and parts.
#include "libs/hls/media_name.hpp"

#include <charconv>

namespace stagedoor::hls {

namespace {

/** Canonical decimal at the beginning of @p text, which loses it. */
template <typename T>
std::optional<T>
take_number (std::string_view &text)
{
  T value = 0;
  const auto [end, error] = std::from_chars (text.data (), text.data () + text.size (), value);
  const auto digits = static_cast<std::size_t> (end - text.data ());
  if (error != std::errc () || (text.front () == '0' && digits > 1))
    return std::nullopt;
  text.remove_prefix (digits);
  return value;
}

} // namespace

std::string
format_media_name (std::string_view prefix, const MediaName &name)
{
  std::string out (prefix);
  if (name.kind == MediaName::Kind::map)
    return out.append ("init-").append (std::to_string (name.number)).append (".mp4");
  out += std::to_string (name.number);
  if (name.kind == MediaName::Kind::part)
    out.append (".").append (std::to_string (name.part));
  return out.append (".m4s");
}

std::optional<MediaName>
parse_media_name (std::string_view prefix, std::string_view text)
{
  constexpr std::string_view init = "init-";
  if (!text.starts_with (prefix))
    return std::nullopt;
  text.remove_prefix (prefix.size ());
  MediaName name{.kind = MediaName::Kind::segment, .number = 0};
  if (text.starts_with (init)) {
    name.kind = MediaName::Kind::map;
    text.remove_prefix (init.size ());
  }
  const auto number = take_number<std::uint64_t> (text);
  if (!number)
    return std::nullopt;
  name.number = *number;
  if (name.kind == MediaName::Kind::map)
    return text == ".mp4" ? std::optional (name) : std::nullopt;
  if (text == ".m4s")
    return name;
  if (!text.starts_with ('.'))
    return std::nullopt;
  text.remove_prefix (1);
  const auto part = take_number<std::uint32_t> (text);
  if (!part || text != ".m4s")
    return std::nullopt;
  name.kind = MediaName::Kind::part;
  name.part = *part;
  return name;
}

} // namespace stagedoor::hls
