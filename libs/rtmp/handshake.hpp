// SPDX-License-Identifier: LGPL-2.1-or-later
// The server's half of the RTMP handshake: the simple one of the specification and the signed one
// that Flash and FMLE introduced.
#pragma once

#include <cstdint>
#include <string>

#include "libs/base/bytes.hpp"
#include "libs/rtmp/failure.hpp"

namespace stagedoor::rtmp {

/** Takes C0, C1 and C2; answers with S0, S1 and S2 as soon as C1 is complete. */
class Handshake
{
public:
  explicit Handshake (std::uint64_t random_seed) : random_ (random_seed) {}

  /** Consumes from @p in what belongs to the handshake and appends the answer to @p out. The error
   * is a sentence for people. */
  OrFailure<void> feed (ByteView &in, Bytes &out);
  bool done () const { return state_ == State::done; }

private:
  enum class State { c0c1, c2, done };

  void answer (Bytes &out);
  void append_random (Bytes &out, std::size_t n);

  State state_ = State::c0c1;
  std::uint64_t random_; // state of a generator; these bytes carry no secret
  Bytes held_;           // at most C0 and C1
  std::size_t c2_left_ = 0;
};

} // namespace stagedoor::rtmp
