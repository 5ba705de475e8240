// SPDX-License-Identifier: LGPL-2.1-or-later
// What a server session remembers, and who handles what arrives.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/rtmp/ack_window.hpp"
#include "libs/rtmp/amf0.hpp"
#include "libs/rtmp/chunk_reader.hpp"
#include "libs/rtmp/commands.hpp"
#include "libs/rtmp/failure.hpp"
#include "libs/rtmp/handshake.hpp"
#include "libs/rtmp/session.hpp"

namespace stagedoor::rtmp {

struct Command
{
  double transaction = 0;
  std::vector<Amf> values; ///< name, transaction, command object, arguments

  std::string_view name () const { return values.empty () ? std::string_view{} : values[0].string; }
  const Amf &at (std::size_t i) const
  {
    static const Amf nothing;
    return i < values.size () ? values[i] : nothing;
  }
};

/** AMF 0 behind the byte that begins messages of the AMF 3 types. */
inline ByteView
amf_of (const Message &message)
{
  const auto body = ByteView (message.body);
  const bool wrapped = message.type == type::data_amf3 || message.type == type::command_amf3;
  return wrapped && !body.empty () && body.front () == 0 ? body.subspan (1) : body;
}

using Result = OrFailure<void>;

struct ServerSession::State
{
  /** Input is read up to a publish command, and again once that is answered. */
  enum class Phase { opening, connected, asked, live, over };

  State (std::uint64_t random_seed, const Limits &limits);

  Result run (ByteView in, std::vector<Event> &events);
  Result consume (ByteView &in, std::vector<Event> &events);
  Result handle (Message message, std::vector<Event> &events);
  Result handle_control (const Message &message);
  Result handle_media (Message message, std::vector<Event> &events);
  Result handle_data (const Message &message, std::vector<Event> &events);
  Result handle_aggregate (const Message &message, std::vector<Event> &events);
  Result handle_command (const Message &message, std::vector<Event> &events);
  void end (const Status &status);

  Result on_connect (const Command &command, std::vector<Event> &events);
  Result on_create_stream (const Command &command, std::vector<Event> &events);
  Result on_fc_publish (const Command &command, std::vector<Event> &events);
  Result on_publish (const Command &command, std::vector<Event> &events);
  Result on_unpublish (const Command &command, std::vector<Event> &events);
  Result on_play (const Command &command, std::vector<Event> &events);
  Result on_stream_length (const Command &command, std::vector<Event> &events);
  Result on_other (const Command &command, std::vector<Event> &events);

  Limits limits;
  Phase phase = Phase::opening;
  Handshake handshake;
  ChunkReader reader;
  Answers answers;
  std::optional<Error> error;
  Bytes held; // came behind a publish command that isn't answered yet
  std::string app, tc_url;
  AckWindow window;
};

} // namespace stagedoor::rtmp
