// SPDX-License-Identifier: LGPL-2.1-or-later
// What outlets are filled with here: numbered messages, some of which are starts.
#pragma once

#include "gst-plugins/common/outlet.hpp"
#include "tests/check/gate/srt_caller.hpp"

#include "tests/check/gate/fixture.hpp"

namespace stagedoor::test {

/** Every so many-th is a start. */
constexpr std::uint64_t group = 100;
/** What is not looked at when it is received. */
constexpr std::uint64_t filler = 1'000'001;

inline void
push (gate::Outlet &outlet, std::uint64_t number)
{
  Bytes message;
  Writer (message).u64 (number);
  message.resize (gate::outlet_message, 0x47);
  outlet.push (message, number % group == 0);
}

/** The number of the next message; nullopt when the connection is over, or none comes in time. */
inline std::optional<std::uint64_t>
receive (SrtCaller &caller, int patience_ms = 20'000)
{
  while (true) {
    const auto message = caller.receive (patience_ms);
    if (message.empty ())
      return std::nullopt;
    ck_assert_uint_eq (message.size (), gate::outlet_message);
    if (const auto number = Reader (message).u64 (); number != filler)
      return number;
  }
}

inline std::string
play_key (const char *scope = "live/demo", std::int64_t lifetime_s = 3600)
{
  return key_for (scope, keys::Role::play, lifetime_s);
}

inline std::string
request (const std::string &key = play_key ())
{
  return "#!::r=live/demo,m=request,key=" + key;
}

} // namespace stagedoor::test
