// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/rtmp/chunk_writer.hpp"

#include <algorithm>

namespace stagedoor::rtmp {

void
ChunkWriter::write (Bytes &out, std::uint8_t chunk_stream, std::uint8_t type,
    std::uint32_t stream_id, ByteView body) const
{
  Writer writer (out);
  writer.u8 (chunk_stream);
  writer.u24 (0);
  writer.u24 (static_cast<std::uint32_t> (body.size ()));
  writer.u8 (type);
  for (int i = 0; i < 4; ++i) // little-endian, unlike everything else
    writer.u8 (static_cast<std::uint8_t> (stream_id >> (8 * i)));
  for (;;) {
    const auto n = std::min (body.size (), chunk_size_);
    writer.bytes (body.first (n));
    body = body.subspan (n);
    if (body.empty ())
      return;
    writer.u8 (0xc0 | chunk_stream);
  }
}

} // namespace stagedoor::rtmp
