// SPDX-License-Identifier: LGPL-2.1-or-later
// Cuts our answers into chunks.
#pragma once

#include <cstdint>

#include "libs/base/bytes.hpp"

namespace stagedoor::rtmp {

/** Every message begins with a full header and has timestamp 0: a server that only receives sends a
 * few dozen messages, so there is nothing to compress. */
class ChunkWriter
{
public:
  void write (Bytes &out, std::uint8_t chunk_stream, std::uint8_t type, std::uint32_t stream_id,
      ByteView body) const;
  /** For what is written from now on; the peer must be told. */
  void set_chunk_size (std::size_t size) { chunk_size_ = size; }

private:
  std::size_t chunk_size_ = 128;
};

} // namespace stagedoor::rtmp
