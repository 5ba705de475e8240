// SPDX-License-Identifier: LGPL-2.1-or-later
// Tracks from the setups of codecs, and from frames that have it within.
#include <array>

#include "libs/codecs/audio.hpp"
#include "libs/codecs/av1.hpp"
#include "libs/codecs/nal_setup.hpp"
#include "libs/codecs/sps.hpp"
#include "libs/codecs/vpx.hpp"
#include "libs/hls/cmaf.hpp"
#include "libs/media/h26x.hpp"

namespace stagedoor::hls {
namespace {

using Result = tl::expected<Track, std::string>;

constexpr std::uint32_t video_timescale = 90'000, opus_rate = 48'000;

tl::unexpected<std::string>
fail (std::string text)
{
  return tl::unexpected (std::move (text));
}

Track
video_track (Codec codec, Bytes config, const codecs::Picture &picture)
{
  return {.codec = codec,
      .config = std::move (config),
      .timescale = video_timescale,
      .picture = picture};
}

Track
audio_track (Codec codec, Bytes config, unsigned rate, unsigned channels)
{
  return {.codec = codec,
      .config = std::move (config),
      .timescale = rate,
      .channels = channels,
      .rate = rate};
}

Bytes
copied (ByteView bytes)
{
  return {bytes.begin (), bytes.end ()};
}

Result
read_h264 (ByteView avcc)
{
  const auto setup = codecs::read_avcc (avcc);
  std::optional<codecs::H264Sps> sps;
  bool has_pps = false;
  for (const auto unit : setup ? setup->parameter_sets : std::vector<ByteView>{}) {
    constexpr unsigned pps_type = 8;
    has_pps = has_pps || (unit[0] & 31) == pps_type;
    if (!sps)
      sps = codecs::read_h264_sps (unit);
  }
  if (!sps || !has_pps)
    return fail ("the H.264 setup (avcC) is broken");
  return video_track (Codec::h264, copied (avcc), sps->picture);
}

/** "hvc1" says that all parameter sets are in the record, which is what players get to know. */
Bytes
as_complete (ByteView hvcc)
{
  auto out = copied (hvcc);
  Reader reader (hvcc);
  out[0] = 1; // 0 was written before the standard was ready
  reader.skip (22);
  for (unsigned arrays = reader.u8 (); arrays > 0 && reader.ok (); --arrays) {
    auto &head = out[hvcc.size () - reader.remaining ()];
    head = static_cast<std::uint8_t> (0x80 | (head & 0x3f));
    reader.skip (1);
    for (unsigned units = reader.u16 (); units > 0 && reader.ok (); --units)
      reader.skip (reader.u16 ());
  }
  return out;
}

Result
read_h265 (ByteView hvcc)
{
  const auto setup = codecs::read_hvcc (hvcc);
  std::optional<codecs::H265Sps> sps;
  unsigned kinds = 0; // VPS, SPS, PPS
  for (const auto unit : setup ? setup->parameter_sets : std::vector<ByteView>{}) {
    constexpr unsigned vps_type = 32, pps_type = 34;
    const unsigned type = unit[0] >> 1 & 63;
    if (type >= vps_type && type <= pps_type)
      kinds |= 1u << (type - vps_type);
    if (!sps)
      sps = codecs::read_h265_sps (unit);
  }
  if (!sps || kinds != 7)
    return fail ("the HEVC setup (hvcC) is broken");
  return video_track (Codec::h265, as_complete (hvcc), sps->picture);
}

/** What the sequence header says is believed more than what stands before it. */
Result
read_av1 (ByteView obus)
{
  constexpr std::size_t fixed = 4;
  constexpr unsigned has_size = 2;
  auto config = codecs::write_av1c (obus);
  const auto picture = codecs::read_av1_sequence_header (obus);
  if (!picture || config.size () <= fixed || (config[fixed] & has_size) == 0)
    return fail ("there is no AV1 sequence header, or it is broken");
  return video_track (Codec::av1, std::move (config), *picture);
}

Result
read_av1c (ByteView av1c)
{
  constexpr std::uint8_t version_1 = 0x81;
  if (av1c.size () < 4 || av1c[0] != version_1)
    return fail ("the AV1 setup (av1C) is broken");
  return read_av1 (av1c.subspan (4));
}

/** "VP Codec ISO Media File Format Binding": the smallest level of VP9 that can show 60 frames per
 * second of this size, for no header tells the rate. */
unsigned
vp9_level (const codecs::Picture &picture)
{
  struct Level
  {
    unsigned number;
    std::uint64_t rate, size, side;
  };
  constexpr std::array<Level, 11> levels{{{10, 829440, 36864, 512}, {11, 2764800, 73728, 768},
      {20, 4608000, 122880, 960}, {21, 9216000, 245760, 1344}, {30, 20736000, 552960, 2048},
      {31, 36864000, 983040, 2752}, {40, 83558400, 2228224, 4160}, {41, 160432128, 2228224, 4160},
      {50, 311951360, 8912896, 8384}, {51, 588251136, 8912896, 8384},
      {60, 1176502272, 35651584, 16832}}};
  constexpr std::uint64_t frames = 60;
  constexpr unsigned highest = 62;
  const auto width = static_cast<std::uint64_t> (picture.width);
  const auto height = static_cast<std::uint64_t> (picture.height);
  for (const auto &[number, rate, size, side] : levels)
    if (width * height <= size && width * height * frames <= rate && width <= side
        && height <= side)
      return number;
  return highest;
}

struct Vpcc
{
  unsigned profile = 0, level = 0, depth = 8, chroma = 1;
};

Bytes
write_vpcc (const Vpcc &vpcc, const codecs::Picture &picture)
{
  constexpr auto no = codecs::unspecified_color;
  const auto colors = picture.colors.value_or (codecs::Colors{no, no, no});
  Bytes out;
  Writer writer (out);
  writer.u32 (0x01000000); // version 1
  const auto range = colors.full_range ? 1u : 0u;
  for (const auto value : {vpcc.profile, vpcc.level, vpcc.depth << 4 | vpcc.chroma << 1 | range,
           colors.primaries, colors.transfer, colors.matrix})
    writer.u8 (static_cast<std::uint8_t> (value));
  writer.u16 (0); // no more setup
  return out;
}

Result
read_vp9 (ByteView frame)
{
  const auto header = codecs::read_vp9_key_frame (frame);
  if (!header)
    return fail ("this is no key frame of VP9");
  if (!header->halves_width && header->halves_height)
    return fail ("VP9 with chroma in 4:4:0 has no place in MP4");
  const unsigned chroma = !header->halves_width ? 3 : !header->halves_height ? 2 : 1;
  const Vpcc vpcc{header->profile, vp9_level (header->picture), header->depth, chroma};
  return video_track (Codec::vp9, write_vpcc (vpcc, header->picture), header->picture);
}

Result
read_vp8 (ByteView frame)
{
  const auto picture = codecs::read_vp8_key_frame (frame);
  if (!picture)
    return fail ("this is no key frame of VP8");
  const unsigned version = frame[0] >> 1 & 7;
  return video_track (Codec::vp8, write_vpcc ({.profile = version}, *picture), *picture);
}

Result
read_aac (ByteView config)
{
  const auto setup = codecs::read_aac_setup (config);
  if (!setup)
    return fail ("the AAC setup (AudioSpecificConfig) is broken");
  if (setup->channels == 0)
    return fail ("AAC with this channel layout isn't supported");
  return audio_track (Codec::aac, copied (config), setup->rate, setup->channels);
}

/** OpusSpecificBox, "Encapsulation of Opus in ISO Base Media File Format" section 4.3.2. */
Result
read_opus (ByteView bytes)
{
  const auto head = codecs::read_opus_head (bytes);
  if (!head)
    return fail ("the Opus setup (OpusHead) is broken");
  Bytes config;
  Writer writer (config);
  writer.u8 (0); // version
  writer.u8 (static_cast<std::uint8_t> (head->channels));
  writer.u16 (static_cast<std::uint16_t> (head->pre_skip));
  writer.u32 (head->input_rate);
  writer.u16 (static_cast<std::uint16_t> (head->gain));
  writer.u8 (static_cast<std::uint8_t> (head->mapping_family));
  writer.bytes (head->mapping);
  return audio_track (Codec::opus, std::move (config), opus_rate, head->channels);
}

Result
read_mp3 (ByteView frame)
{
  const auto header = codecs::read_mp3_header (frame);
  if (!header)
    return fail ("this is no frame of MP3");
  return audio_track (Codec::mp3, {}, header->rate, header->channels);
}

Result
read_byte_stream (Codec codec, ByteView unit)
{
  const bool h264 = codec == Codec::h264;
  media::ByteStreamConverter converter (h264 ? media::NalCodec::h264 : media::NalCodec::h265);
  converter.convert (unit);
  if (converter.setup ().empty ())
    return fail ("there are no parameter sets");
  return read_setup (codec, converter.setup ());
}

} // namespace

Result
read_setup (Codec codec, ByteView setup)
{
  if (setup.size () > max_setup)
    return fail ("the codec's setup is larger than " + std::to_string (max_setup) + " bytes");
  switch (codec) {
    case Codec::h264:
      return read_h264 (setup);
    case Codec::h265:
      return read_h265 (setup);
    case Codec::av1:
      return read_av1c (setup);
    case Codec::aac:
      return read_aac (setup);
    case Codec::opus:
      return read_opus (setup);
    default:
      return fail ("this codec has no setup");
  }
}

Result
read_key_frame (Codec codec, ByteView frame)
{
  switch (codec) {
    case Codec::h264:
    case Codec::h265:
      return read_byte_stream (codec, frame);
    case Codec::av1:
      return read_av1 (frame);
    case Codec::vp9:
      return read_vp9 (frame);
    case Codec::vp8:
      return read_vp8 (frame);
    case Codec::mp3:
      return read_mp3 (frame);
    default:
      return fail ("frames of this codec don't tell its setup");
  }
}

} // namespace stagedoor::hls
