// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/srt/ts_format.hpp"

#include <array>

namespace stagedoor::srtsink {
namespace {

using mpegts::Payload;
using Result = std::optional<Payload>;

Bytes
codec_data_of (const GstStructure *fields)
{
  const GValue *value = gst_structure_get_value (fields, "codec_data");
  GstMapInfo map;
  if (value == nullptr || !GST_VALUE_HOLDS_BUFFER (value)
      || !gst_buffer_map (gst_value_get_buffer (value), &map, GST_MAP_READ))
    return {};
  Bytes out (map.data, map.data + map.size);
  gst_buffer_unmap (gst_value_get_buffer (value), &map);
  return out;
}

bool
has (const GstStructure *fields, const char *name, const char *value)
{
  return g_strcmp0 (gst_structure_get_string (fields, name), value) == 0;
}

int
number (const GstStructure *fields, const char *name, int otherwise)
{
  gst_structure_get_int (fields, name, &otherwise);
  return otherwise;
}

Result
video_of (const GstStructure *fields)
{
  const bool is_h264 = gst_structure_has_name (fields, "video/x-h264");
  if (!is_h264 && !gst_structure_has_name (fields, "video/x-h265"))
    return std::nullopt;
  if (has (fields, "stream-format", "byte-stream"))
    return is_h264 ? Payload::h264_byte_stream () : Payload::h265_byte_stream ();
  const auto setup = codec_data_of (fields);
  return is_h264 ? Payload::h264 (setup) : Payload::h265 (setup);
}

Result
audio_of (const GstStructure *fields)
{
  if (gst_structure_has_name (fields, "audio/x-opus"))
    return Payload::opus (static_cast<unsigned> (number (fields, "channels", 2)));
  if (gst_structure_has_name (fields, "audio/x-ac3"))
    return Payload::ac3 ();
  if (!gst_structure_has_name (fields, "audio/mpeg"))
    return std::nullopt;
  if (number (fields, "mpegversion", 0) == 1)
    return Payload::mp3 ();
  return has (fields, "stream-format", "adts") ? Payload::aac_adts ()
                                               : Payload::aac (codec_data_of (fields));
}

std::string
codec_of (const GstStructure *fields)
{
  struct Name
  {
    const char *media_type, *name;
  };
  constexpr std::array names{Name{"video/x-vp8", "VP8"}, Name{"video/x-vp9", "VP9"},
      Name{"video/x-av1", "AV1"}, Name{"audio/x-flac", "FLAC"}, Name{"audio/x-eac3", "E-AC-3"}};
  for (const auto &[media_type, name] : names)
    if (gst_structure_has_name (fields, media_type))
      return name;
  return std::string ("this kind of ") + gst_structure_get_name (fields);
}

} // namespace

tl::expected<Payload, std::string>
payload_of (const GstCaps *caps)
{
  const auto *fields = gst_caps_get_structure (caps, 0);
  const bool is_video = g_str_has_prefix (gst_structure_get_name (fields), "video/");
  if (auto payload = is_video ? video_of (fields) : audio_of (fields))
    return std::move (*payload);
  return tl::unexpected (std::string ("players by SRT get no ") + (is_video ? "picture" : "sound")
                         + ": a transport stream can't carry " + codec_of (fields));
}

} // namespace stagedoor::srtsink
