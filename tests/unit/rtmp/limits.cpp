// SPDX-License-Identifier: LGPL-2.1-or-later
// Bounds: what a stranger, and what a publisher, may make the server hold.
#include "tests/unit/rtmp/client.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

/** A header that claims @p length bytes; none of them follow. */
Bytes
claim (std::uint32_t length, std::uint8_t chunk_stream = 4, std::uint8_t type = type::video)
{
  Bytes out;
  Writer writer (out);
  writer.u8 (chunk_stream);
  writer.u24 (0);
  writer.u24 (length);
  writer.u8 (type);
  writer.u32 (0);
  return out;
}

std::string
stranger_error (const Bytes &bytes)
{
  Live live;
  ck_assert (live.feed (simple_handshake ()));
  ck_assert (!live.feed (bytes));
  return live.error;
}

std::string
publisher_error (const Bytes &bytes, Limits limits = {})
{
  Live live (limits);
  live.publish ();
  ck_assert (!live.feed (bytes));
  return live.error;
}

Bytes
nested_command (int depth)
{
  Bytes body;
  AmfWriter amf (body);
  amf.string ("connect").number (1);
  for (int i = 0; i < depth; ++i)
    amf.begin_object ().name ("a");
  amf.null ();
  for (int i = 0; i < depth; ++i)
    amf.end_object ();
  return body;
}

} // namespace

START_TEST (test_stranger_message_size)
{
  ck_assert (mentions (stranger_error (claim (64 * 1024 + 1)), "bound of 65536"));
  ck_assert (mentions (stranger_error (claim (8 * 1024 * 1024)), "bound of 65536"));
  Live live;
  ck_assert (live.feed (simple_handshake ()));
  ck_assert (live.feed (claim (64 * 1024)));
}
END_TEST

START_TEST (test_stranger_holds_much_in_parts)
{
  Live live;
  ck_assert (live.feed (simple_handshake ()));
  ck_assert (live.feed (message (type::set_chunk_size, u32_body (16 * 1024 - 1))));
  std::uint8_t chunk_stream = 5;
  const auto part = [&chunk_stream] {
    auto out = claim (16 * 1024, chunk_stream++, type::command_amf0);
    out += Bytes (16 * 1024 - 1, 5);
    return out;
  };
  for (int i = 0; i < 4; ++i)
    ck_assert (live.feed (part ()));
  ck_assert (!live.feed (part ()));
  ck_assert (mentions (live.error, "bound of 65536"));
}
END_TEST

START_TEST (test_stranger_pushes_behind_publish)
{
  Live live;
  ck_assert (live.feed (up_to_publish ()));
  ck_assert (live.feed (Bytes (40'000, 1)));
  ck_assert (!live.feed (Bytes (40'000, 1)));
  ck_assert (mentions (live.error, "bound of 65536"));
  Live at_once;
  auto bytes = up_to_publish ();
  bytes += Bytes (65'537, 1);
  ck_assert (!at_once.feed (bytes));
}
END_TEST

START_TEST (test_early_media_waits)
{
  Live live;
  auto bytes = up_to_publish ();
  bytes += message (type::video, {1});
  ck_assert (live.feed (bytes));
  ck_assert (live.feed (message (type::video, {2})));
  ck_assert_uint_eq (live.events.size (), 1);
  live.session.accept_publish ();
  ck_assert (live.feed ({}));
  ck_assert_uint_eq (live.events.size (), 3);
}
END_TEST

START_TEST (test_before_handshake)
{
  Live live;
  ck_assert (!live.feed (connect_command ("live", "")));
  ck_assert (live.session.take_output ().empty ());
  ck_assert (live.events.empty ());
}
END_TEST

START_TEST (test_publisher_message_size)
{
  Live live;
  live.publish ();
  ck_assert (live.feed (message (type::set_chunk_size, u32_body (65536))));
  const Bytes big (1'000'000, 7);
  ck_assert (live.feed (message (type::video, big, 0, 65536)));
  ck_assert (*std::get<MediaTag> (live.events.at (0)).body == big);
  ck_assert (live.feed (claim (8 * 1024 * 1024)));
  ck_assert (mentions (publisher_error (claim (8 * 1024 * 1024 + 1)), "bound of 8388608"));
  ck_assert (mentions (publisher_error (claim (1001), {.message_size = 1000}), "bound of 1000"));
}
END_TEST

START_TEST (test_chunk_size)
{
  for (const std::uint32_t size : {0u, 65537u, 0x7fffffffu, 0x80000000u}) {
    const auto bytes = message (type::set_chunk_size, u32_body (size));
    ck_assert (mentions (stranger_error (bytes), "chunk size"));
    ck_assert (mentions (publisher_error (bytes), "chunk size"));
  }
  ck_assert (mentions (
      publisher_error (message (type::set_chunk_size, u32_body (0x80000000))), "bound of 65536"));
  Live live;
  live.publish ();
  ck_assert (live.feed (message (type::set_chunk_size, u32_body (1))));
  ck_assert (live.feed (message (type::video, Bytes (500, 9), 0, 1)));
  ck_assert (*std::get<MediaTag> (live.events.at (0)).body == Bytes (500, 9));
}
END_TEST

START_TEST (test_chunk_streams)
{
  Bytes many;
  for (std::uint8_t id = 5; id < 64; ++id)
    many += message (type::acknowledgement, u32_body (1), 0, 128, id);
  Live live;
  ck_assert (live.feed (simple_handshake ()));
  ck_assert (live.feed (many));
  for (std::uint8_t i = 0; i < 10; ++i) {
    many += Bytes{0, i};
    many += Bytes{0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0};
  }
  ck_assert (mentions (stranger_error (many), "bound of 64 chunk streams"));
}
END_TEST

START_TEST (test_amf_depth)
{
  Live live;
  ck_assert (live.feed (simple_handshake ()));
  ck_assert (live.feed (message (type::command_amf0, nested_command (16))));
  ck_assert (
      mentions (stranger_error (message (type::command_amf0, nested_command (17))), "bound of 16"));
  ck_assert (mentions (
      stranger_error (message (type::command_amf0, nested_command (9'000))), "bound of 16"));
  ck_assert (
      mentions (publisher_error (message (type::data_amf0, nested_command (17))), "bound of 16"));
}
END_TEST

START_TEST (test_truncated_commands)
{
  Bytes body;
  AmfWriter amf (body);
  amf.string ("connect").number (1).begin_object ().name ("app").string ("live").end_object ();
  int errors = 0;
  for (std::size_t size = 0; size < body.size (); ++size) {
    Live live;
    ck_assert (live.feed (simple_handshake ()));
    errors +=
        !live.feed (message (type::command_amf0, Bytes (body.begin (), body.begin () + size)));
  }
  // It may end behind the name and behind the transaction: then it is a connect without an app.
  ck_assert_int_eq (errors, static_cast<int> (body.size ()) - 2);
}
END_TEST

START_TEST (test_short_control_messages)
{
  for (const std::uint8_t kind :
      {type::set_chunk_size, type::abort, type::user_control, type::window_size}) {
    ck_assert (mentions (stranger_error (message (kind, {})), "too short"));
    ck_assert (mentions (stranger_error (message (kind, {0})), "too short"));
  }
  ck_assert (mentions (stranger_error (message (type::user_control, {0, 6, 1, 2})), "too short"));
}
END_TEST

START_TEST (test_unread_answers)
{
  Live live;
  live.publish ();
  const auto ping = message (type::user_control, {0, 6, 1, 2, 3, 4});
  Bytes flood;
  for (int i = 0; i < 10'000; ++i)
    flood += ping;
  bool ok = true;
  for (int i = 0; i < 10 && ok; ++i)
    ok = live.feed (flood);
  ck_assert (!ok);
  ck_assert (mentions (live.error, "answers"));
}
END_TEST

int
main ()
{
  return test::run ("rtmp-limits",
      {test_stranger_message_size, test_stranger_holds_much_in_parts,
          test_stranger_pushes_behind_publish, test_early_media_waits, test_before_handshake,
          test_publisher_message_size, test_chunk_size, test_chunk_streams, test_amf_depth,
          test_truncated_commands, test_short_control_messages, test_unread_answers});
}
