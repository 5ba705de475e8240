// SPDX-License-Identifier: LGPL-2.1-or-later
// The commands of a publisher (Adobe RTMP 1.0 section 7.2, and what FMLE added).
#include "libs/rtmp/names.hpp"
#include "libs/rtmp/session_state.hpp"

namespace stagedoor::rtmp {

Result
ServerSession::State::handle_command (const Message &message, std::vector<Event> &events)
{
  auto values = parse_amf0 (amf_of (message), limits.amf_depth);
  if (!values)
    return failure (std::move (values.error ().text));
  Command command{.values = std::move (*values)};
  if (!command.at (0).is_string ())
    return failure ("a command has no name");
  command.transaction = command.at (1).number;

  using Handler = Result (State::*) (const Command &, std::vector<Event> &);
  static constexpr std::pair<std::string_view, Handler> handlers[] = {
      {"connect", &State::on_connect},
      {"createStream", &State::on_create_stream},
      {"FCPublish", &State::on_fc_publish},
      {"publish", &State::on_publish},
      {"FCUnpublish", &State::on_unpublish},
      {"deleteStream", &State::on_unpublish},
      {"closeStream", &State::on_unpublish},
      {"play", &State::on_play},
      {"play2", &State::on_play},
      {"getStreamLength", &State::on_stream_length},
  };
  if (phase == Phase::opening && command.name () != "connect")
    return failure ("a command came before connect");
  for (const auto &[name, handler] : handlers)
    if (name == command.name ())
      return (this->*handler) (command, events);
  return on_other (command, events);
}

Result
ServerSession::State::on_connect (const Command &command, std::vector<Event> &)
{
  if (phase != Phase::opening)
    return failure ("connect came twice");
  const auto &object = command.at (2);
  app = object.member ("app").string;
  tc_url = object.member ("tcUrl").string;
  answers.connected (command.transaction, object);
  phase = Phase::connected;
  return {};
}

Result
ServerSession::State::on_create_stream (const Command &command, std::vector<Event> &)
{
  answers.number (command.transaction, media_stream);
  return {};
}

/** Some encoders don't go on without onFCPublish. It promises nothing: publish is what counts. */
Result
ServerSession::State::on_fc_publish (const Command &command, std::vector<Event> &)
{
  answers.nothing (command.transaction);
  answers.fc_status ("onFCPublish", "NetStream.Publish.Start");
  return {};
}

Result
ServerSession::State::on_publish (const Command &command, std::vector<Event> &events)
{
  if (phase == Phase::live)
    return failure ("publish came twice; a connection carries one stream");
  if (!command.at (3).is_string ())
    return failure ("publish names no stream");
  auto request = make_publish_request (app, tc_url, command.at (3).string);
  if (!request)
    return failure (std::move (request.error ()));
  events.emplace_back (std::move (*request));
  phase = Phase::asked;
  return {};
}

Result
ServerSession::State::on_unpublish (const Command &command, std::vector<Event> &events)
{
  if (phase != Phase::live)
    return on_other (command, events);
  if (command.name () == "FCUnpublish")
    answers.fc_status ("onFCUnpublish", "NetStream.Unpublish.Success");
  end ({"status", "NetStream.Unpublish.Success", "The stream has ended."});
  events.emplace_back (Unpublished{});
  return {};
}

Result
ServerSession::State::on_play (const Command &, std::vector<Event> &)
{
  if (phase == Phase::live)
    return failure ("play came on a connection that publishes");
  end ({"error", "NetStream.Play.Failed",
      "This address only takes publishers; watch the stream in a browser."});
  return {};
}

Result
ServerSession::State::on_stream_length (const Command &command, std::vector<Event> &)
{
  answers.number (command.transaction, 0);
  return {};
}

/** releaseStream, _checkbw and whatever else encoders call: they wait for a result, not for what it
 * says. */
Result
ServerSession::State::on_other (const Command &command, std::vector<Event> &)
{
  const auto name = command.name ();
  if (command.transaction > 0 && name != "_result" && name != "_error")
    answers.nothing (command.transaction);
  return {};
}

} // namespace stagedoor::rtmp
