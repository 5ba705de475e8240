// SPDX-License-Identifier: LGPL-2.1-or-later
// ISO/IEC 14496-12 sections 8.5.2 and 12, 14496-14 section 6.7, 14496-15 sections 5.4 and 8.4, and
// the bindings of AV1, VP9 and Opus.
#include "libs/hls/sample_entry.hpp"

#include <limits>

#include "libs/hls/boxes.hpp"

namespace stagedoor::hls {
namespace {

struct Names
{
  std::string_view entry, config;
};

/** HEVC with all its parameter sets in the entry: Safari plays no other (hev1). */
Names
names_of (Codec codec)
{
  switch (codec) {
    case Codec::h264:
      return {"avc1", "avcC"};
    case Codec::h265:
      return {"hvc1", "hvcC"};
    case Codec::av1:
      return {"av01", "av1C"};
    case Codec::vp8:
      return {"vp08", "vpcC"};
    case Codec::vp9:
      return {"vp09", "vpcC"};
    case Codec::opus:
      return {"Opus", "dOps"};
    case Codec::aac:
    case Codec::mp3:
      break;
  }
  return {"mp4a", "esds"};
}

/** The beginning of all entries. */
void
write_reference (Bytes &out)
{
  write_zeros (out, 6);
  Writer (out).u16 (1); // the data is in this file
}

void
write_colors (const codecs::Colors &colors, Bytes &out)
{
  const Box colr (out, "colr");
  Writer writer (out);
  writer.bytes ("nclx");
  for (const auto code : {colors.primaries, colors.transfer, colors.matrix})
    writer.u16 (static_cast<std::uint16_t> (code));
  writer.u8 (colors.full_range ? 0x80 : 0);
}

void
write_video (const Track &track, Bytes &out)
{
  const auto &picture = track.picture;
  Writer writer (out);
  write_zeros (out, 16);
  writer.u16 (static_cast<std::uint16_t> (picture.width));
  writer.u16 (static_cast<std::uint16_t> (picture.height));
  writer.u32 (72 << 16); // pixels per inch, across
  writer.u32 (72 << 16); // and down
  writer.u32 (0);
  writer.u16 (1);        // frame per sample
  write_zeros (out, 32); // the compressor's name
  writer.u16 (24);       // without alpha
  writer.u16 (0xffff);
  {
    const Box config (out, names_of (track.codec).config);
    writer.bytes (track.config);
  }
  if (picture.colors)
    write_colors (*picture.colors, out);
  if (picture.pixel_aspect) {
    const Box pasp (out, "pasp");
    writer.u32 (static_cast<std::uint32_t> (picture.pixel_aspect->num));
    writer.u32 (static_cast<std::uint32_t> (picture.pixel_aspect->den));
  }
}

/** A descriptor of ISO/IEC 14496-1 section 8.3.3 has its size in front. */
void
write_descriptor_head (unsigned tag, std::size_t size, Bytes &out)
{
  Writer writer (out);
  writer.u8 (static_cast<std::uint8_t> (tag));
  for (int shift = 21; shift > 0; shift -= 7)
    writer.u8 (static_cast<std::uint8_t> (0x80 | (size >> shift & 0x7f)));
  writer.u8 (static_cast<std::uint8_t> (size & 0x7f));
}

/** ISO/IEC 14496-1 section 7.2.6. Bit rates and the buffer are not told. */
void
write_esds (const Track &track, Bytes &out)
{
  constexpr std::size_t head = 5, decoder = 13;
  constexpr unsigned es = 3, decoder_config = 4, specific_info = 5, sync_config = 6;
  const auto specific = track.config.empty () ? 0 : head + track.config.size ();
  const Box esds (out, "esds", 0, 0);
  Writer writer (out);
  write_descriptor_head (es, 3 + head + decoder + specific + head + 1, out);
  writer.u24 (0); // no id, no flags
  write_descriptor_head (decoder_config, decoder + specific, out);
  writer.u8 (track.codec == Codec::mp3 ? mp3_object_type (track.rate) : 0x40);
  writer.u8 (0x15); // an audio stream
  write_zeros (out, 11);
  if (specific > 0) {
    write_descriptor_head (specific_info, track.config.size (), out);
    writer.bytes (track.config);
  }
  write_descriptor_head (sync_config, 1, out);
  writer.u8 (2); // as files in MP4 have it
}

/** A rate that 16 bits don't hold is left to the codec's own setup. */
void
write_audio (const Track &track, Bytes &out)
{
  constexpr unsigned most = std::numeric_limits<std::uint16_t>::max ();
  Writer writer (out);
  write_zeros (out, 8);
  writer.u16 (static_cast<std::uint16_t> (track.channels));
  writer.u16 (16); // bits per sample
  writer.u32 (0);
  writer.u32 (track.rate <= most ? track.rate << 16 : 0);
  if (track.codec != Codec::opus) {
    write_esds (track, out);
    return;
  }
  const Box config (out, names_of (track.codec).config);
  writer.bytes (track.config);
}

} // namespace

void
write_sample_entry (const Track &track, Bytes &out)
{
  const Box entry (out, names_of (track.codec).entry);
  write_reference (out);
  if (is_video (track.codec))
    write_video (track, out);
  else
    write_audio (track, out);
}

} // namespace stagedoor::hls
