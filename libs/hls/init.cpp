// SPDX-License-Identifier: LGPL-2.1-or-later
// Initialization segments: ISO/IEC 14496-12 section 8, ISO/IEC 23000-19 section 7.3.1.
#include <limits>

#include "libs/hls/boxes.hpp"
#include "libs/hls/sample_entry.hpp"

namespace stagedoor::hls {
namespace {

constexpr std::uint32_t one = 1 << 16; ///< fixed point

void
write_matrix (Bytes &out)
{
  Writer writer (out);
  for (const auto value : {one, 0u, 0u, 0u, one, 0u, 0u, 0u, 1u << 30})
    writer.u32 (value);
}

void
write_mvhd (const Track &track, Bytes &out)
{
  const Box mvhd (out, "mvhd", 0, 0);
  Writer writer (out);
  write_zeros (out, 8); // times of creation and change: we have no clock
  writer.u32 (track.timescale);
  writer.u32 (0); // all of the duration is in chunks
  writer.u32 (one);
  writer.u16 (0x0100); // volume
  write_zeros (out, 10);
  write_matrix (out);
  write_zeros (out, 24);
  writer.u32 (track_id + 1);
}

struct Shown
{
  std::uint32_t width, height; // fixed point
};

/** With square pixels. An aspect beyond what can be written is left to the player. */
Shown
shown_size (const codecs::Picture &picture)
{
  const auto width = static_cast<std::uint64_t> (picture.width) << 16;
  const auto height = static_cast<std::uint32_t> (picture.height) << 16;
  const auto aspect = picture.pixel_aspect.value_or (codecs::Ratio{1, 1});
  const auto num = static_cast<std::uint64_t> (aspect.num);
  const auto den = static_cast<std::uint64_t> (aspect.den);
  const auto across = width * num / den; // 32 and 31 bits
  const bool fits = across > 0 && across <= std::numeric_limits<std::uint32_t>::max ();
  return {static_cast<std::uint32_t> (fits ? across : width), height};
}

void
write_tkhd (const Track &track, Bytes &out)
{
  const Box tkhd (out, "tkhd", 0, 7); // enabled, in the movie, in previews
  Writer writer (out);
  write_zeros (out, 8);
  writer.u32 (track_id);
  write_zeros (out, 4 + 4 + 8 + 4); // duration; layer, group
  writer.u16 (is_video (track.codec) ? 0 : 0x0100);
  writer.u16 (0);
  write_matrix (out);
  const auto shown = is_video (track.codec) ? shown_size (track.picture) : Shown{};
  writer.u32 (shown.width);
  writer.u32 (shown.height);
}

void
write_mdhd_and_hdlr (const Track &track, Bytes &out)
{
  constexpr std::uint16_t undetermined = ('u' - 0x60) << 10 | ('n' - 0x60) << 5 | ('d' - 0x60);
  Writer writer (out);
  {
    const Box mdhd (out, "mdhd", 0, 0);
    write_zeros (out, 8);
    writer.u32 (track.timescale);
    writer.u32 (0);
    writer.u16 (undetermined);
    writer.u16 (0);
  }
  const Box hdlr (out, "hdlr", 0, 0);
  writer.u32 (0);
  writer.bytes (is_video (track.codec) ? "vide" : "soun");
  write_zeros (out, 12);
  writer.u8 (0); // a name for humans
}

void
write_dinf (Bytes &out)
{
  const Box dinf (out, "dinf");
  const Box dref (out, "dref", 0, 0);
  Writer (out).u32 (1);
  const Box in_this_file (out, "url ", 0, 1);
}

void
write_stbl (const Track &track, Bytes &out)
{
  const Box stbl (out, "stbl");
  Writer writer (out);
  {
    const Box stsd (out, "stsd", 0, 0);
    writer.u32 (1);
    write_sample_entry (track, out);
  }
  for (const std::string_view empty : {"stts", "stsc"}) {
    const Box box (out, empty, 0, 0);
    writer.u32 (0);
  }
  {
    const Box stsz (out, "stsz", 0, 0);
    write_zeros (out, 8);
  }
  const Box stco (out, "stco", 0, 0);
  writer.u32 (0);
}

void
write_trak (const Track &track, Bytes &out)
{
  const Box trak (out, "trak");
  write_tkhd (track, out);
  const Box mdia (out, "mdia");
  write_mdhd_and_hdlr (track, out);
  const Box minf (out, "minf");
  if (is_video (track.codec)) {
    const Box vmhd (out, "vmhd", 0, 1);
    write_zeros (out, 8);
  } else {
    const Box smhd (out, "smhd", 0, 0);
    write_zeros (out, 4);
  }
  write_dinf (out);
  write_stbl (track, out);
}

/** The defaults are those of each chunk: brand cmf2 wants none here. */
void
write_mvex (Bytes &out)
{
  const Box mvex (out, "mvex");
  const Box trex (out, "trex", 0, 0);
  Writer writer (out);
  writer.u32 (track_id);
  writer.u32 (1); // the sample entry
  write_zeros (out, 12);
}

void
write_moov (const Track &track, Bytes &out)
{
  const Box moov (out, "moov");
  write_mvhd (track, out);
  write_trak (track, out);
  write_mvex (out);
}

/** What is wrong with it; empty when nothing is. */
std::string
complaint (const Track &track)
{
  constexpr int most = std::numeric_limits<std::uint16_t>::max ();
  const auto &picture = track.picture;
  if (track.timescale == 0)
    return "the timescale is 0";
  if (track.config.size () > max_setup)
    return "the codec's setup is larger than " + std::to_string (max_setup) + " bytes";
  if (track.config.empty () != (track.codec == Codec::mp3))
    return "the codec's setup is missing, or is one that MP3 doesn't have";
  if (!is_video (track.codec))
    return track.rate == 0 || track.channels == 0 || track.channels > 255
               ? "rate or number of channels is missing"
               : "";
  if (picture.width < 1 || picture.height < 1 || picture.width > most || picture.height > most)
    return "a side of the picture isn't within 1 and " + std::to_string (most);
  if (picture.pixel_aspect && (picture.pixel_aspect->num < 1 || picture.pixel_aspect->den < 1))
    return "the pixel aspect isn't positive";
  return {};
}

} // namespace

tl::expected<Bytes, std::string>
init_segment (const Track &track)
{
  if (auto text = complaint (track); !text.empty ())
    return tl::unexpected (std::move (text));
  Bytes out;
  if (track.codec == Codec::av1) // its binding wants its brand
    write_brands (out, "ftyp", "iso6", {"iso6", "cmfc", "cmf2", "av01"});
  else
    write_brands (out, "ftyp", "iso6", {"iso6", "cmfc", "cmf2"});
  write_moov (track, out);
  return out;
}

} // namespace stagedoor::hls
