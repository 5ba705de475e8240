// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/hls/frame_reader.hpp"

#include <algorithm>
#include <array>

#include <gst/pbutils/codec-utils.h>

#include "gst-plugins/common/ref.hpp"
#include "libs/codecs/audio.hpp"
#include "libs/codecs/bits.hpp"
#include "libs/codecs/opus_packet.hpp"

namespace stagedoor::hlssink {
namespace {

using hls::Codec;

Bytes
bytes_of (GstBuffer *buffer)
{
  Bytes out (gst_buffer_get_size (buffer));
  if (!out.empty ())
    gst_buffer_extract (buffer, 0, out.data (), out.size ());
  return out;
}

Bytes
codec_data_of (const GstStructure *fields)
{
  const GValue *value = gst_structure_get_value (fields, "codec_data");
  return value != nullptr && GST_VALUE_HOLDS_BUFFER (value)
             ? bytes_of (gst_value_get_buffer (value))
             : Bytes ();
}

/** OpusHead, as the caps have it or as they describe it. */
Bytes
opus_head_of (const GstCaps *caps)
{
  const GValue *headers =
      gst_structure_get_value (gst_caps_get_structure (caps, 0), "streamheader");
  if (headers != nullptr && GST_VALUE_HOLDS_ARRAY (headers)
      && gst_value_array_get_size (headers) > 0) {
    const GValue *first = gst_value_array_get_value (headers, 0);
    if (GST_VALUE_HOLDS_BUFFER (first))
      return bytes_of (gst_value_get_buffer (first));
  }
  guint32 rate;
  guint8 channels, family, streams, coupled, mapping[256];
  auto *borrowed = const_cast<GstCaps *> (caps);
  if (!gst_codec_utils_opus_parse_caps (
          borrowed, &rate, &channels, &family, &streams, &coupled, mapping))
    return {};
  const auto header = adopt (
      gst_codec_utils_opus_create_header (rate, channels, family, streams, coupled, mapping, 0, 0));
  return header ? bytes_of (header.get ()) : Bytes ();
}

std::optional<Codec>
codec_of (const GstStructure *fields)
{
  constexpr struct
  {
    const char *media_type;
    Codec codec;
  } known[]{{"video/x-h264", Codec::h264}, {"video/x-h265", Codec::h265},
      {"video/x-av1", Codec::av1}, {"video/x-vp9", Codec::vp9}, {"audio/x-opus", Codec::opus}};
  for (const auto &[media_type, codec] : known)
    if (gst_structure_has_name (fields, media_type))
      return codec;
  if (!gst_structure_has_name (fields, "audio/mpeg"))
    return std::nullopt;
  int version = 0;
  gst_structure_get_int (fields, "mpegversion", &version);
  return version == 4 ? std::optional (Codec::aac) : std::nullopt;
}

bool
is_byte_stream (const GstStructure *fields)
{
  return g_strcmp0 (gst_structure_get_string (fields, "stream-format"), "byte-stream") == 0;
}

/** Of each frame: by the frameLengthFlag of plain AAC (ISO/IEC 14496-3 section 4.4.1), twice as
 * many where spectral band replication doubles the rate; 0: it doesn't say. */
int
aac_samples (ByteView config)
{
  const auto setup = codecs::read_aac_setup (config);
  constexpr unsigned lc = 2, sbr = 5, ps = 29, own_rate = 15;
  if (!setup || (setup->object_type != lc && setup->object_type != sbr && setup->object_type != ps))
    return 0;
  if (setup->object_type != lc)
    return 2048;
  codecs::BitReader bits (config);
  bits.skip (5);
  if (bits.take (4) == own_rate)
    bits.skip (24);
  bits.skip (4);
  return bits.flag () ? 960 : 1024;
}

media::NalCodec
nal_codec (Codec codec)
{
  return codec == Codec::h264 ? media::NalCodec::h264 : media::NalCodec::h265;
}

} // namespace

tl::expected<FrameReader, std::string>
FrameReader::open (const GstCaps *caps)
{
  const auto *fields = gst_caps_get_structure (caps, 0);
  const auto codec = codec_of (fields);
  if (!codec)
    return tl::unexpected (std::string ("HLS can't carry ") + gst_structure_get_name (fields));
  const auto setup = *codec == Codec::opus ? opus_head_of (caps) : codec_data_of (fields);
  const bool nals = *codec == Codec::h264 || *codec == Codec::h265;
  const bool self = *codec == Codec::vp9 || (*codec == Codec::av1 && setup.empty ());
  FrameReader out (*codec, nals && is_byte_stream (fields) ? Form::byte_stream
                           : self                          ? Form::describes_itself
                                                           : Form::as_is);
  out.read_fields (fields);
  if (out.form_ == Form::byte_stream) {
    out.converter_.emplace (nal_codec (*codec));
    return out;
  }
  if (out.form_ == Form::as_is) {
    auto track = hls::read_setup (*codec, setup);
    if (!track)
      return tl::unexpected (track.error ());
    out.take_setup (std::move (track));
  }
  return out;
}

void
FrameReader::read_fields (const GstStructure *fields)
{
  const auto ratio = [fields] (const char *name) -> std::optional<codecs::Ratio> {
    int num = 0, den = 0;
    if (!gst_structure_get_fraction (fields, name, &num, &den) || num <= 0 || den <= 0)
      return std::nullopt;
    return codecs::make_ratio (static_cast<std::uint64_t> (num), static_cast<std::uint64_t> (den));
  };
  frame_rate_ = ratio ("framerate");
  pixel_aspect_ = ratio ("pixel-aspect-ratio");
}

bool
FrameReader::take_setup (tl::expected<hls::Track, std::string> track)
{
  if (!track)
    return false;
  if (frame_rate_)
    track->picture.frame_rate = frame_rate_;
  // What the stream itself says is what decoders go by; 1/1 is what caps have for nothing.
  if (!track->picture.pixel_aspect && pixel_aspect_ != codecs::Ratio{1, 1})
    track->picture.pixel_aspect = pixel_aspect_;
  if (track_ == nullptr || !(*track_ == *track))
    track_ = std::make_shared<const hls::Track> (std::move (*track));
  return true;
}

bool
FrameReader::convert (ByteView frame, bool key, Bytes &out)
{
  const auto unit = converter_->convert (frame);
  if (unit.setup_changed || (key && track_ == nullptr))
    take_setup (hls::read_setup (codec_, converter_->setup ()));
  out.insert (out.end (), unit.data.begin (), unit.data.end ());
  return track_ != nullptr && !unit.data.empty ();
}

bool
FrameReader::read (ByteView frame, bool key, Bytes &out)
{
  if (form_ == Form::byte_stream)
    return convert (frame, key, out);
  if (form_ == Form::describes_itself && key)
    take_setup (hls::read_key_frame (codec_, frame));
  if (codec_ == Codec::h264 || codec_ == Codec::h265)
    return hls::append_units (*track_, frame, out);
  if (codec_ == Codec::opus && codecs::is_opus_header (frame))
    return false;
  constexpr std::array<std::uint8_t, 2> delimiter{0x12, 0}; // AV1's has no place in MP4
  if (codec_ == Codec::av1 && frame.size () >= 2
      && std::equal (delimiter.begin (), delimiter.end (), frame.begin ()))
    frame = frame.subspan (delimiter.size ());
  out.insert (out.end (), frame.begin (), frame.end ());
  return track_ != nullptr && !frame.empty ();
}

int
FrameReader::duration (ByteView frame) const
{
  switch (codec_) {
    case Codec::opus:
      return codecs::opus_samples (frame);
    case Codec::aac:
      return aac_samples (track_->config);
    default:
      return 0;
  }
}

hls::Duration
FrameReader::frame_duration () const
{
  constexpr std::int64_t second = 1'000'000'000;
  const auto rate = track_ != nullptr ? track_->picture.frame_rate : frame_rate_;
  return hls::Duration (rate ? second * rate->den / rate->num : 0);
}

} // namespace stagedoor::hlssink
