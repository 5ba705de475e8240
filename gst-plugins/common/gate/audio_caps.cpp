// SPDX-License-Identifier: LGPL-2.1-or-later
// Caps of AAC, MP3, Opus, AC-3 and FLAC.
#include "gst-plugins/common/gate/codec_caps.hpp"

#include <array>

#include <gst/pbutils/pbutils.h>

#include "libs/codecs/audio.hpp"
#include "libs/codecs/bits.hpp"

namespace stagedoor::gate {
namespace {

using codecs::BitReader;

Ref<GstBuffer>
copied (ByteView bytes)
{
  return adopt (gst_buffer_new_memdup (bytes.data (), bytes.size ()));
}

void
set_format (GstCaps *caps, unsigned rate, unsigned channels)
{
  gst_caps_set_simple (caps, "rate", G_TYPE_INT, static_cast<int> (rate), "channels", G_TYPE_INT,
      static_cast<int> (channels), nullptr);
}

/** AudioSpecificConfig. */
tl::expected<Ref<GstCaps>, std::string>
aac_setup (ByteView config)
{
  const auto setup = codecs::read_aac_setup (config);
  if (!setup)
    return tl::unexpected (std::string ("the AAC setup (AudioSpecificConfig) is broken"));
  if (setup->channels == 0)
    return tl::unexpected (std::string ("AAC with this channel layout isn't supported"));
  auto caps = adopt (gst_caps_new_simple ("audio/mpeg", "mpegversion", G_TYPE_INT, 4,
      "stream-format", G_TYPE_STRING, "raw", "framed", G_TYPE_BOOLEAN, TRUE, nullptr));
  set_format (caps.get (), setup->rate, setup->channels);
  gst_codec_utils_aac_caps_set_level_and_profile (caps.get (), config.data (), config.size ());
  gst_caps_set_simple (caps.get (), "codec_data", GST_TYPE_BUFFER, copied (config).get (), nullptr);
  return caps;
}

/** OpusHead, RFC 7845 section 5.1. */
tl::expected<Ref<GstCaps>, std::string>
opus_setup (ByteView head)
{
  const auto fail = tl::unexpected (std::string ("the Opus setup (OpusHead) is broken"));
  constexpr std::size_t with_mapping = 21;
  if (head.size () < 19 || text (head.first (8)) != "OpusHead" || head[9] == 0
      || (head[18] != 0 && head.size () < with_mapping + head[9]))
    return fail;
  auto caps = adopt (gst_codec_utils_opus_create_caps_from_header (copied (head).get (), nullptr));
  if (!caps)
    return fail;
  return caps;
}

/** "fLaC" and STREAMINFO (RFC 9639 section 8.2); what follows is of no use to a decoder. Caps want
 * the headers as FLAC in Ogg has them. */
tl::expected<Ref<GstCaps>, std::string>
flac_setup (ByteView config)
{
  constexpr std::size_t info_size = 34, block_header = 4;
  const auto fail = tl::unexpected (std::string ("the FLAC setup (STREAMINFO) is broken"));
  if (config.size () >= 4 && text (config.first (4)) == "fLaC")
    config = config.subspan (4);
  if (config.size () < block_header + info_size || (config[0] & 0x7f) != 0
      || Reader (config.subspan (1)).u24 () != info_size)
    return fail;
  const auto info = config.subspan (block_header, info_size);
  BitReader bits (info.subspan (10));
  const auto rate = bits.take (20), channels = bits.take (3) + 1;
  if (rate == 0)
    return fail;
  Bytes first;
  Writer writer (first);
  writer.bytes ("\x7f"
                "FLAC");
  writer.u32 (0x01000001); // version 1.0, one more header
  writer.bytes ("fLaC");
  writer.u32 (info_size);
  writer.bytes (info);
  constexpr std::array<std::uint8_t, 12> no_comments = {0x84, 0, 0, 8};
  GValue headers = G_VALUE_INIT;
  g_value_init (&headers, GST_TYPE_ARRAY);
  for (const ByteView part : {ByteView (first), ByteView (no_comments)}) {
    GValue value = G_VALUE_INIT;
    g_value_init (&value, GST_TYPE_BUFFER);
    gst_value_take_buffer (&value, copied (part).release ());
    gst_value_array_append_and_take_value (&headers, &value);
  }
  auto caps = adopt (gst_caps_new_simple ("audio/x-flac", "framed", G_TYPE_BOOLEAN, TRUE, nullptr));
  set_format (caps.get (), rate, channels);
  gst_caps_set_value (caps.get (), "streamheader", &headers);
  g_value_unset (&headers);
  return caps;
}

Ref<GstCaps>
mp3_caps (ByteView frame)
{
  const auto header = codecs::read_mp3_header (frame);
  if (!header)
    return nullptr;
  auto caps = adopt (gst_caps_new_simple ("audio/mpeg", "mpegversion", G_TYPE_INT, 1,
      "mpegaudioversion", G_TYPE_INT, static_cast<int> (header->version), "layer", G_TYPE_INT, 3,
      "parsed", G_TYPE_BOOLEAN, TRUE, nullptr));
  set_format (caps.get (), header->rate, header->channels);
  return caps;
}

/** syncinfo and bsi, ATSC A/52 sections 5.3.1 and 5.3.2. */
Ref<GstCaps>
ac3_caps (ByteView frame)
{
  constexpr std::array<unsigned, 3> rates = {48000, 44100, 32000};
  constexpr std::array<unsigned, 8> counts = {2, 1, 2, 3, 3, 4, 4, 5};
  BitReader bits (frame);
  const auto sync = bits.take (16);
  bits.take (16);
  const auto rate = bits.take (2), size = bits.take (6), version = bits.take (5);
  bits.take (3);
  const auto mode = bits.take (3);
  if ((mode & 1) != 0 && mode != 1)
    bits.take (2);
  if ((mode & 4) != 0)
    bits.take (2);
  if (mode == 2)
    bits.take (2);
  const auto lfe = bits.take (1);
  if (!bits.ok () || sync != 0x0b77 || rate >= rates.size () || size > 37 || version > 8)
    return nullptr;
  auto caps = adopt (gst_caps_new_simple (
      "audio/x-ac3", "framed", G_TYPE_BOOLEAN, TRUE, "alignment", G_TYPE_STRING, "frame", nullptr));
  set_format (caps.get (), rates[rate], counts[mode] + lfe);
  return caps;
}

} // namespace

tl::expected<Ref<GstCaps>, std::string>
audio_setup (rtmp::AudioCodec codec, ByteView config)
{
  switch (codec) {
    case rtmp::AudioCodec::aac:
      return aac_setup (config);
    case rtmp::AudioCodec::opus:
      return opus_setup (config);
    case rtmp::AudioCodec::flac:
      return flac_setup (config);
    default:
      return tl::unexpected (std::string ("this audio codec has no setup"));
  }
}

bool
describes_itself (rtmp::AudioCodec codec)
{
  return codec == rtmp::AudioCodec::mp3 || codec == rtmp::AudioCodec::ac3;
}

Ref<GstCaps>
caps_of_frame (rtmp::AudioCodec codec, ByteView frame)
{
  return codec == rtmp::AudioCodec::mp3 ? mp3_caps (frame) : ac3_caps (frame);
}

} // namespace stagedoor::gate
