// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/codecs/audio.hpp"

#include <algorithm>
#include <array>

#include "libs/codecs/bits.hpp"

namespace stagedoor::codecs {
namespace {

unsigned
read_aac_rate (BitReader &bits)
{
  constexpr unsigned own = 15;
  constexpr std::array<unsigned, 13> rates = {
      96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350};
  const auto index = bits.take (4);
  return index == own ? bits.take (24) : index < rates.size () ? rates[index] : 0;
}

/** Section 5.1.1 of RFC 7845: what the mapping names must be there. */
bool
is_mapping (unsigned family, unsigned channels, ByteView mapping)
{
  constexpr unsigned vorbis = 1, most_of_vorbis = 8, silence = 255;
  if (family == vorbis && channels > most_of_vorbis)
    return false;
  const unsigned streams = mapping[0], coupled = mapping[1];
  return streams > 0 && coupled <= streams && streams + coupled <= silence
         && std::ranges::all_of (mapping.subspan (2),
             [&] (unsigned index) { return index == silence || index < streams + coupled; });
}

} // namespace

std::optional<AacSetup>
read_aac_setup (ByteView config)
{
  constexpr std::array<unsigned, 15> counts = {0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 0, 8};
  constexpr unsigned sbr = 5, ps = 29, escape = 31;
  BitReader bits (config);
  AacSetup out{.object_type = bits.take (5)};
  if (out.object_type == escape)
    out.object_type = 32 + bits.take (6);
  out.rate = read_aac_rate (bits);
  const auto layout = bits.take (4);
  out.channels = layout < counts.size () ? counts[layout] : 0;
  if (out.object_type == sbr || out.object_type == ps)
    out.rate = read_aac_rate (bits);
  if (out.object_type == ps && out.channels == 1)
    out.channels = 2;
  const bool holds = bits.ok () && out.object_type != 0 && out.rate >= 7350 && out.rate <= 96000;
  return holds ? std::optional (out) : std::nullopt;
}

std::optional<Mp3Header>
read_mp3_header (ByteView frame)
{
  constexpr std::array<unsigned, 3> rates = {44100, 48000, 32000};
  constexpr unsigned reserved_version = 1, layer_3 = 1, bad_bitrate = 15, mono = 3;
  BitReader bits (frame);
  const auto sync = bits.take (11), version = bits.take (2), layer = bits.take (2);
  bits.take (1);
  const auto bitrate = bits.take (4), rate = bits.take (2);
  bits.take (2);
  const auto mode = bits.take (2);
  if (!bits.ok () || sync != 0x7ff || version == reserved_version || layer != layer_3
      || bitrate == bad_bitrate || rate >= rates.size ())
    return std::nullopt;
  const unsigned number = version == 3 ? 1 : version == 2 ? 2 : 3;
  return Mp3Header{number, rates[rate] >> (number - 1), mode == mono ? 1u : 2u};
}

std::optional<OpusHead>
read_opus_head (ByteView head)
{
  constexpr unsigned highest_version = 15, most_without_mapping = 2;
  Reader reader (head);
  const auto little_endian = [&reader] (unsigned bytes) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < bytes; ++i)
      value |= std::uint32_t (reader.u8 ()) << (8 * i);
    return value;
  };
  const bool is_head = text (reader.take (8)) == "OpusHead";
  const auto version = reader.u8 ();
  OpusHead out{.channels = reader.u8 ()};
  out.pre_skip = little_endian (2);
  out.input_rate = little_endian (4);
  out.gain = little_endian (2);
  out.mapping_family = reader.u8 ();
  if (out.mapping_family != 0)
    out.mapping = reader.take (2 + out.channels);
  if (!is_head || version > highest_version || !reader.ok () || out.channels == 0)
    return std::nullopt;
  const bool mapped = out.mapping_family == 0
                          ? out.channels <= most_without_mapping
                          : is_mapping (out.mapping_family, out.channels, out.mapping);
  return mapped ? std::optional (out) : std::nullopt;
}

} // namespace stagedoor::codecs
