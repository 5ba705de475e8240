// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/rtmp/chunk_reader.hpp"

#include <algorithm>
#include <utility>

namespace stagedoor::rtmp {

namespace {

constexpr std::uint32_t extended_mark = 0xffffff;
constexpr std::array<std::size_t, 4> message_header_sizes{11, 7, 3, 0};

std::size_t
basic_header_size (std::uint8_t first)
{
  const int id = first & 0x3f;
  return id == 0 ? 2 : id == 1 ? 3 : 1;
}

std::uint32_t
chunk_stream_id (ByteView basic)
{
  const std::uint32_t id = basic[0] & 0x3f;
  if (id == 0)
    return 64u + basic[1];
  if (id == 1) // the one little-endian number beside the message stream id
    return 64u + basic[1] + 256u * basic[2];
  return id;
}

std::string
bound_error (const char *what, std::uint64_t value, std::uint64_t bound)
{
  return std::string (what) + " of " + std::to_string (value) + " is over the bound of "
         + std::to_string (bound);
}

} // namespace

OrFailure<std::optional<Message>>
ChunkReader::next (ByteView &in)
{
  for (;;) {
    if (!in_chunk_) {
      const auto complete = read_header (in);
      if (!complete)
        return failure (complete.error ());
      if (!*complete)
        return std::nullopt;
    }
    const auto n = std::min (in.size (), chunk_left_);
    if (auto appended = append (in.first (n)); !appended)
      return failure (appended.error ());
    in = in.subspan (n);
    if (chunk_left_ > 0)
      return std::nullopt;
    in_chunk_ = false;
    auto &stream = streams_[current_];
    if (stream.message.body.size () < stream.length)
      continue;
    stream.open = false;
    held_ -= stream.message.body.size ();
    return Message{.type = stream.message.type,
        .stream_id = stream.message.stream_id,
        .timestamp = stream.message.timestamp,
        .body = std::exchange (stream.message.body, {})};
  }
}

OrFailure<void>
ChunkReader::set_chunk_size (std::uint32_t size)
{
  if (size == 0)
    return failure ("a chunk size of 0 isn't allowed; 1 is the least");
  if (size > bounds_.chunk_size)
    return failure (bound_error ("a chunk size", size, bounds_.chunk_size));
  chunk_size_ = size;
  return {};
}

void
ChunkReader::abort (std::uint32_t id)
{
  for (auto &stream : streams_)
    if (stream.id == id && stream.open) {
      held_ -= stream.message.body.size ();
      stream.message.body = {};
      stream.open = false;
    }
}

/** Size of the header of which header_ has the first bytes; grows as more of them are known. */
std::size_t
ChunkReader::header_size () const
{
  if (header_have_ == 0)
    return 1;
  const auto basic = basic_header_size (header_[0]);
  if (header_have_ < basic)
    return basic;
  const int format = header_[0] >> 6;
  const auto fixed = basic + message_header_sizes[format];
  if (format == 3) {
    const auto *stream = find (chunk_stream_id (header_));
    return fixed + (stream && stream->extended ? 4 : 0);
  }
  if (header_have_ < fixed)
    return fixed;
  Reader reader (ByteView (header_).subspan (basic));
  return fixed + (reader.u24 () == extended_mark ? 4 : 0);
}

OrFailure<bool>
ChunkReader::read_header (ByteView &in)
{
  for (auto size = header_size (); header_have_ < size; size = header_size ()) {
    const auto n = std::min (in.size (), size - header_have_);
    if (n == 0)
      return false;
    std::copy_n (in.begin (), n, header_.begin () + header_have_);
    header_have_ += n;
    in = in.subspan (n);
  }
  if (auto begun = begin_chunk (ByteView (header_).first (header_have_)); !begun)
    return failure (begun.error ());
  header_have_ = 0;
  return true;
}

OrFailure<void>
ChunkReader::begin_chunk (ByteView header)
{
  const int format = header[0] >> 6;
  const auto basic = basic_header_size (header[0]);
  auto found = stream_for (chunk_stream_id (header), format);
  if (!found)
    return failure (found.error ());
  auto &stream = **found;
  if (stream.open && format != 3)
    return failure ("a message begins on chunk stream " + std::to_string (stream.id)
                    + " before the last one there is complete");
  if (format != 3)
    read_fields (stream, format, Reader (header.subspan (basic)));
  if (!stream.open)
    if (auto begun = begin_message (stream, format); !begun)
      return begun;
  current_ = static_cast<std::size_t> (&stream - streams_.data ());
  chunk_left_ = std::min (stream.length - stream.message.body.size (), chunk_size_);
  in_chunk_ = true;
  if (format == 3 && stream.extended) {
    // Old encoders leave the extended timestamp out of type 3 chunks: then these four bytes are
    // payload. A shorter payload can't tell.
    const auto four = header.subspan (basic, 4);
    if (chunk_left_ >= 4 && Reader (four).u32 () != stream.stamp)
      return append (four);
  }
  return {};
}

void
ChunkReader::read_fields (Stream &stream, int format, Reader reader)
{
  stream.stamp = reader.u24 ();
  if (format <= 1) {
    stream.length = reader.u24 ();
    stream.message.type = reader.u8 ();
  }
  if (format == 0) {
    const auto id = reader.u32 ();
    stream.message.stream_id = id >> 24 | (id >> 8 & 0xff00) | (id << 8 & 0xff0000) | id << 24;
  }
  stream.extended = stream.stamp == extended_mark;
  if (stream.extended)
    stream.stamp = reader.u32 ();
}

OrFailure<void>
ChunkReader::begin_message (Stream &stream, int format)
{
  if (stream.length > bounds_.message)
    return failure (bound_error ("a message", stream.length, bounds_.message));
  // A type 3 chunk that begins a message repeats the last delta; after a type 0 chunk that is its
  // timestamp (section 5.3.1.2.4), which ffmpeg and GStreamer rely on.
  stream.message.timestamp = format == 0 ? stream.stamp : stream.message.timestamp + stream.stamp;
  stream.open = true;
  return {};
}

OrFailure<ChunkReader::Stream *>
ChunkReader::stream_for (std::uint32_t id, int format)
{
  for (auto &stream : streams_)
    if (stream.id == id)
      return &stream;
  // librtmp begins chunk stream 2 with a type 1 header when it pings: nothing but the message
  // stream id and the time's origin is missing then.
  if (format >= 2)
    return failure ("chunk stream " + std::to_string (id)
                    + " begins with a header that refers to an earlier one");
  if (streams_.size () >= bounds_.streams)
    return failure (
        "more than the bound of " + std::to_string (bounds_.streams) + " chunk streams");
  streams_.push_back ({.id = id});
  return &streams_.back ();
}

const ChunkReader::Stream *
ChunkReader::find (std::uint32_t id) const
{
  const auto found = std::ranges::find (streams_, id, &Stream::id);
  return found == streams_.end () ? nullptr : &*found;
}

OrFailure<void>
ChunkReader::append (ByteView payload)
{
  auto &stream = streams_[current_];
  auto &body = stream.message.body;
  if (held_ + payload.size () > bounds_.held)
    return failure (bound_error ("unfinished messages", held_ + payload.size (), bounds_.held));
  const auto size = body.size () + payload.size ();
  if (size > body.capacity ())
    body.reserve (std::min<std::size_t> (stream.length, std::max (size, 2 * body.size ())));
  body.insert (body.end (), payload.begin (), payload.end ());
  held_ += payload.size ();
  chunk_left_ -= payload.size ();
  return {};
}

} // namespace stagedoor::rtmp
