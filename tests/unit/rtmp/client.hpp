// SPDX-License-Identifier: LGPL-2.1-or-later
// A publisher as a test writes it: bytes of handshake, chunks and commands; and a reader of
// answers.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "libs/rtmp/amf0.hpp"
#include "libs/rtmp/chunk_reader.hpp"
#include "libs/rtmp/session.hpp"

#include <check.h> // last: its macro "fail" would change what the others declare

namespace stagedoor::test {

using namespace stagedoor::rtmp;

constexpr std::size_t handshake_size = 1 + 1536 + 1536;

/** C0, C1 and C2 of the simple handshake. */
inline Bytes
simple_handshake ()
{
  Bytes out (handshake_size, 0x5a);
  out[0] = 3;
  std::fill_n (out.begin () + 1, 8, 0);
  return out;
}

inline Bytes &
operator+= (Bytes &out, const Bytes &more)
{
  out.insert (out.end (), more.begin (), more.end ());
  return out;
}

/** One message behind a full header, cut into chunks. */
inline Bytes
message (std::uint8_t type, const Bytes &body, std::uint32_t timestamp = 0,
    std::size_t chunk_size = 128, std::uint8_t chunk_stream = 4)
{
  Bytes out;
  Writer writer (out);
  const bool extended = timestamp >= 0xffffff;
  writer.u8 (chunk_stream);
  writer.u24 (extended ? 0xffffff : timestamp);
  writer.u24 (static_cast<std::uint32_t> (body.size ()));
  writer.u8 (type);
  writer.u32 (0x01000000); // stream 1, little-endian
  for (std::size_t at = 0; at == 0 || at < body.size (); at += chunk_size) {
    if (at > 0)
      writer.u8 (0xc0 | chunk_stream);
    if (extended)
      writer.u32 (timestamp);
    writer.bytes (ByteView (body).subspan (at, std::min (chunk_size, body.size () - at)));
  }
  return out;
}

inline Bytes
u32_body (std::uint32_t value)
{
  Bytes out;
  Writer (out).u32 (value);
  return out;
}

inline Bytes
command (std::string_view name, double transaction, std::string_view argument = {})
{
  Bytes body;
  AmfWriter amf (body);
  amf.string (name).number (transaction).null ();
  if (!argument.empty ())
    amf.string (argument).string ("live");
  return message (type::command_amf0, body);
}

inline Bytes
connect_command (std::string_view app, std::string_view tc_url)
{
  Bytes body;
  AmfWriter amf (body);
  amf.string ("connect").number (1).begin_object ();
  amf.name ("app").string (app).name ("tcUrl").string (tc_url).end_object ();
  return message (type::command_amf0, body);
}

/** Everything up to and with publish. */
inline Bytes
up_to_publish (std::string_view app = "live", std::string_view tc_url = "rtmp://host:1935/live",
    std::string_view name = "demo?key=made-up")
{
  auto out = simple_handshake ();
  out += connect_command (app, tc_url);
  out += command ("createStream", 2);
  out += command ("publish", 3, name);
  return out;
}

/** One message that the server sent. */
struct Answer
{
  std::uint8_t type = 0;
  std::uint32_t stream_id = 0;
  Bytes body;
  std::vector<Amf> values; ///< of a command
  const Amf &info () const { return values.at (3); }
};

/** Reads what the server sent, with a chunk reader of its own. */
class Answers
{
public:
  /** The messages that @p bytes complete. The handshake, if @p skip says so, comes first. */
  std::vector<Answer> read (const Bytes &bytes, std::size_t skip = 0)
  {
    std::vector<Answer> out;
    ck_assert_uint_ge (bytes.size (), skip);
    auto in = ByteView (bytes).subspan (skip);
    while (!in.empty ()) {
      auto next = reader_.next (in);
      ck_assert (next.has_value ());
      if (!*next)
        break;
      auto &answer = out.emplace_back ();
      answer = {(*next)->type, (*next)->stream_id, (*next)->body, {}};
      if (answer.type == type::set_chunk_size)
        ck_assert (reader_.set_chunk_size (Reader (answer.body).u32 ()).has_value ());
      if (answer.type == type::command_amf0)
        answer.values = parse_amf0 (answer.body, 8).value ();
    }
    return out;
  }

private:
  ChunkReader reader_{{.chunk_size = 65536, .message = 65536, .held = 65536, .streams = 8}};
};

inline const Answer *
find_command (const std::vector<Answer> &answers, std::string_view name, double transaction)
{
  for (const auto &answer : answers)
    if (answer.type == type::command_amf0 && answer.values.at (0).string == name
        && answer.values.at (1).number == transaction)
      return &answer;
  return nullptr;
}

/** A session and what came out of it. */
struct Live
{
  explicit Live (Limits limits = {}) : session (1, limits) {}

  ServerSession session;
  std::vector<Event> events;
  std::string error;
  Answers answers;

  bool feed (const Bytes &bytes)
  {
    auto fed = session.feed (bytes, events);
    if (!fed)
      error = fed.error ().text;
    return fed.has_value ();
  }
  /** Up to an accepted publish; leaves no events and no output. */
  void publish ()
  {
    ck_assert (feed (up_to_publish ()));
    session.accept_publish ();
    (void)answers.read (session.take_output (), handshake_size);
    events.clear ();
  }
  std::vector<Answer> output (std::size_t skip = 0)
  {
    return answers.read (session.take_output (), skip);
  }
};

inline bool
mentions (const std::string &text, std::string_view part)
{
  return text.find (part) != std::string::npos;
}

} // namespace stagedoor::test
