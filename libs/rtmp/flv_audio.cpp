// SPDX-License-Identifier: LGPL-2.1-or-later
// Audio tags: Adobe FLV 10.1 section E.4.2, and enhanced RTMP v2 "Enhanced Audio".
#include <optional>

#include "libs/rtmp/flv.hpp"
#include "libs/rtmp/flv_common.hpp"

namespace stagedoor::rtmp {

namespace {

constexpr int format_mp3 = 2, format_enhanced = 9, format_aac = 10, format_mp3_8k = 14;
constexpr std::uint8_t packet_channel_config = 4, packet_multitrack = 5;

std::string
legacy_codec_name (int format)
{
  switch (format) {
    case 0:
    case 3:
      return "PCM";
    case 1:
      return "ADPCM";
    case 4:
    case 5:
    case 6:
      return "Nellymoser";
    case 7:
    case 8:
      return "G.711";
    case 11:
      return "Speex";
    default:
      return "Format " + std::to_string (format);
  }
}

std::optional<AudioCodec>
codec_of (std::uint32_t code)
{
  switch (code) {
    case four_cc ("mp4a"):
      return AudioCodec::aac;
    case four_cc (".mp3"):
      return AudioCodec::mp3;
    case four_cc ("Opus"):
      return AudioCodec::opus;
    case four_cc ("ac-3"):
      return AudioCodec::ac3;
    case four_cc ("fLaC"):
      return AudioCodec::flac;
    default:
      return std::nullopt;
  }
}

/** An encoder that sends an empty setup or frame does no harm. */
AudioTag
without_empty (AudioTag tag)
{
  if (tag.payload.empty () && tag.type != AudioTag::Type::sequence_end)
    tag.type = AudioTag::Type::ignored;
  return tag;
}

tl::expected<AudioTag, TagError>
parse_aac (Reader reader)
{
  AudioTag tag{.codec = AudioCodec::aac};
  const auto packet_type = reader.u8 ();
  if (!reader.ok ())
    return tag_error ("the header of an audio message is cut short");
  if (packet_type > 1)
    return tag_error ("AAC packet type " + std::to_string (packet_type) + " isn't supported");
  tag.type = packet_type == 0 ? AudioTag::Type::sequence_start : AudioTag::Type::coded_frames;
  tag.payload = reader.rest ();
  return without_empty (tag);
}

tl::expected<AudioTag, TagError>
parse_enhanced (std::uint8_t packet_type, ByteView rest)
{
  const auto header = read_enhanced_header (packet_type, rest, packet_multitrack);
  if (!header)
    return tl::unexpected (header.error ());
  AudioTag tag;
  if (!header->wanted)
    return tag;
  const auto codec = codec_of (header->codec);
  if (!codec)
    return tag_error ("Audio of type " + four_cc_text (header->codec)
                      + " can't be carried; set the encoder to AAC or Opus");
  tag.codec = *codec;
  tag.payload = header->body;
  switch (header->packet_type) {
    case packet::sequence_start:
      tag.type = AudioTag::Type::sequence_start;
      break;
    case packet::coded_frames:
      tag.type = AudioTag::Type::coded_frames;
      break;
    case packet::sequence_end:
      tag.type = AudioTag::Type::sequence_end;
      break;
    case packet_channel_config: // the codec's own setup says how many channels there are
      break;
    default:
      return tag_error (
          "audio packet type " + std::to_string (header->packet_type) + " isn't supported");
  }
  return without_empty (tag);
}

} // namespace

tl::expected<AudioTag, TagError>
parse_audio_tag (ByteView body)
{
  Reader reader (body);
  const auto first = reader.u8 ();
  if (!reader.ok ())
    return tag_error ("an audio message is empty");
  switch (const int format = first >> 4) {
    case format_aac:
      return parse_aac (reader);
    case format_mp3:
    case format_mp3_8k:
      return without_empty ({.codec = AudioCodec::mp3,
          .type = AudioTag::Type::coded_frames,
          .payload = reader.rest ()});
    case format_enhanced:
      return parse_enhanced (first & 0x0f, reader.rest ());
    default:
      return tag_error (
          legacy_codec_name (format) + " audio can't be carried; set the encoder to AAC");
  }
}

} // namespace stagedoor::rtmp
