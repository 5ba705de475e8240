// SPDX-License-Identifier: LGPL-2.1-or-later
// Video tags: Adobe FLV 10.1 section E.4.3, the HEVC id that Chinese services added, and enhanced
// RTMP v2 "Enhanced Video".
#include <optional>

#include "libs/rtmp/flv.hpp"
#include "libs/rtmp/flv_common.hpp"

namespace stagedoor::rtmp {

namespace {

constexpr int frame_key = 1, frame_generated_key = 4, frame_command = 5;
constexpr std::uint8_t packet_coded_frames_x = 3, packet_metadata = 4, packet_mpeg2_ts = 5,
                       packet_multitrack = 6;

std::string
legacy_codec_name (int id)
{
  switch (id) {
    case 1:
      return "JPEG";
    case 2:
      return "Sorenson H.263";
    case 3:
    case 6:
      return "Screen video";
    case 4:
    case 5:
      return "On2 VP6";
    default:
      return "Video of codec id " + std::to_string (id);
  }
}

std::optional<VideoCodec>
codec_of (std::uint32_t code)
{
  switch (code) {
    case four_cc ("avc1"):
      return VideoCodec::h264;
    case four_cc ("hvc1"):
      return VideoCodec::h265;
    case four_cc ("av01"):
      return VideoCodec::av1;
    case four_cc ("vp09"):
      return VideoCodec::vp9;
    case four_cc ("vp08"):
      return VideoCodec::vp8;
    default:
      return std::nullopt;
  }
}

std::int32_t
read_composition_ms (Reader &reader)
{
  const auto value = reader.u24 ();
  return static_cast<std::int32_t> (value << 8) >> 8;
}

/** An encoder that repeats an empty setup or sends an empty frame does no harm. */
VideoTag
without_empty (VideoTag tag)
{
  if (tag.payload.empty () && tag.type != VideoTag::Type::sequence_end)
    tag.type = VideoTag::Type::ignored;
  return tag;
}

tl::expected<VideoTag, TagError>
parse_legacy (VideoTag tag, int codec, Reader reader)
{
  if (codec != 7 && codec != 12)
    return tag_error (
        legacy_codec_name (codec) + " video can't be carried; set the encoder to H.264");
  tag.codec = codec == 7 ? VideoCodec::h264 : VideoCodec::h265;
  const auto packet_type = reader.u8 ();
  tag.composition_ms = read_composition_ms (reader);
  if (!reader.ok ())
    return tag_error ("the header of a video message is cut short");
  tag.payload = reader.rest ();
  switch (packet_type) {
    case 0:
      tag.type = VideoTag::Type::sequence_start;
      break;
    case 1:
      tag.type = VideoTag::Type::coded_frames;
      break;
    case 2:
      tag.type = VideoTag::Type::sequence_end;
      break;
    default:
      return tag_error ("video packet type " + std::to_string (packet_type) + " isn't supported");
  }
  if (packet_type != 1)
    tag.composition_ms = 0;
  return without_empty (tag);
}

/** The body of @p header, whose codec is known. */
tl::expected<VideoTag, TagError>
parse_packet (VideoTag tag, const EnhancedHeader &header)
{
  Reader reader (header.body);
  switch (header.packet_type) {
    case packet::sequence_start:
      tag.type = VideoTag::Type::sequence_start;
      break;
    case packet::coded_frames:
      tag.type = VideoTag::Type::coded_frames;
      if (tag.codec == VideoCodec::h264 || tag.codec == VideoCodec::h265)
        tag.composition_ms = read_composition_ms (reader);
      break;
    case packet_coded_frames_x:
      tag.type = VideoTag::Type::coded_frames;
      break;
    case packet::sequence_end:
      tag.type = VideoTag::Type::sequence_end;
      break;
    case packet_metadata:
      tag.type = VideoTag::Type::metadata;
      break;
    case packet_mpeg2_ts:
      return tag_error (
          "video set up as in MPEG-2 TS can't be carried; use an encoder that sends a "
          "codec configuration record");
    default:
      return tag_error (
          "video packet type " + std::to_string (header.packet_type) + " isn't supported");
  }
  if (!reader.ok ())
    return tag_error ("the header of a video message is cut short");
  tag.payload = reader.rest ();
  return without_empty (tag);
}

/** Whether what follows is a command of the player's, such as the beginning of a seek. Only
 * metadata have no frame type. */
bool
is_command (int frame_type, std::uint8_t packet_type, ByteView rest)
{
  Reader reader (rest);
  return frame_type == frame_command && skip_mod_ex (packet_type, reader) != packet_metadata;
}

} // namespace

tl::expected<VideoTag, TagError>
parse_video_tag (ByteView body)
{
  Reader reader (body);
  const auto first = reader.u8 ();
  if (!reader.ok ())
    return tag_error ("a video message is empty");
  const bool enhanced = first & 0x80;
  const int frame_type = first >> 4 & 0x07;
  VideoTag tag;
  tag.keyframe = frame_type == frame_key || frame_type == frame_generated_key;
  if (!enhanced) {
    if (frame_type == frame_command)
      return tag;
    return parse_legacy (tag, first & 0x0f, reader);
  }
  const std::uint8_t packet_type = first & 0x0f;
  if (is_command (frame_type, packet_type, reader.rest ()))
    return tag;
  const auto header = read_enhanced_header (packet_type, reader.rest (), packet_multitrack);
  if (!header)
    return tl::unexpected (header.error ());
  if (!header->wanted)
    return tag;
  const auto codec = codec_of (header->codec);
  if (!codec)
    return tag_error ("Video of type " + four_cc_text (header->codec)
                      + " can't be carried; set the encoder to H.264, H.265, AV1 or VP9");
  tag.codec = *codec;
  return parse_packet (tag, *header);
}

} // namespace stagedoor::rtmp
