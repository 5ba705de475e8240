// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/transcode/output_check.hpp"

#include <optional>

#include "libs/codecs/av1.hpp"
#include "libs/codecs/nal.hpp"
#include "libs/codecs/sps.hpp"
#include "libs/codecs/vpx.hpp"

namespace stagedoor::transcode {

namespace {

/** Not even raw frames are that large, per pixel. */
constexpr std::size_t most_bytes_per_pixel = 8, least_bound = 64 * 1024;

bool
begins_with_start_code (ByteView frame)
{
  std::size_t zeros = 0;
  while (zeros < frame.size () && frame[zeros] == 0)
    ++zeros;
  return zeros >= 2 && zeros <= 3 && zeros < frame.size () && frame[zeros] == 1;
}

/** AV1 section 4.10.5; takes it off. */
std::optional<std::size_t>
take_leb128 (ByteView &bytes)
{
  std::size_t out = 0;
  for (unsigned i = 0; i < 4 && i < bytes.size (); ++i) {
    out |= std::size_t{bytes[i] & 127u} << (7 * i);
    if ((bytes[i] & 128) == 0) {
      bytes = bytes.subspan (i + 1);
      return out;
    }
  }
  return std::nullopt;
}

/** RFC 6386 section 9.1: a frame that is shown or not, and whose first partition is within it. */
bool
is_vp8 (ByteView frame)
{
  if (frame.size () < 4)
    return false;
  const unsigned tag = frame[0] | frame[1] << 8 | frame[2] << 16;
  return (tag >> 1 & 7) <= 3 && (tag >> 5) <= frame.size () - 3;
}

} // namespace

OutputCheck::OutputCheck (const RenditionSpec &spec)
    : codec_ (spec.codec == "h264"   ? Codec::h264
              : spec.codec == "h265" ? Codec::h265
              : spec.codec == "vp8"  ? Codec::vp8
              : spec.codec == "vp9"  ? Codec::vp9
                                     : Codec::av1),
      width_ (spec.width), height_ (spec.height)
{
}

/** ITU-T H.264 table 7-1, H.265 table 7-1. */
OutputCheck::Seen
OutputCheck::look_at_nals (ByteView frame) const
{
  Seen out;
  if (!begins_with_start_code (frame))
    return out;
  bool slices = false, key_slices = false;
  codecs::ByteStreamReader stream (frame);
  for (auto nal = stream.next (); !nal.empty (); nal = stream.next ()) {
    if (nal.size () < 2 || (nal[0] & 128) != 0)
      return out;
    const unsigned type = codec_ == Codec::h264 ? nal[0] & 31u : nal[0] >> 1 & 63u;
    const bool key = codec_ == Codec::h264 ? type == 5 : type >= 16 && type <= 21;
    key_slices |= key;
    slices |= key || (codec_ == Codec::h264 ? type == 1 : type <= 9);
    std::optional<codecs::Picture> picture;
    if (codec_ == Codec::h264 && type == 7) {
      if (const auto sps = codecs::read_h264_sps (nal))
        picture = sps->picture;
    } else if (codec_ == Codec::h265 && type == 33) {
      if (const auto sps = codecs::read_h265_sps (nal))
        picture = sps->picture;
    }
    if (picture) {
      out.width = picture->width;
      out.height = picture->height;
    }
  }
  out.whole = slices;
  out.key = key_slices;
  return out;
}

/** Section 5.3 and 6.2.1: each with its size, and a frame among them. */
OutputCheck::Seen
OutputCheck::look_at_obus (ByteView frame)
{
  Seen out;
  const auto picture = codecs::read_av1_sequence_header (frame);
  bool frames = false;
  for (auto rest = frame; !rest.empty ();) {
    const unsigned type = rest[0] >> 3 & 15u;
    const std::size_t header = (rest[0] & 4) != 0 ? 2 : 1;
    if ((rest[0] & 0x81) != 0 || (rest[0] & 2) == 0 || rest.size () <= header)
      return out;
    rest = rest.subspan (header);
    const auto size = take_leb128 (rest);
    if (!size || *size > rest.size ())
      return out;
    frames |= type == 3 || type == 6;
    rest = rest.subspan (*size);
  }
  out.whole = frames;
  out.key = picture.has_value ();
  if (picture) {
    out.width = picture->width;
    out.height = picture->height;
  }
  return out;
}

OutputCheck::Seen
OutputCheck::look (ByteView frame) const
{
  const auto of = [] (bool whole, const std::optional<codecs::Picture> &picture) {
    return picture ? Seen{whole, true, picture->width, picture->height} : Seen{whole};
  };
  switch (codec_) {
    case Codec::vp8:
      return of (is_vp8 (frame), codecs::read_vp8_key_frame (frame));
    case Codec::vp9: {
      const auto header = codecs::read_vp9_key_frame (frame);
      return of (!frame.empty () && frame[0] >> 6 == 2,
          header ? std::optional (header->picture) : std::nullopt);
    }
    case Codec::av1:
      return look_at_obus (frame);
    default:
      return look_at_nals (frame);
  }
}

const char *
OutputCheck::fault (GstBuffer *frame)
{
  const auto most = std::max (least_bound, most_bytes_per_pixel * static_cast<std::size_t> (width_)
                                               * static_cast<std::size_t> (height_));
  GstMapInfo map;
  if (!GST_BUFFER_PTS_IS_VALID (frame))
    return "puts out frames without a time";
  if (gst_buffer_get_size (frame) > most || !gst_buffer_map (frame, &map, GST_MAP_READ))
    return "puts out garbage";
  const auto seen = look (ByteView (map.data, map.size));
  gst_buffer_unmap (frame, &map);
  const bool key = !GST_BUFFER_FLAG_IS_SET (frame, GST_BUFFER_FLAG_DELTA_UNIT);
  if (!seen.whole || (key && !(seen.key && seen.width > 0)))
    return "puts out garbage";
  if (width_ > 2 && height_ > 2 && seen.width > 0
      && (seen.width != width_ || seen.height != height_))
    return "puts out pictures of another size";
  if (!key && !begun_)
    return "begins without a key frame";
  begun_ = true;
  return nullptr;
}

} // namespace stagedoor::transcode
