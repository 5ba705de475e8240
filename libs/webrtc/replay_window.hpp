// SPDX-License-Identifier: LGPL-2.1-or-later
// Which packets of an SSRC have come already (RFC 3711 section 3.3.2); private to SRTP.
#pragma once

#include <array>
#include <cstdint>

namespace stagedoor::webrtc {

/** The newest index and the @p Size - 1 before it. */
template <std::uint64_t Size>
class ReplayWindow
{
  static_assert (Size % 64 == 0);

public:
  explicit ReplayWindow (std::uint64_t first = 0) : newest_ (first) { mark (first); }

  std::uint64_t newest () const { return newest_; }

  bool is_new (std::uint64_t index) const
  {
    return index > newest_ || (newest_ - index < Size && (word (index) & bit (index)) == 0);
  }

  void add (std::uint64_t index)
  {
    if (index > newest_ && index - newest_ >= Size)
      seen_ = {};
    else
      for (auto between = newest_ + 1; between < index; ++between)
        seen_[between / 64 % seen_.size ()] &= ~bit (between);
    newest_ = index > newest_ ? index : newest_;
    mark (index);
  }

private:
  static std::uint64_t bit (std::uint64_t index) { return std::uint64_t{1} << index % 64; }
  std::uint64_t word (std::uint64_t index) const { return seen_[index / 64 % seen_.size ()]; }
  void mark (std::uint64_t index) { seen_[index / 64 % seen_.size ()] |= bit (index); }

  std::uint64_t newest_;
  std::array<std::uint64_t, Size / 64> seen_{}; ///< by index modulo Size
};

} // namespace stagedoor::webrtc
