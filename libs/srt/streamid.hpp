// SPDX-License-Identifier: LGPL-2.1-or-later
// SRT streamids: which stream a caller means, what for, and with which key.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace stagedoor::srt {

/** What the protocol allows (SRTO_STREAMID). */
constexpr std::size_t max_streamid = 512;

struct StreamId
{
  enum class Mode { publish, request };
  Mode mode = Mode::publish;
  std::string app;
  std::string stream;
  std::string query; ///< without '?'; holds key=, or policy= and signature=
  std::string url;   ///< as an OME policy has signed it; empty when it can't have been
};

/** Takes, percent-encoded or not,
 *   #!::r=APP/STREAM[?QUERY],m=publish[,key=KEY]  SRT Access Control; without m it requests
 *   publish:APP/STREAM[?QUERY]                    likewise request:
 *   APP/STREAM[?QUERY]
 *   VHOST/APP/STREAM[?QUERY]                      OvenMediaEngine
 *   srt://HOST[:PORT]/APP/STREAM[?QUERY]          OvenMediaEngine, old form
 *   #!::u=…                                       OvenMediaEngine: either of the last two
 * The names are valid ones. Error text is for people and holds nothing of the query. */
tl::expected<StreamId, std::string> parse_streamid (std::string_view text);

} // namespace stagedoor::srt
