// SPDX-License-Identifier: LGPL-2.1-or-later
// Caps of H.264, HEVC, AV1, VP8 and VP9.
#include "gst-plugins/common/gate/codec_caps.hpp"

#include <optional>
#include <string>

#define GST_USE_UNSTABLE_API // codecparsers ask for it
#include <gst/codecparsers/gstav1parser.h>
#include <gst/codecparsers/gsth264parser.h>
#include <gst/codecparsers/gsth265parser.h>
#include <gst/pbutils/pbutils.h>

#include "libs/media/bits.hpp"

namespace stagedoor::gate {
namespace {

using media::BitReader;

struct Picture
{
  int width = 0, height = 0;
  int fps_num = 0, fps_den = 0;
  unsigned par_num = 0, par_den = 0;
};

/** Sets what is known and within reason: a stranger's parameter set may say anything. */
bool
set_picture (GstCaps *caps, const Picture &picture)
{
  constexpr int max_side = 16384;
  constexpr int max_rate = 1000;
  constexpr unsigned max_par = 65535;
  if (picture.width <= 0 || picture.width > max_side || picture.height <= 0
      || picture.height > max_side)
    return false;
  gst_caps_set_simple (
      caps, "width", G_TYPE_INT, picture.width, "height", G_TYPE_INT, picture.height, nullptr);
  if (picture.fps_num > 0 && picture.fps_den > 0 && picture.fps_num / picture.fps_den <= max_rate)
    gst_caps_set_simple (
        caps, "framerate", GST_TYPE_FRACTION, picture.fps_num, picture.fps_den, nullptr);
  if (picture.par_num > 0 && picture.par_num <= max_par && picture.par_den > 0
      && picture.par_den <= max_par)
    gst_caps_set_simple (caps, "pixel-aspect-ratio", GST_TYPE_FRACTION,
        static_cast<int> (picture.par_num), static_cast<int> (picture.par_den), nullptr);
  return true;
}

void
set_codec_data (GstCaps *caps, ByteView config)
{
  const auto buffer = adopt (gst_buffer_new_memdup (config.data (), config.size ()));
  gst_caps_set_simple (caps, "codec_data", GST_TYPE_BUFFER, buffer.get (), nullptr);
}

std::optional<Picture>
read_h264_sps (ByteView prefixed)
{
  const Owned<GstH264NalParser, gst_h264_nal_parser_free> parser (gst_h264_nal_parser_new ());
  GstH264NalUnit nalu;
  GstH264SPS sps;
  if (gst_h264_parser_identify_nalu_avc (
          parser.get (), prefixed.data (), 0, prefixed.size (), 2, &nalu)
          != GST_H264_PARSER_OK
      || gst_h264_parse_sps (&nalu, &sps) != GST_H264_PARSER_OK)
    return std::nullopt;
  Picture out{sps.width, sps.height};
  if (sps.frame_cropping_flag)
    out = {sps.crop_rect_width, sps.crop_rect_height};
  gst_h264_video_calculate_framerate (&sps, 0, 0, &out.fps_num, &out.fps_den);
  if (sps.vui_parameters_present_flag) {
    out.par_num = sps.vui_parameters.par_n;
    out.par_den = sps.vui_parameters.par_d;
  }
  gst_h264_sps_clear (&sps);
  return out;
}

/** AVCDecoderConfigurationRecord, ISO/IEC 14496-15 section 5.3.3.1. */
tl::expected<VideoSetup, std::string>
h264_setup (ByteView avcc)
{
  const auto fail = tl::unexpected (std::string ("the H.264 setup (avcC) is broken"));
  Reader reader (avcc);
  const auto version = reader.u8 ();
  reader.skip (3);
  const unsigned length_size = (reader.u8 () & 3u) + 1;
  const int sets = reader.u8 () & 31;
  const auto first = reader.rest ();
  ByteView sps;
  for (int i = 0; i < sets; ++i) {
    const auto unit = reader.take (reader.u16 ());
    sps = i == 0 ? unit : sps;
  }
  for (int i = reader.u8 (); i > 0; --i)
    reader.skip (reader.u16 ());
  if (!reader.ok () || version != 1 || length_size == 3 || sps.size () < 4)
    return fail;
  const auto picture = read_h264_sps (first.first (sps.size () + 2));
  auto caps = adopt (gst_caps_new_simple ("video/x-h264", "stream-format", G_TYPE_STRING, "avc",
      "alignment", G_TYPE_STRING, "au", nullptr));
  if (!picture || !set_picture (caps.get (), *picture))
    return fail;
  const auto after_header = sps.subspan (1);
  gst_codec_utils_h264_caps_set_level_and_profile (
      caps.get (), after_header.data (), after_header.size ());
  set_codec_data (caps.get (), avcc);
  return VideoSetup{std::move (caps), length_size};
}

/** @p prefixed is the parameter set with its 16-bit length before it. */
std::optional<Picture>
read_h265_sps (GstH265Parser *parser, ByteView prefixed)
{
  GstH265NalUnit nalu;
  GstH265SPS sps;
  if (gst_h265_parser_identify_nalu_hevc (parser, prefixed.data (), 0, prefixed.size (), 2, &nalu)
      != GST_H265_PARSER_OK)
    return std::nullopt;
  if (nalu.type == GST_H265_NAL_VPS) {
    GstH265VPS vps;
    gst_h265_parser_parse_vps (parser, &nalu, &vps); // the SPS refers to it
    return std::nullopt;
  }
  if (nalu.type != GST_H265_NAL_SPS
      || gst_h265_parser_parse_sps (parser, &nalu, &sps, TRUE) != GST_H265_PARSER_OK)
    return std::nullopt;
  Picture out{sps.width, sps.height, sps.fps_num, sps.fps_den};
  if (sps.conformance_window_flag) {
    out.width = sps.crop_rect_width;
    out.height = sps.crop_rect_height;
  }
  if (sps.vui_parameters_present_flag) {
    out.par_num = sps.vui_params.par_n;
    out.par_den = sps.vui_params.par_d;
  }
  return out;
}

/** HEVCDecoderConfigurationRecord, ISO/IEC 14496-15 section 8.3.3.1. */
tl::expected<VideoSetup, std::string>
h265_setup (ByteView hvcc)
{
  const auto fail = tl::unexpected (std::string ("the HEVC setup (hvcC) is broken"));
  Reader reader (hvcc);
  const auto version = reader.u8 ();
  const auto profile_tier_level = reader.take (12);
  reader.skip (8);
  const unsigned length_size = (reader.u8 () & 3u) + 1;
  const Owned<GstH265Parser, gst_h265_parser_free> parser (gst_h265_parser_new ());
  std::optional<Picture> picture;
  for (int arrays = reader.u8 (); arrays > 0 && reader.ok (); --arrays) {
    reader.skip (1);
    for (int units = reader.u16 (); units > 0 && reader.ok (); --units) {
      const auto prefixed = reader.rest ();
      const auto size = reader.take (reader.u16 ()).size ();
      if (reader.ok () && size > 2 && !picture)
        picture = read_h265_sps (parser.get (), prefixed.first (size + 2));
    }
  }
  if (!reader.ok () || version > 1 || length_size == 3 || !picture)
    return fail;
  auto caps = adopt (gst_caps_new_simple ("video/x-h265", "stream-format", G_TYPE_STRING, "hvc1",
      "alignment", G_TYPE_STRING, "au", nullptr));
  if (!set_picture (caps.get (), *picture))
    return fail;
  gst_codec_utils_h265_caps_set_level_tier_and_profile (
      caps.get (), profile_tier_level.data (), profile_tier_level.size ());
  set_codec_data (caps.get (), hvcc);
  return VideoSetup{std::move (caps), length_size};
}

std::optional<Picture>
read_av1_sequence_header (ByteView obus)
{
  const Owned<GstAV1Parser, gst_av1_parser_free> parser (gst_av1_parser_new ());
  while (!obus.empty ()) {
    GstAV1OBU obu;
    GstAV1SequenceHeaderOBU header;
    guint32 used = 0;
    if (gst_av1_parser_identify_one_obu (
            parser.get (), obus.data (), static_cast<guint32> (obus.size ()), &obu, &used)
            != GST_AV1_PARSER_OK
        || used == 0 || used > obus.size ())
      return std::nullopt;
    if (obu.obu_type == GST_AV1_OBU_SEQUENCE_HEADER) {
      if (gst_av1_parser_parse_sequence_header_obu (parser.get (), &obu, &header)
          != GST_AV1_PARSER_OK)
        return std::nullopt;
      return Picture{header.max_frame_width_minus_1 + 1, header.max_frame_height_minus_1 + 1};
    }
    obus = obus.subspan (used);
  }
  return std::nullopt;
}

/** AV1CodecConfigurationRecord, "AV1 Codec ISO Media File Format Binding" section 2.3. */
tl::expected<VideoSetup, std::string>
av1_setup (ByteView av1c)
{
  const auto fail = tl::unexpected (std::string ("the AV1 setup (av1C) is broken"));
  if (av1c.size () < 4 || av1c[0] != 0x81)
    return fail;
  const auto picture = read_av1_sequence_header (av1c.subspan (4));
  auto caps = adopt (gst_caps_new_simple ("video/x-av1", "stream-format", G_TYPE_STRING,
      "obu-stream", "alignment", G_TYPE_STRING, "tu", nullptr));
  if (!picture || !set_picture (caps.get (), *picture))
    return fail;
  set_codec_data (caps.get (), av1c);
  return VideoSetup{std::move (caps), 0};
}

/** RFC 6386 section 9.1. */
Ref<GstCaps>
vp8_caps (ByteView frame)
{
  if (frame.size () < 10 || (frame[0] & 1) != 0 || frame[3] != 0x9d || frame[4] != 0x01
      || frame[5] != 0x2a)
    return nullptr;
  auto caps = adopt (gst_caps_new_empty_simple ("video/x-vp8"));
  const Picture picture{(frame[6] | frame[7] << 8) & 0x3fff, (frame[8] | frame[9] << 8) & 0x3fff};
  return set_picture (caps.get (), picture) ? caps : nullptr;
}

/** "VP9 Bitstream & Decoding Process" section 6.2. (GstVp9Parser of 1.22 reads beyond the end.) */
Ref<GstCaps>
vp9_caps (ByteView frame)
{
  constexpr unsigned sync_code = 0x498342, srgb = 7;
  BitReader bits (frame);
  const auto marker = bits.take (2), low = bits.take (1), high = bits.take (1);
  const auto profile = high << 1 | low;
  const bool subsampled = profile == 0 || profile == 2;
  if (profile == 3)
    bits.take (1);
  const auto shows_existing = bits.take (1), is_delta = bits.take (1);
  bits.take (2);
  const auto sync = bits.take (24);
  if (profile >= 2)
    bits.take (1);
  if (bits.take (3) != srgb)
    bits.take (subsampled ? 1 : 4);
  else if (!subsampled)
    bits.take (1);
  const auto width = bits.take (16) + 1, height = bits.take (16) + 1;
  if (!bits.ok () || marker != 2 || shows_existing != 0 || is_delta != 0 || sync != sync_code)
    return nullptr;
  auto caps = adopt (gst_caps_new_simple ("video/x-vp9", "alignment", G_TYPE_STRING, "super-frame",
      "profile", G_TYPE_STRING, std::to_string (profile).c_str (), nullptr));
  const Picture picture{static_cast<int> (width), static_cast<int> (height)};
  return set_picture (caps.get (), picture) ? caps : nullptr;
}

} // namespace

tl::expected<VideoSetup, std::string>
video_setup (rtmp::VideoCodec codec, ByteView config)
{
  switch (codec) {
    case rtmp::VideoCodec::h264:
      return h264_setup (config);
    case rtmp::VideoCodec::h265:
      return h265_setup (config);
    case rtmp::VideoCodec::av1:
      return av1_setup (config);
    default:
      return tl::unexpected (std::string ("this video codec has no setup"));
  }
}

bool
describes_itself (rtmp::VideoCodec codec)
{
  return codec == rtmp::VideoCodec::vp8 || codec == rtmp::VideoCodec::vp9;
}

Ref<GstCaps>
caps_of_keyframe (rtmp::VideoCodec codec, ByteView frame)
{
  return codec == rtmp::VideoCodec::vp8 ? vp8_caps (frame) : vp9_caps (frame);
}

bool
is_whole (ByteView access_unit, unsigned length_size)
{
  if (length_size == 0)
    return !access_unit.empty ();
  Reader reader (access_unit);
  do {
    std::size_t size = 0;
    for (unsigned i = 0; i < length_size; ++i)
      size = size << 8 | reader.u8 ();
    reader.skip (size);
    if (!reader.ok () || size == 0)
      return false;
  } while (reader.remaining () > 0);
  return true;
}

} // namespace stagedoor::gate
