// SPDX-License-Identifier: LGPL-2.1-or-later
// Bounded reading of bits, most significant first.
#pragma once

#include "libs/base/bytes.hpp"

namespace stagedoor::codecs {

/** Reading past the end, or a number above its limit, yields zeros and makes ok() false for good,
 * so a parser may read a whole structure and check once. */
class BitReader
{
public:
  explicit BitReader (ByteView bytes) : bytes_ (bytes) {}

  bool ok () const { return ok_; }
  /** What was read contradicts itself. */
  void fail () { ok_ = false; }

  /** At most 32 bits. */
  std::uint32_t take (unsigned bits)
  {
    if (bits > left ())
      fail ();
    std::uint32_t value = 0;
    for (; ok_ && bits > 0; --bits, ++at_)
      value = value << 1 | (bytes_[at_ / 8] >> (7 - at_ % 8) & 1u);
    return value;
  }
  bool flag () { return take (1) != 0; }
  void skip (std::size_t bits)
  {
    if (bits > left ())
      fail ();
    else
      at_ += bits;
  }

  /** ue(v), ITU-T H.264 section 9.1. */
  std::uint32_t ue (std::uint32_t most = UINT32_MAX - 1)
  {
    const auto zeros = leading_zeros ();
    if (zeros > 31)
      fail ();
    const auto value = ok_ ? (1u << zeros) - 1 + take (zeros) : 0;
    if (value > most)
      fail ();
    return ok_ ? value : 0;
  }
  /** se(v), section 9.1.1. */
  std::int64_t se ()
  {
    const std::int64_t code = ue ();
    return code % 2 != 0 ? (code + 1) / 2 : -(code / 2);
  }
  /** uvlc(), AV1 section 4.10.3. */
  std::uint32_t uvlc ()
  {
    const auto zeros = leading_zeros ();
    return zeros >= 32 ? UINT32_MAX : (1u << zeros) - 1 + take (zeros);
  }

private:
  std::size_t left () const { return ok_ ? bytes_.size () * 8 - at_ : 0; }
  /** Before the next one, which is read, too. */
  unsigned leading_zeros ()
  {
    unsigned zeros = 0;
    while (!flag () && ok_)
      ++zeros;
    return ok_ ? zeros : 0;
  }

  ByteView bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

} // namespace stagedoor::codecs
