// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/rtmp/metadata.hpp"

#include <cmath>

namespace stagedoor::rtmp {

namespace {

constexpr std::size_t longest_encoder = 128;

double
number (const Amf &object, std::string_view name)
{
  const auto &value = object.member (name);
  return value.type == Amf::Type::number && std::isfinite (value.number) ? value.number : 0;
}

/** It ends up in logs and status documents. */
std::string
printable (std::string_view text)
{
  std::string out;
  for (const char c : text.substr (0, longest_encoder))
    if (c >= ' ' && c <= '~')
      out += c;
  return out;
}

} // namespace

std::optional<Metadata>
read_metadata (const std::vector<Amf> &values)
{
  auto at = values.begin ();
  if (at != values.end () && at->string == "@setDataFrame")
    ++at;
  if (at == values.end () || at->string != "onMetaData" || ++at == values.end ())
    return std::nullopt;
  return Metadata{.width = number (*at, "width"),
      .height = number (*at, "height"),
      .framerate = number (*at, "framerate"),
      .video_kbps = number (*at, "videodatarate"),
      .audio_kbps = number (*at, "audiodatarate"),
      .encoder = printable (at->member ("encoder").string)};
}

} // namespace stagedoor::rtmp
