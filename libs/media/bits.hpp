// SPDX-License-Identifier: LGPL-2.1-or-later
// Bounded reading of bits, Exp-Golomb numbers included.
#pragma once

#include "libs/base/bytes.hpp"

namespace stagedoor::media {

/** Reading past the end yields zeros and makes ok() false for good. */
class BitReader
{
public:
  explicit BitReader (ByteView bytes) : bytes_ (bytes) {}

  bool ok () const { return at_ <= bytes_.size () * 8; }
  /** At most 32 bits. */
  std::uint32_t take (unsigned bits)
  {
    std::uint32_t value = 0;
    for (; bits > 0; --bits)
      value = value << 1 | bit ();
    return value;
  }
  void skip (std::size_t bits)
  {
    const auto end = bytes_.size () * 8 + 1; // one past the end is not ok()
    at_ = at_ >= end || bits > end - at_ ? end : at_ + bits;
  }
  /** ue(v), ITU-T H.264 section 9.1. */
  std::uint32_t ue ()
  {
    unsigned zeros = 0;
    while (ok () && zeros < 32 && bit () == 0)
      ++zeros;
    if (zeros == 32)
      skip (bytes_.size () * 8 + 1);
    return zeros >= 32 ? 0 : (1u << zeros) - 1 + take (zeros);
  }

private:
  std::uint32_t bit ()
  {
    const auto at = at_;
    if (ok ())
      ++at_;
    return at < bytes_.size () * 8 ? bytes_[at / 8] >> (7 - at % 8) & 1u : 0;
  }

  ByteView bytes_;
  std::size_t at_ = 0;
};

} // namespace stagedoor::media
