// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/whep/stream_format.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <gst/pbutils/codec-utils.h>

#include "libs/codecs/nal.hpp"
#include "libs/codecs/nal_setup.hpp"

namespace stagedoor::whep {

namespace {

using webrtc::Codec;

constexpr std::array<std::uint8_t, 4> start_code{0, 0, 0, 1};

void
append_nal (ByteView nal, Bytes &out)
{
  out.insert (out.end (), start_code.begin (), start_code.end ());
  out.insert (out.end (), nal.begin (), nal.end ());
}

/** RFC 6184 section 8.1: the three bytes after the NAL unit header. */
std::string
profile_level_id (ByteView sps)
{
  constexpr const char *digits = "0123456789abcdef";
  std::string out;
  if (sps.size () >= 4)
    for (const auto byte : sps.subspan (1, 3))
      out += {digits[byte >> 4], digits[byte & 15]};
  return out;
}

bool
take_setup (const std::optional<codecs::NalSetup> &setup, Format &format)
{
  if (!setup)
    return false;
  format.nal_length_size = setup->length_size;
  for (const auto nal : setup->parameter_sets)
    append_nal (nal, format.parameter_sets);
  return true;
}

bool
read_avcc (ByteView data, Format &format)
{
  format.source.h264_profile_level_id = profile_level_id (data); // at the place that an SPS has it
  return take_setup (codecs::read_avcc (data), format);
}

bool
read_hvcc (ByteView data, Format &format)
{
  format.source.profile = data.size () > 1 ? data[1] & 31 : 0;
  return take_setup (codecs::read_hvcc (data), format);
}

/** AV1CodecConfigurationRecord (AV1 in ISOBMFF, section 2.3.3). */
bool
read_av1c (ByteView data, Format &format)
{
  Reader reader (data);
  reader.skip (1);
  format.source.profile = static_cast<std::uint8_t> (reader.u8 () >> 5);
  reader.skip (2);
  const auto obus = reader.rest ();
  format.parameter_sets.assign (obus.begin (), obus.end ());
  return reader.ok ();
}

/** The profile's number from caps without codec_data; "main" is AV1's 0 and HEVC's 1. */
std::uint8_t
profile_of (const GstStructure *fields, Codec codec)
{
  const char *text = gst_structure_get_string (fields, "profile");
  const std::string_view name = text != nullptr ? text : "";
  if (codec == Codec::vp9)
    return name.size () == 1 && name[0] >= '0' && name[0] <= '3'
               ? static_cast<std::uint8_t> (name[0] - '0')
               : 0;
  if (codec == Codec::h265)
    return name == "main-10" ? 2 : 1;
  return name == "high" ? 1 : name == "professional" ? 2 : 0;
}

/** From caps without codec_data, as encoders tell them; empty when they don't. */
std::string
h264_profile_level_id (const GstStructure *fields)
{
  const char *profile = gst_structure_get_string (fields, "profile");
  const char *level = gst_structure_get_string (fields, "level");
  constexpr struct
  {
    const char *name, *id;
  } known[]{{"constrained-baseline", "42e0"}, {"baseline", "4200"}, {"main", "4d00"},
      {"high", "6400"}, {"progressive-high", "6408"}, {"constrained-high", "640c"}};
  const auto idc = level != nullptr ? gst_codec_utils_h264_get_level_idc (level) : 0;
  const auto found = std::ranges::find_if (
      known, [profile] (const auto &k) { return g_strcmp0 (profile, k.name) == 0; });
  constexpr const char *digits = "0123456789abcdef";
  if (idc == 0 || found == std::end (known))
    return {};
  return std::string (found->id) + digits[idc >> 4] + digits[idc & 15];
}

bool
read_codec_data (const GstStructure *fields, Format &format)
{
  const GValue *value = gst_structure_get_value (fields, "codec_data");
  const char *stream_format = gst_structure_get_string (fields, "stream-format");
  if (value == nullptr || !GST_VALUE_HOLDS_BUFFER (value)
      || g_strcmp0 (stream_format, "byte-stream") == 0)
    return g_strcmp0 (stream_format, "avc") != 0 && g_strcmp0 (stream_format, "hvc1") != 0
           && g_strcmp0 (stream_format, "hev1") != 0;
  GstMapInfo map;
  if (!gst_buffer_map (gst_value_get_buffer (value), &map, GST_MAP_READ))
    return false;
  const ByteView data (map.data, map.size);
  const auto codec = format.source.codec;
  const bool good = codec == Codec::h264   ? read_avcc (data, format)
                    : codec == Codec::h265 ? read_hvcc (data, format)
                    : codec == Codec::av1  ? read_av1c (data, format)
                                           : true;
  gst_buffer_unmap (gst_value_get_buffer (value), &map);
  return good;
}

constexpr struct
{
  const char *media_type;
  Codec codec;
} codecs[]{{"video/x-h264", Codec::h264}, {"video/x-h265", Codec::h265},
    {"video/x-av1", Codec::av1}, {"video/x-vp8", Codec::vp8}, {"video/x-vp9", Codec::vp9},
    {"audio/x-opus", Codec::opus}};

} // namespace

std::optional<Format>
read_caps (const GstCaps *caps)
{
  const auto *fields = gst_caps_get_structure (caps, 0);
  for (const auto &[media_type, codec] : codecs) {
    if (!gst_structure_has_name (fields, media_type))
      continue;
    Format format;
    format.source.video = codec != Codec::opus;
    format.source.codec = codec;
    format.source.profile = profile_of (fields, codec);
    int channels = 2;
    gst_structure_get_int (fields, "channels", &channels);
    format.source.stereo = channels != 1;
    if (codec == Codec::h264)
      format.source.h264_profile_level_id = h264_profile_level_id (fields);
    if (!read_codec_data (fields, format))
      return std::nullopt;
    return format;
  }
  return std::nullopt;
}

bool
learn (Format &format, ByteView access_unit)
{
  const bool h264 = format.source.codec == Codec::h264;
  Bytes sets;
  std::string id;
  unsigned kinds = 0;
  codecs::ByteStreamReader stream (access_unit);
  for (auto nal = stream.next (); !nal.empty (); nal = stream.next ()) {
    const unsigned type = h264 ? nal[0] & 31u : nal[0] >> 1 & 63u;
    const auto first = h264 ? 7u : 32u;
    if (h264 ? type >= 1 && type <= 5 : type < 32)
      break; // the picture: what follows is long and of no interest
    if (type < first || type > (h264 ? 8u : 34u))
      continue;
    kinds |= 1u << (type - first);
    append_nal (nal, sets);
    if (h264 && type == 7)
      id = profile_level_id (nal);
  }
  if (kinds != (h264 ? 3u : 7u) || sets == format.parameter_sets)
    return false;
  format.parameter_sets = std::move (sets);
  format.source.h264_profile_level_id = id;
  return true;
}

void
to_annex_b (ByteView unit, unsigned nal_length_size, Bytes &out)
{
  out.clear ();
  while (unit.size () > nal_length_size) {
    std::size_t size = 0;
    for (const auto byte : unit.first (nal_length_size))
      size = size << 8 | byte;
    unit = unit.subspan (nal_length_size);
    if (size > unit.size ())
      return;
    append_nal (unit.first (size), out);
    unit = unit.subspan (size);
  }
}

} // namespace stagedoor::whep
