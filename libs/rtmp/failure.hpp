// SPDX-License-Identifier: LGPL-2.1-or-later
// How the parts of the session say that a connection can't go on.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace stagedoor::rtmp {

/** A sentence for people, without anything that the peer sent. */
template <class T>
using OrFailure = tl::expected<T, std::string>;

inline tl::unexpected<std::string>
failure (std::string why)
{
  return tl::unexpected<std::string> (std::move (why));
}

} // namespace stagedoor::rtmp
