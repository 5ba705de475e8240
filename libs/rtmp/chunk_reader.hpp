// SPDX-License-Identifier: LGPL-2.1-or-later
// Puts RTMP messages together from chunks (Adobe RTMP 1.0 section 5.3), within bounds.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/bytes.hpp"
#include "libs/rtmp/failure.hpp"

namespace stagedoor::rtmp {

/** Message types (Adobe RTMP 1.0 sections 5.4 and 7.1). */
namespace type {
constexpr std::uint8_t set_chunk_size = 1, abort = 2, acknowledgement = 3, user_control = 4,
                       window_size = 5, peer_bandwidth = 6, audio = 8, video = 9, data_amf3 = 15,
                       command_amf3 = 17, data_amf0 = 18, command_amf0 = 20, aggregate = 22;
}

struct Message
{
  std::uint8_t type = 0;
  std::uint32_t stream_id = 0;
  std::uint32_t timestamp = 0;
  Bytes body;
};

/** Memory grows with the bytes that arrived, never with what a header claims. */
class ChunkReader
{
public:
  struct Bounds
  {
    std::size_t chunk_size;
    std::size_t message; ///< largest message
    std::size_t held;    ///< bytes of all unfinished messages together
    std::size_t streams; ///< chunk streams
  };
  explicit ChunkReader (Bounds bounds) : bounds_ (bounds) {}

  /** Consumes from @p in up to the end of the next message; nullopt when more bytes are needed. The
   * caller handles each message before it asks for the next one: some change how to read on. */
  OrFailure<std::optional<Message>> next (ByteView &in);

  OrFailure<void> set_chunk_size (std::uint32_t size);
  /** Forgets the unfinished message of chunk stream @p id. */
  void abort (std::uint32_t id);
  void set_bounds (Bounds bounds) { bounds_ = bounds; }
  /** Bytes of unfinished messages. */
  std::size_t held () const { return held_; }

private:
  /** What the next header of the same chunk stream may leave out. */
  struct Stream
  {
    std::uint32_t id = 0;
    bool open = false;       ///< a message is unfinished
    bool extended = false;   ///< the last header had an extended timestamp
    std::uint32_t stamp = 0; ///< timestamp or delta of the last header
    std::uint32_t length = 0;
    Message message; ///< body: what arrived of it
  };

  using Result = OrFailure<void>;
  OrFailure<bool> read_header (ByteView &in);
  Result begin_chunk (ByteView header);
  static void read_fields (Stream &stream, int format, Reader reader);
  Result begin_message (Stream &stream, int format);
  OrFailure<Stream *> stream_for (std::uint32_t id, int format);
  const Stream *find (std::uint32_t id) const;
  std::size_t header_size () const;
  Result append (ByteView payload);

  Bounds bounds_;
  std::size_t chunk_size_ = 128;
  std::vector<Stream> streams_;
  std::size_t held_ = 0;
  std::array<std::uint8_t, 18> header_{}; // basic (1-3), message (0-11), extended timestamp (0, 4)
  std::size_t header_have_ = 0;
  std::size_t current_ = 0;    // index of the stream whose chunk is being read
  std::size_t chunk_left_ = 0; // payload bytes of that chunk to come
  bool in_chunk_ = false;
};

} // namespace stagedoor::rtmp
