// SPDX-License-Identifier: LGPL-2.1-or-later
// Bounded reading of bits, most significant first.
#pragma once

#include "libs/base/bytes.hpp"

namespace stagedoor::gate {

/** Beyond the end there are zeros, and ok() is false. */
class BitReader
{
public:
  explicit BitReader (ByteView bytes) : bytes_ (bytes) {}
  bool ok () const { return at_ <= bytes_.size () * 8; }
  unsigned take (unsigned bits)
  {
    unsigned value = 0;
    for (; bits > 0; --bits, ++at_)
      value = value << 1 | (at_ < bytes_.size () * 8 ? bytes_[at_ / 8] >> (7 - at_ % 8) & 1u : 0u);
    return value;
  }

private:
  ByteView bytes_;
  std::size_t at_ = 0;
};

} // namespace stagedoor::gate
