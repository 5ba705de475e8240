// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/picture_bound.hpp"

#include <algorithm>
#include <string_view>

#include "libs/codecs/av1.hpp"
#include "libs/codecs/nal.hpp"
#include "libs/codecs/nal_setup.hpp"
#include "libs/codecs/sps.hpp"
#include "libs/codecs/vpx.hpp"

namespace stagedoor {

namespace {

bool
is_small (std::uint64_t pixels)
{
  return pixels <= PictureBound::most_pixels;
}

bool
is_small (int width, int height)
{
  return width >= 0 && height >= 0
         && is_small (static_cast<std::uint64_t> (width) * static_cast<std::uint64_t> (height));
}

template <class Sps>
bool
is_small (const std::optional<Sps> &sps)
{
  return sps && is_small (sps->coded_pixels);
}

/** libav takes a frame that looks so for a new AVCDecoderConfigurationRecord. */
bool
looks_like_avcc (ByteView bytes)
{
  return bytes.size () >= 9 && bytes[0] == 1 && bytes[2] == 0 && (bytes[4] & 0xfc) == 0xfc
         && (bytes[5] & 0xe0) == 0xe0;
}

} // namespace

PictureBound::PictureBound (const GstCaps *caps)
{
  const auto *fields = gst_caps_get_structure (caps, 0);
  for (const auto &[name, codec] :
      {std::pair<std::string_view, Codec> ("video/x-h264", Codec::h264),
          {"video/x-h265", Codec::h265}, {"video/x-vp8", Codec::vp8}, {"video/x-vp9", Codec::vp9},
          {"video/x-av1", Codec::av1}})
    if (name == gst_structure_get_name (fields))
      codec_ = codec;
  int width = 0, height = 0;
  gst_structure_get_int (fields, "width", &width);
  gst_structure_get_int (fields, "height", &height);
  caps_hold_ = is_small (width, height);
  const GValue *value = gst_structure_get_value (fields, "codec_data");
  GstMapInfo map;
  const bool h264 = codec_ == Codec::h264;
  if ((!h264 && codec_ != Codec::h265) || value == nullptr || !GST_VALUE_HOLDS_BUFFER (value)
      || !gst_buffer_map (gst_value_get_buffer (value), &map, GST_MAP_READ))
    return;
  const ByteView record (map.data, map.size);
  if (const auto setup = h264 ? codecs::read_avcc (record) : codecs::read_hvcc (record)) {
    length_size_ = setup->length_size;
    caps_hold_ = caps_hold_ && std::ranges::all_of (setup->parameter_sets, [this] (ByteView nal) {
      return nal_holds (nal);
    });
  }
  gst_buffer_unmap (gst_value_get_buffer (value), &map);
}

bool
PictureBound::nal_holds (ByteView nal) const
{
  if (nal.size () < 2)
    return true;
  if (codec_ == Codec::h264)
    return (nal[0] & 31) != 7 || is_small (codecs::read_h264_sps (nal));
  const bool sps = (nal[0] >> 1 & 63) == 33, base_layer = (nal[0] & 1) == 0 && nal[1] >> 3 == 0;
  return !sps || !base_layer || is_small (codecs::read_h265_sps (nal));
}

bool
PictureBound::holds (ByteView frame) const
{
  switch (codec_) {
    case Codec::vp8: {
      const auto key = codecs::read_vp8_key_frame (frame);
      return !key || is_small (key->width, key->height);
    }
    case Codec::vp9:
      return is_small (codecs::most_vp9_pixels (frame));
    case Codec::av1:
      return is_small (codecs::most_av1_pixels (frame));
    default:
      return nals_hold (frame);
  }
}

bool
PictureBound::nals_hold (ByteView access_unit) const
{
  if (length_size_ == 0) {
    codecs::ByteStreamReader stream (access_unit);
    for (auto nal = stream.next (); !nal.empty (); nal = stream.next ())
      if (!nal_holds (nal))
        return false;
    return true;
  }
  if (codec_ == Codec::h264 && looks_like_avcc (access_unit))
    return false;
  while (access_unit.size () > length_size_) {
    std::size_t size = 0;
    for (const auto byte : access_unit.first (length_size_))
      size = size << 8 | byte;
    access_unit = access_unit.subspan (length_size_);
    if (!nal_holds (access_unit.first (std::min (size, access_unit.size ()))))
      return false;
    access_unit = access_unit.subspan (std::min (size, access_unit.size ()));
  }
  return true;
}

bool
PictureBound::holds (GstBuffer *buffer) const
{
  if (!caps_hold_)
    return false;
  GstMapInfo map;
  if (codec_ == Codec::other || !gst_buffer_map (buffer, &map, GST_MAP_READ))
    return codec_ == Codec::other;
  const bool out = holds (ByteView (map.data, map.size));
  gst_buffer_unmap (buffer, &map);
  return out;
}

} // namespace stagedoor
