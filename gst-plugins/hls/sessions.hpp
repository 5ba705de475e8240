// SPDX-License-Identifier: LGPL-2.1-or-later
// Viewers by tokens in the URIs of playlists: HTTP has no connection that could be counted.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "libs/base/hmac.hpp"

namespace stagedoor::hlssink {

/** Tokens are signed, so that nothing is kept of one before it is used, and none that was made up,
 * or for another stream, counts. They open nothing: that is for keys. http thread. */
class Sessions
{
public:
  using Clock = std::chrono::steady_clock;

  /** @p place is where the stream is served: sessions live on when it is served there anew. */
  explicit Sessions (const std::string &place);

  /** For a viewer who asks for the multivariant playlist. */
  std::string new_token () const;
  /** Somebody with this token has asked for something. False: it is none of ours. */
  bool touch (std::string_view token, Clock::time_point now);
  /** Forgets who hasn't asked for anything for @p patience. */
  void expire (Clock::time_point now, std::chrono::seconds patience);
  void clear () { seen_.clear (); }

  std::size_t viewers () const { return seen_.size (); }
  std::uint64_t joined () const { return joined_; } ///< ever

  /** More aren't counted, but served all the same. */
  static constexpr std::size_t most = 200'000;

private:
  const Sha256Mac secret_;
  std::unordered_map<std::string, Clock::time_point> seen_; // by token
  std::uint64_t joined_ = 0;
};

} // namespace stagedoor::hlssink
