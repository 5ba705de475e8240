// SPDX-License-Identifier: LGPL-2.1-or-later
// Bounded big-endian reading and writing: the only way libs/ touch a stranger's bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace stagedoor {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView
view (std::string_view text)
{
  return {reinterpret_cast<const std::uint8_t *> (text.data ()), text.size ()};
}

inline std::string_view
text (ByteView bytes)
{
  return {reinterpret_cast<const char *> (bytes.data ()), bytes.size ()};
}

/** Reads big-endian values from a span. Reading past the end yields zeros and makes ok() false for
 * good, so a parser may read a whole structure and check once. */
class Reader
{
public:
  explicit Reader (ByteView bytes) : rest_ (bytes) {}

  bool ok () const { return ok_; }
  std::size_t remaining () const { return rest_.size (); }
  ByteView rest () const { return rest_; }

  std::uint8_t u8 () { return static_cast<std::uint8_t> (uint (1)); }
  std::uint16_t u16 () { return static_cast<std::uint16_t> (uint (2)); }
  std::uint32_t u24 () { return static_cast<std::uint32_t> (uint (3)); }
  std::uint32_t u32 () { return static_cast<std::uint32_t> (uint (4)); }
  std::uint64_t u64 () { return uint (8); }

  ByteView take (std::size_t n)
  {
    if (n > rest_.size ()) {
      fail ();
      return {};
    }
    const auto out = rest_.first (n);
    rest_ = rest_.subspan (n);
    return out;
  }
  void skip (std::size_t n) { take (n); }

private:
  std::uint64_t uint (std::size_t n)
  {
    std::uint64_t value = 0;
    for (const auto byte : take (n))
      value = value << 8 | byte;
    return value;
  }
  void fail ()
  {
    ok_ = false;
    rest_ = {};
  }

  ByteView rest_;
  bool ok_ = true;
};

/** Appends big-endian values to a byte vector. */
class Writer
{
public:
  explicit Writer (Bytes &out) : out_ (out) {}

  void u8 (std::uint8_t v) { uint (v, 1); }
  void u16 (std::uint16_t v) { uint (v, 2); }
  void u24 (std::uint32_t v) { uint (v, 3); }
  void u32 (std::uint32_t v) { uint (v, 4); }
  void u64 (std::uint64_t v) { uint (v, 8); }
  void bytes (ByteView v) { out_.insert (out_.end (), v.begin (), v.end ()); }
  void bytes (std::string_view v) { bytes (view (v)); }

private:
  void uint (std::uint64_t v, int n)
  {
    while (n-- > 0)
      out_.push_back (static_cast<std::uint8_t> (v >> (8 * n)));
  }

  Bytes &out_;
};

inline void
put_u16 (std::uint8_t *at, std::uint16_t v)
{
  at[0] = static_cast<std::uint8_t> (v >> 8);
  at[1] = static_cast<std::uint8_t> (v);
}

inline void
put_u32 (std::uint8_t *at, std::uint32_t v)
{
  put_u16 (at, static_cast<std::uint16_t> (v >> 16));
  put_u16 (at + 2, static_cast<std::uint16_t> (v));
}

} // namespace stagedoor
