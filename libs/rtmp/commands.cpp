// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/rtmp/commands.hpp"

#include <array>

#include "libs/rtmp/ack_window.hpp"
#include "libs/rtmp/chunk_reader.hpp"

namespace stagedoor::rtmp {

namespace {

constexpr std::uint8_t control_chunk_stream = 2, command_chunk_stream = 3, status_chunk_stream = 5;
constexpr std::uint32_t our_chunk_size = 4096;
constexpr std::size_t longest_description = 400;

/** User control events (Adobe RTMP 1.0 section 7.1.7). */
constexpr std::uint16_t event_stream_begin = 0, event_ping_response = 7;

/** Enhanced RTMP v2, "Enhancing NetConnection connect Command". */
constexpr double can_forward = 4;
constexpr double caps_mod_ex = 4;
constexpr std::array<std::string_view, 5> video_codecs{"avc1", "hvc1", "av01", "vp09", "vp08"};
constexpr std::array<std::string_view, 5> audio_codecs{"mp4a", "Opus", "ac-3", "fLaC", ".mp3"};

void
write_codec_map (AmfWriter &amf, std::string_view name, std::span<const std::string_view> codecs)
{
  amf.name (name).begin_object ();
  for (const auto codec : codecs)
    amf.name (codec).number (can_forward);
  amf.end_object ();
}

/** The members that tell an enhanced client what it may send; none for one that didn't ask. */
void
write_capabilities (AmfWriter &amf, const Amf &connect)
{
  const auto asked = [&connect] (std::string_view name) {
    return connect.member (name).type != Amf::Type::undefined;
  };
  if (asked ("fourCcList")) {
    amf.name ("fourCcList").begin_strict_array (video_codecs.size () + audio_codecs.size ());
    for (const auto codec : video_codecs)
      amf.string (codec);
    for (const auto codec : audio_codecs)
      amf.string (codec);
  }
  if (asked ("videoFourCcInfoMap"))
    write_codec_map (amf, "videoFourCcInfoMap", video_codecs);
  if (asked ("audioFourCcInfoMap"))
    write_codec_map (amf, "audioFourCcInfoMap", audio_codecs);
  if (asked ("capsEx"))
    amf.name ("capsEx").number (caps_mod_ex);
}

void
write_status (AmfWriter &amf, const Status &status)
{
  amf.begin_object ();
  amf.name ("level").string (status.level);
  amf.name ("code").string (status.code);
  amf.name ("description").string (status.description.substr (0, longest_description));
}

} // namespace

void
Answers::control (std::uint8_t type, ByteView body)
{
  chunks_.write (out_, control_chunk_stream, type, 0, body);
}

void
Answers::command (std::uint32_t stream_id, ByteView body)
{
  const auto chunk_stream = stream_id == 0 ? command_chunk_stream : status_chunk_stream;
  chunks_.write (out_, chunk_stream, type::command_amf0, stream_id, body);
}

void
Answers::acknowledge (std::uint32_t received)
{
  Bytes body;
  Writer (body).u32 (received);
  control (type::acknowledgement, body);
}

void
Answers::ping_response (std::uint32_t stamp)
{
  Bytes body;
  Writer writer (body);
  writer.u16 (event_ping_response);
  writer.u32 (stamp);
  control (type::user_control, body);
}

void
Answers::stream_begin ()
{
  Bytes body;
  Writer writer (body);
  writer.u16 (event_stream_begin);
  writer.u32 (media_stream);
  control (type::user_control, body);
}

void
Answers::connected (double transaction, const Amf &connect)
{
  Bytes body;
  Writer writer (body);
  writer.u32 (default_window);
  control (type::window_size, body);
  writer.u8 (2); // dynamic: hard or soft, whichever the peer had
  control (type::peer_bandwidth, body);
  body.clear ();
  writer.u32 (our_chunk_size);
  control (type::set_chunk_size, body);
  chunks_.set_chunk_size (our_chunk_size);

  body.clear ();
  AmfWriter amf (body);
  amf.string ("_result").number (transaction).begin_object ();
  amf.name ("fmsVer").string ("FMS/3,5,7,7009"); // clients compare it with what they know
  amf.name ("capabilities").number (31);
  amf.name ("mode").number (1);
  write_capabilities (amf, connect);
  amf.end_object ();
  write_status (amf, {"status", "NetConnection.Connect.Success", "Connection succeeded."});
  amf.name ("objectEncoding").number (0); // AMF 0, whatever was asked for
  write_capabilities (amf, connect);
  amf.end_object ();
  command (0, body);
}

void
Answers::number (double transaction, double value)
{
  Bytes body;
  AmfWriter (body).string ("_result").number (transaction).null ().number (value);
  command (0, body);
}

void
Answers::nothing (double transaction)
{
  Bytes body;
  AmfWriter (body).string ("_result").number (transaction).null ().undefined ();
  command (0, body);
}

void
Answers::status (const Status &status)
{
  Bytes body;
  AmfWriter amf (body);
  amf.string ("onStatus").number (0).null ();
  write_status (amf, status);
  amf.end_object ();
  command (media_stream, body);
}

void
Answers::fc_status (std::string_view name, std::string_view code)
{
  Bytes body;
  AmfWriter amf (body);
  amf.string (name).number (0).null ();
  write_status (amf, {"status", code, "OK"});
  amf.end_object ();
  command (0, body);
}

} // namespace stagedoor::rtmp
