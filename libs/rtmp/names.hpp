// SPDX-License-Identifier: LGPL-2.1-or-later
// What a publisher's connect and publish commands name: app, stream, query, URL.
#pragma once

#include <string>
#include <string_view>

#include "libs/rtmp/failure.hpp"
#include "libs/rtmp/session.hpp"

namespace stagedoor::rtmp {

constexpr std::size_t longest_name = 256; ///< of an app or a stream, encoded, without the query
constexpr std::size_t longest_url = 4096; ///< of a tcUrl, an app or a publish name with its query

/** @p app and @p tc_url from connect, @p name from publish. The error is a sentence for people and
 * holds nothing of them. */
OrFailure<PublishRequest> make_publish_request (
    std::string_view app, std::string_view tc_url, std::string_view name);

} // namespace stagedoor::rtmp
