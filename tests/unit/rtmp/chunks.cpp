// SPDX-License-Identifier: LGPL-2.1-or-later
// Chunks: every kind of header, interleaving, extended timestamps, and what must be refused.
#include "libs/rtmp/chunk_reader.hpp"

#include <numeric>

#include "libs/rtmp/chunk_writer.hpp"
#include "tests/unit/rtmp/client.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

constexpr ChunkReader::Bounds bounds{
    .chunk_size = 65536, .message = 65536, .held = 65536, .streams = 4};

struct Read
{
  std::vector<Message> messages;
  std::string error;
};

Read
read (ChunkReader &reader, const Bytes &bytes)
{
  Read out;
  for (ByteView in (bytes); !in.empty ();) {
    auto next = reader.next (in);
    if (!next)
      out.error = next.error ();
    if (!next || !*next)
      break;
    out.messages.push_back (std::move (**next));
  }
  return out;
}

Read
read_all (const Bytes &bytes)
{
  ChunkReader reader (bounds);
  return read (reader, bytes);
}

/** A header of any type. Fields that the type leaves out are ignored. */
Bytes
header (int format, std::uint32_t id, std::uint32_t stamp = 0, std::uint32_t length = 1,
    std::uint8_t type = 9)
{
  Bytes out;
  Writer writer (out);
  const auto first = static_cast<std::uint8_t> (format << 6);
  if (id < 64) {
    writer.u8 (first | static_cast<std::uint8_t> (id));
  } else if (id < 320) {
    writer.u8 (first);
    writer.u8 (static_cast<std::uint8_t> (id - 64));
  } else {
    writer.u8 (first | 1);
    writer.u8 (static_cast<std::uint8_t> (id - 64));
    writer.u8 (static_cast<std::uint8_t> ((id - 64) >> 8));
  }
  if (format <= 2)
    writer.u24 (std::min<std::uint32_t> (stamp, 0xffffff));
  if (format <= 1) {
    writer.u24 (length);
    writer.u8 (type);
  }
  if (format == 0)
    writer.u32 (0x01000000);
  if (format <= 2 && stamp >= 0xffffff)
    writer.u32 (stamp);
  return out;
}

Bytes
operator+ (Bytes a, const Bytes &b)
{
  a += b;
  return a;
}

} // namespace

START_TEST (test_header_types)
{
  const auto got = read_all (header (0, 4, 1000, 2) + Bytes{1, 2} + header (1, 4, 40, 1, 8)
                             + Bytes{3} + header (2, 4, 20) + Bytes{4} + header (3, 4) + Bytes{5});
  ck_assert_uint_eq (got.messages.size (), 4);
  ck_assert_uint_eq (got.messages[0].timestamp, 1000);
  ck_assert_uint_eq (got.messages[0].stream_id, 1);
  ck_assert_uint_eq (got.messages[0].body.size (), 2);
  ck_assert_uint_eq (got.messages[1].timestamp, 1040);
  ck_assert_uint_eq (got.messages[1].type, 8);
  ck_assert_uint_eq (got.messages[1].stream_id, 1);
  ck_assert_uint_eq (got.messages[2].timestamp, 1060);
  ck_assert_uint_eq (got.messages[2].type, 8);
  ck_assert_uint_eq (got.messages[3].timestamp, 1080); // the delta again
  ck_assert_uint_eq (got.messages[3].body[0], 5);
}
END_TEST

START_TEST (test_type_3_after_type_0)
{
  const auto got = read_all (header (0, 4, 40) + Bytes{1} + header (3, 4) + Bytes{2});
  ck_assert_uint_eq (got.messages[1].timestamp, 80);
}
END_TEST

START_TEST (test_basic_headers)
{
  for (const std::uint32_t id : {2u, 3u, 63u, 64u, 319u, 320u, 65599u}) {
    const auto got = read_all (header (0, id, 7, 1) + Bytes{9} + header (3, id) + Bytes{8});
    ck_assert_uint_eq (got.messages.size (), 2);
    ck_assert_uint_eq (got.messages[1].timestamp, 14);
  }
  // 64 can be written in two ways; both are the same chunk stream
  const auto got = read_all (header (0, 64, 7) + Bytes{9} + Bytes{0xc1, 0, 0, 8});
  ck_assert_uint_eq (got.messages.size (), 2);
}
END_TEST

START_TEST (test_interleaving)
{
  const Bytes half (128, 1), rest (72, 2);
  const auto got = read_all (header (0, 4, 5, 200) + half + header (0, 6, 6, 200, 8) + half
                             + header (3, 4) + rest + header (3, 6) + rest);
  ck_assert_uint_eq (got.messages.size (), 2);
  ck_assert_uint_eq (got.messages[0].timestamp, 5);
  ck_assert_uint_eq (got.messages[0].body.size (), 200);
  ck_assert (got.messages[0].body == half + rest);
  ck_assert_uint_eq (got.messages[1].type, 8);
  ck_assert (got.messages[1].body == half + rest);
}
END_TEST

START_TEST (test_extended_timestamps)
{
  for (const std::uint32_t stamp : {0xffffffu, 0x1000000u, 0x12345678u, 0xffffffffu}) {
    const auto body = Bytes (300, 7);
    const auto got = read_all (message (9, body, stamp) + message (9, body, stamp + 1));
    ck_assert_str_eq (got.error.c_str (), "");
    ck_assert_uint_eq (got.messages.size (), 2);
    ck_assert_uint_eq (got.messages[0].timestamp, stamp);
    ck_assert (got.messages[0].body == body);
    ck_assert_uint_eq (got.messages[1].timestamp, stamp + 1);
  }
}
END_TEST

START_TEST (test_extended_timestamp_left_out)
{
  // Old encoders write it only behind the first header.
  Bytes body (300, 7);
  std::iota (body.begin (), body.end (), 0);
  Bytes sent = header (0, 4, 0x1000000, 300);
  Writer writer (sent);
  writer.bytes (ByteView (body).first (128));
  sent += header (3, 4);
  writer.bytes (ByteView (body).subspan (128, 128));
  sent += header (3, 4);
  writer.bytes (ByteView (body).subspan (256));
  const auto got = read_all (sent);
  ck_assert_uint_eq (got.messages.size (), 1);
  ck_assert (got.messages[0].body == body);
}
END_TEST

START_TEST (test_extended_delta)
{
  const Bytes extended{0x01, 0, 0, 0};
  const auto got = read_all (header (0, 4, 10) + Bytes{1} + header (2, 4, 0x1000000) + Bytes{2}
                             + header (3, 4) + extended + Bytes{3});
  ck_assert_uint_eq (got.messages[1].timestamp, 0x100000a);
  ck_assert_uint_eq (got.messages.size (), 3);
  ck_assert_uint_eq (got.messages[2].timestamp, 0x200000a);
}
END_TEST

START_TEST (test_chunk_sizes)
{
  for (const std::uint32_t size : {1u, 2u, 127u, 4096u, 65536u}) {
    ChunkReader reader (bounds);
    ck_assert (reader.set_chunk_size (size).has_value ());
    const Bytes body (1000, 3);
    const auto got = read (reader, message (9, body, 5, size));
    ck_assert_uint_eq (got.messages.size (), 1);
    ck_assert (got.messages[0].body == body);
  }
  ChunkReader reader (bounds);
  ck_assert (mentions (reader.set_chunk_size (0).error (), "0"));
  for (const std::uint32_t size : {65537u, 0x7fffffffu, 0x80000000u, 0xffffffffu})
    ck_assert (mentions (reader.set_chunk_size (size).error (), "bound of 65536"));
}
END_TEST

START_TEST (test_abort)
{
  ChunkReader reader (bounds);
  auto got = read (reader, header (0, 4, 5, 200) + Bytes (128, 1));
  ck_assert_uint_eq (reader.held (), 128);
  reader.abort (5);
  ck_assert_uint_eq (reader.held (), 128);
  reader.abort (4);
  reader.abort (4);
  ck_assert_uint_eq (reader.held (), 0);
  got = read (reader, header (0, 4, 6, 1) + Bytes{9});
  ck_assert_uint_eq (got.messages.size (), 1);
  ck_assert_uint_eq (got.messages[0].body.size (), 1);
}
END_TEST

START_TEST (test_empty_messages)
{
  const auto got = read_all (header (0, 4, 5, 0) + header (3, 4) + header (3, 4));
  ck_assert_uint_eq (got.messages.size (), 3);
  ck_assert_uint_eq (got.messages[2].body.size (), 0);
}
END_TEST

START_TEST (test_first_headers)
{
  // librtmp opens chunk stream 2 with a type 1 header
  ck_assert_uint_eq (read_all (header (1, 2, 0, 1, 4) + Bytes{0}).messages.size (), 1);
  ck_assert (mentions (read_all (header (2, 4)).error, "begins with"));
  ck_assert (mentions (read_all (header (3, 4)).error, "begins with"));
}
END_TEST

START_TEST (test_new_message_inside_one)
{
  for (const int format : {0, 1, 2}) {
    const auto got = read_all (header (0, 4, 5, 200) + Bytes (128, 1) + header (format, 4));
    ck_assert (mentions (got.error, "before the last one"));
  }
}
END_TEST

START_TEST (test_bounds)
{
  ck_assert (mentions (read_all (header (0, 4, 0, 65537)).error, "bound of 65536"));
  ck_assert (mentions (read_all (header (0, 4, 0, 0xffffff)).error, "bound of 65536"));
  Bytes streams;
  for (std::uint32_t id = 2; id < 6; ++id)
    streams += header (0, id) + Bytes{1};
  ck_assert (read_all (streams).error.empty ());
  ck_assert (mentions (read_all (streams + header (0, 6)).error, "bound of 4 chunk streams"));
}
END_TEST

START_TEST (test_unfinished_messages_together)
{
  ChunkReader reader ({.chunk_size = 65536, .message = 65536, .held = 65536, .streams = 64});
  ck_assert (reader.set_chunk_size (32768).has_value ());
  const Bytes half (32768, 1);
  ck_assert (read (reader, header (0, 4, 0, 40000) + half).error.empty ());
  ck_assert (read (reader, header (0, 5, 0, 40000) + half).error.empty ());
  ck_assert_uint_eq (reader.held (), 65536);
  ck_assert (mentions (read (reader, header (0, 6, 0, 2) + Bytes{1}).error, "unfinished"));
}
END_TEST

START_TEST (test_writer)
{
  for (const std::size_t size : {0u, 1u, 128u, 129u, 1000u}) {
    Bytes out;
    ChunkWriter ().write (out, 5, 20, 0x01020304, Bytes (size, 6));
    const auto got = read_all (out);
    ck_assert_uint_eq (got.messages.size (), 1);
    ck_assert_uint_eq (got.messages[0].stream_id, 0x01020304);
    ck_assert_uint_eq (got.messages[0].type, 20);
    ck_assert (got.messages[0].body == Bytes (size, 6));
  }
}
END_TEST

int
main ()
{
  return test::run ("rtmp-chunks",
      {test_header_types, test_type_3_after_type_0, test_basic_headers, test_interleaving,
          test_extended_timestamps, test_extended_timestamp_left_out, test_extended_delta,
          test_chunk_sizes, test_abort, test_empty_messages, test_first_headers,
          test_new_message_inside_one, test_bounds, test_unfinished_messages_together,
          test_writer});
}
