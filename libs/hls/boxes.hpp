// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes boxes of ISO/IEC 14496-12 within each other.
#pragma once

#include <array>

#include "libs/base/bytes.hpp"

namespace stagedoor::hls {

/** From its beginning to where this goes out of scope; what is written in between is inside. */
class Box
{
public:
  Box (Bytes &out, std::string_view type) : out_ (out), begin_ (out.size ())
  {
    Writer writer (out);
    writer.u32 (0);
    writer.bytes (type);
  }
  /** A FullBox. */
  Box (Bytes &out, std::string_view type, unsigned version, std::uint32_t flags) : Box (out, type)
  {
    Writer (out).u32 (version << 24 | flags);
  }
  /** What is bounded, as all but the media is, has a size of 32 bits. */
  ~Box () { put_u32 (out_.data () + begin_, static_cast<std::uint32_t> (out_.size () - begin_)); }
  Box (const Box &) = delete;
  Box &operator= (const Box &) = delete;

private:
  Bytes &out_;
  const std::size_t begin_;
};

inline void
write_zeros (Bytes &out, std::size_t count)
{
  out.insert (out.end (), count, 0);
}

inline void
write_brands (Bytes &out, std::string_view box, std::string_view major,
    std::initializer_list<std::string_view> compatible)
{
  const Box brands (out, box);
  Writer writer (out);
  writer.bytes (major);
  writer.u32 (0); // minor version
  for (const auto brand : compatible)
    writer.bytes (brand);
}

constexpr std::uint32_t track_id = 1;

} // namespace stagedoor::hls
