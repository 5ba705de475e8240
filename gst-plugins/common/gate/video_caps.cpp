// SPDX-License-Identifier: LGPL-2.1-or-later
// Caps of H.264, HEVC, AV1, VP8 and VP9.
#include "gst-plugins/common/gate/codec_caps.hpp"

#include <string>

#include <gst/pbutils/pbutils.h>

#include "libs/codecs/av1.hpp"
#include "libs/codecs/nal_setup.hpp"
#include "libs/codecs/sps.hpp"
#include "libs/codecs/vpx.hpp"

namespace stagedoor::gate {
namespace {

void
set_fraction (GstCaps *caps, const char *field, codecs::Ratio ratio)
{
  gst_caps_set_simple (caps, field, GST_TYPE_FRACTION, ratio.num, ratio.den, nullptr);
}

/** Sets what is known and within reason: a stranger's parameter set may say anything. */
bool
set_picture (GstCaps *caps, const codecs::Picture &picture)
{
  constexpr int max_side = 16384;
  constexpr int max_rate = 1000;
  constexpr int max_par = 65535;
  if (picture.width > max_side || picture.height > max_side)
    return false;
  gst_caps_set_simple (
      caps, "width", G_TYPE_INT, picture.width, "height", G_TYPE_INT, picture.height, nullptr);
  if (const auto rate = picture.frame_rate; rate && rate->num / rate->den <= max_rate)
    set_fraction (caps, "framerate", *rate);
  if (const auto par = picture.pixel_aspect; par && par->num <= max_par && par->den <= max_par)
    set_fraction (caps, "pixel-aspect-ratio", *par);
  return true;
}

void
set_codec_data (GstCaps *caps, ByteView config)
{
  const auto buffer = adopt (gst_buffer_new_memdup (config.data (), config.size ()));
  gst_caps_set_simple (caps, "codec_data", GST_TYPE_BUFFER, buffer.get (), nullptr);
}

tl::expected<VideoSetup, std::string>
h264_setup (ByteView avcc)
{
  const auto fail = tl::unexpected (std::string ("the H.264 setup (avcC) is broken"));
  const auto setup = codecs::read_avcc (avcc);
  if (!setup || setup->parameter_sets.empty ())
    return fail;
  const auto first = setup->parameter_sets.front ();
  const auto sps = codecs::read_h264_sps (first);
  auto caps = adopt (gst_caps_new_simple ("video/x-h264", "stream-format", G_TYPE_STRING, "avc",
      "alignment", G_TYPE_STRING, "au", nullptr));
  if (!sps || !set_picture (caps.get (), sps->picture))
    return fail;
  const auto after_header = first.subspan (1);
  gst_codec_utils_h264_caps_set_level_and_profile (
      caps.get (), after_header.data (), static_cast<guint> (after_header.size ()));
  set_codec_data (caps.get (), avcc);
  return VideoSetup{std::move (caps), setup->length_size};
}

std::optional<codecs::H265Sps>
find_h265_sps (const codecs::NalSetup &setup)
{
  for (const auto unit : setup.parameter_sets)
    if (auto sps = codecs::read_h265_sps (unit))
      return sps;
  return std::nullopt;
}

tl::expected<VideoSetup, std::string>
h265_setup (ByteView hvcc)
{
  const auto fail = tl::unexpected (std::string ("the HEVC setup (hvcC) is broken"));
  const auto setup = codecs::read_hvcc (hvcc);
  const auto sps = setup ? find_h265_sps (*setup) : std::nullopt;
  auto caps = adopt (gst_caps_new_simple ("video/x-h265", "stream-format", G_TYPE_STRING, "hvc1",
      "alignment", G_TYPE_STRING, "au", nullptr));
  if (!sps || !set_picture (caps.get (), sps->picture))
    return fail;
  gst_codec_utils_h265_caps_set_level_tier_and_profile (
      caps.get (), sps->profile_tier_level.data (), sps->profile_tier_level.size ());
  set_codec_data (caps.get (), hvcc);
  return VideoSetup{std::move (caps), setup->length_size};
}

/** AV1CodecConfigurationRecord, "AV1 Codec ISO Media File Format Binding" section 2.3. */
tl::expected<VideoSetup, std::string>
av1_setup (ByteView av1c)
{
  const auto fail = tl::unexpected (std::string ("the AV1 setup (av1C) is broken"));
  if (av1c.size () < 4 || av1c[0] != 0x81)
    return fail;
  const auto picture = codecs::read_av1_sequence_header (av1c.subspan (4));
  auto caps = adopt (gst_caps_new_simple ("video/x-av1", "stream-format", G_TYPE_STRING,
      "obu-stream", "alignment", G_TYPE_STRING, "tu", nullptr));
  if (!picture || !set_picture (caps.get (), *picture))
    return fail;
  set_codec_data (caps.get (), av1c);
  return VideoSetup{std::move (caps), 0};
}

Ref<GstCaps>
vp8_caps (ByteView frame)
{
  const auto picture = codecs::read_vp8_key_frame (frame);
  auto caps = adopt (gst_caps_new_empty_simple ("video/x-vp8"));
  return picture && set_picture (caps.get (), *picture) ? caps : nullptr;
}

Ref<GstCaps>
vp9_caps (ByteView frame)
{
  const auto header = codecs::read_vp9_key_frame (frame);
  if (!header)
    return nullptr;
  auto caps = adopt (gst_caps_new_simple ("video/x-vp9", "alignment", G_TYPE_STRING, "super-frame",
      "profile", G_TYPE_STRING, std::to_string (header->profile).c_str (), nullptr));
  return set_picture (caps.get (), header->picture) ? caps : nullptr;
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
