// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/rtmp/session.hpp"

#include <utility>

#include "libs/rtmp/aggregate.hpp"
#include "libs/rtmp/metadata.hpp"
#include "libs/rtmp/session_state.hpp"

namespace stagedoor::rtmp {

namespace {

/** Answers that nobody took. Only a flood of questions makes so many. */
constexpr std::size_t most_output = 1024 * 1024;

constexpr std::uint16_t event_ping_request = 6;

} // namespace

ServerSession::State::State (std::uint64_t random_seed, const Limits &limits)
    : limits (limits), handshake (random_seed),
      reader ({.chunk_size = limits.chunk_size,
          .message = limits.unauthenticated,
          .held = limits.unauthenticated,
          .streams = static_cast<std::size_t> (limits.chunk_streams)})
{
}

Result
ServerSession::State::run (ByteView in, std::vector<Event> &events)
{
  if (phase == Phase::over)
    return {};
  Bytes before;
  if (!held.empty ()) {
    held.insert (held.end (), in.begin (), in.end ());
    if (phase != Phase::asked) {
      before = std::exchange (held, {});
      in = before;
    }
  }
  if (phase != Phase::asked)
    if (auto consumed = consume (in, events); !consumed)
      return consumed;
  if (phase == Phase::asked && held.empty ())
    held.assign (in.begin (), in.end ());
  if (phase == Phase::asked && held.size () + reader.held () > limits.unauthenticated)
    return failure ("more than the bound of " + std::to_string (limits.unauthenticated)
                    + " bytes came before publishing was allowed");
  if (phase != Phase::opening)
    if (const auto received = window.due ())
      answers.acknowledge (*received);
  if (answers.output ().size () > most_output)
    return failure ("more than the bound of " + std::to_string (most_output)
                    + " bytes of answers are waiting to be sent");
  return {};
}

Result
ServerSession::State::consume (ByteView &in, std::vector<Event> &events)
{
  while (!in.empty () && phase != Phase::asked && phase != Phase::over) {
    if (!handshake.done ()) {
      if (auto shaken = handshake.feed (in, answers.output ()); !shaken)
        return shaken;
      continue;
    }
    auto message = reader.next (in);
    if (!message)
      return failure (std::move (message.error ()));
    if (!*message)
      return {};
    if (auto handled = handle (std::move (**message), events); !handled)
      return handled;
  }
  return {};
}

Result
ServerSession::State::handle (Message message, std::vector<Event> &events)
{
  switch (message.type) {
    case type::audio:
    case type::video:
      return handle_media (std::move (message), events);
    case type::data_amf0:
    case type::data_amf3:
      return handle_data (message, events);
    case type::command_amf0:
    case type::command_amf3:
      return handle_command (message, events);
    case type::aggregate:
      return handle_aggregate (message, events);
    default:
      return handle_control (message);
  }
}

Result
ServerSession::State::handle_control (const Message &message)
{
  Reader reader_ (message.body);
  switch (message.type) {
    case type::set_chunk_size: {
      const auto size = reader_.u32 ();
      if (reader_.ok ())
        return reader.set_chunk_size (size);
      break;
    }
    case type::abort: {
      const auto id = reader_.u32 ();
      if (reader_.ok ())
        reader.abort (id);
      break;
    }
    case type::window_size: {
      const auto size = reader_.u32 ();
      if (reader_.ok ())
        window.set_size (size);
      break;
    }
    case type::user_control:
      if (reader_.u16 () == event_ping_request) {
        const auto stamp = reader_.u32 ();
        if (reader_.ok ())
          answers.ping_response (stamp);
      }
      break;
    default: // acknowledgements, peer bandwidth, shared objects: nothing depends on them
      return {};
  }
  if (!reader_.ok ())
    return failure ("a control message of type " + std::to_string (message.type) + " is too short");
  return {};
}

Result
ServerSession::State::handle_media (Message message, std::vector<Event> &events)
{
  if (phase != Phase::live)
    return failure ("media came before publishing was allowed");
  if (message.body.empty ()) // some encoders send these to keep the connection up
    return {};
  const auto kind = message.type == type::audio ? MediaTag::Kind::audio : MediaTag::Kind::video;
  events.emplace_back (
      MediaTag{kind, message.timestamp, std::make_shared<const Bytes> (std::move (message.body))});
  return {};
}

Result
ServerSession::State::handle_data (const Message &message, std::vector<Event> &events)
{
  if (phase != Phase::live)
    return {};
  const auto values = parse_amf0 (amf_of (message), limits.amf_depth);
  if (!values) {
    // Nothing depends on metadata, so that broken ones need not end a stream.
    if (values.error ().kind == AmfError::Kind::over_bound)
      return failure (values.error ().text);
    return {};
  }
  if (auto metadata = read_metadata (*values))
    events.emplace_back (std::move (*metadata));
  return {};
}

Result
ServerSession::State::handle_aggregate (const Message &message, std::vector<Event> &events)
{
  if (phase != Phase::live)
    return failure ("media came before publishing was allowed");
  auto parts = split_aggregate (message);
  if (!parts)
    return failure (std::move (parts.error ()));
  for (auto &part : *parts) {
    Result handled;
    if (part.type == type::audio || part.type == type::video)
      handled = handle_media (std::move (part), events);
    else if (part.type == type::data_amf0)
      handled = handle_data (part, events);
    if (!handled)
      return handled;
  }
  return {};
}

void
ServerSession::State::end (const Status &status)
{
  answers.status (status);
  phase = Phase::over;
  held = {};
}

ServerSession::ServerSession (std::uint64_t random_seed, Limits limits)
    : state_ (std::make_unique<State> (random_seed, limits))
{
}

ServerSession::~ServerSession () = default;
ServerSession::ServerSession (ServerSession &&) noexcept = default;

tl::expected<void, Error>
ServerSession::feed (ByteView bytes, std::vector<Event> &events)
{
  auto &state = *state_;
  if (!state.error) {
    state.window.receive (bytes.size ());
    if (auto ran = state.run (bytes, events); !ran)
      state.error = Error{std::move (ran.error ())};
  }
  if (state.error)
    return tl::unexpected (*state.error);
  return {};
}

void
ServerSession::accept_publish ()
{
  auto &state = *state_;
  if (state.phase != State::Phase::asked)
    return;
  state.phase = State::Phase::live;
  const auto &limits = state.limits;
  state.reader.set_bounds ({.chunk_size = limits.chunk_size,
      .message = limits.message_size,
      .held = limits.message_size,
      .streams = static_cast<std::size_t> (limits.chunk_streams)});
  state.answers.stream_begin ();
  state.answers.status ({"status", "NetStream.Publish.Start", "Publishing."});
}

void
ServerSession::refuse_publish (std::string_view code, std::string_view why)
{
  if (state_->phase == State::Phase::asked)
    state_->end ({"error", code, why});
}

void
ServerSession::close_publish (std::string_view code, std::string_view why)
{
  if (state_->phase == State::Phase::live)
    state_->end ({"error", code, why});
}

Bytes
ServerSession::take_output ()
{
  return std::exchange (state_->answers.output (), {});
}

} // namespace stagedoor::rtmp
