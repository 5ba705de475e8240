// SPDX-License-Identifier: LGPL-2.1-or-later
// ITU-T H.264 section 7.3.2.1.1; the limits are those of section 7.4.2.1.1.
#include <algorithm>

#include "libs/codecs/nal.hpp"
#include "libs/codecs/sps.hpp"
#include "libs/codecs/vui.hpp"

namespace stagedoor::codecs {
namespace {

bool
has_sample_format (unsigned profile)
{
  constexpr std::array profiles{
      100u, 110u, 122u, 244u, 44u, 83u, 86u, 118u, 128u, 138u, 139u, 134u, 135u};
  return std::ranges::find (profiles, profile) != profiles.end ();
}

/** Section 7.3.2.1.1.1: only to get past them. */
void
skip_scaling_list (BitReader &bits, int size)
{
  std::int64_t last = 8, next = 8;
  for (int i = 0; i < size && bits.ok (); ++i) {
    if (next != 0)
      next = (last + bits.se () % 256 + 256) % 256;
    last = next == 0 ? last : next;
  }
}

/** Tells the crop unit's chroma part, too: planes that are coded apart have none. */
SampleFormat
read_sample_format (BitReader &bits, bool &separate_planes)
{
  constexpr unsigned most_extra_depth = 6;
  SampleFormat out;
  out.chroma = bits.ue (3);
  separate_planes = out.chroma == 3 && bits.flag ();
  out.luma_depth = 8 + bits.ue (most_extra_depth);
  out.chroma_depth = 8 + bits.ue (most_extra_depth);
  bits.skip (1); // lossless transform bypass
  if (bits.flag ())
    for (int i = 0; i < (out.chroma == 3 ? 12 : 8); ++i)
      if (bits.flag ())
        skip_scaling_list (bits, i < 6 ? 16 : 64);
  return out;
}

/** True when pictures are shown in the order of decoding (section 8.2.1.3). */
bool
read_picture_order (BitReader &bits)
{
  const auto type = bits.ue (2);
  if (type == 0)
    bits.ue (12);
  if (type != 1)
    return type == 2;
  bits.skip (1);
  bits.ue ();
  bits.ue ();
  for (auto count = bits.ue (255); count > 0; --count)
    bits.ue ();
  return false;
}

/** Section E.1.2. */
void
skip_hrd (BitReader &bits)
{
  const auto buffers = bits.ue (31) + 1;
  bits.skip (8);
  for (unsigned i = 0; i < buffers; ++i) {
    bits.ue ();
    bits.ue ();
    bits.skip (1);
  }
  bits.skip (20);
}

/** max_num_reorder_frames, from behind the timing. */
std::optional<unsigned>
read_vui_reordered (BitReader &bits, bool has_timing)
{
  constexpr unsigned most_frames = 16;
  if (has_timing)
    bits.skip (1);
  const bool nal_hrd = bits.flag ();
  if (nal_hrd)
    skip_hrd (bits);
  const bool vcl_hrd = bits.flag ();
  if (vcl_hrd)
    skip_hrd (bits);
  bits.skip (nal_hrd || vcl_hrd ? 2 : 1);
  if (!bits.flag ())
    return std::nullopt;
  bits.skip (1);
  for (int i = 0; i < 4; ++i)
    bits.ue (); // sizes, motion vectors
  const auto frames = bits.ue (most_frames);
  return bits.ok () ? std::optional<unsigned> (frames) : std::nullopt;
}

std::optional<Picture>
read_picture (BitReader &bits, unsigned chroma, std::uint64_t &coded_pixels)
{
  constexpr unsigned macroblock = 16, most_macroblocks = max_side / macroblock;
  const auto width = bits.ue (most_macroblocks - 1) + 1;
  const auto map_units = bits.ue (most_macroblocks - 1) + 1;
  const bool frames_only = bits.flag ();
  if (!frames_only)
    bits.skip (1);
  bits.skip (1); // direct_8x8_inference
  const unsigned fields = frames_only ? 1 : 2;
  Cropping crop;
  if (bits.flag ())
    crop = {bits.ue (), bits.ue (), bits.ue (), bits.ue ()};
  if (!bits.ok ())
    return std::nullopt;
  const CropUnit unit{chroma == 1 || chroma == 2 ? 2u : 1u, (chroma == 1 ? 2 : 1) * fields};
  const std::uint64_t coded_width = width * macroblock;
  const std::uint64_t coded_height = map_units * fields * macroblock;
  coded_pixels = coded_width * coded_height;
  return make_picture (coded_width, coded_height, crop, unit);
}

} // namespace

std::optional<H264Sps>
read_h264_sps (ByteView nal)
{
  constexpr unsigned sps_type = 7, ticks_per_frame = 2; // one per field
  const auto plain = unescape (nal);
  BitReader bits (plain);
  const bool forbidden = bits.flag ();
  bits.skip (2);
  if (forbidden || bits.take (5) != sps_type)
    return std::nullopt;
  const auto profile = bits.take (8);
  bits.skip (16); // constraints, level
  bits.ue (31);   // id
  H264Sps out;
  bool separate_planes = false;
  if (has_sample_format (profile))
    out.samples = read_sample_format (bits, separate_planes);
  bits.ue (12); // frame number
  const bool in_order = read_picture_order (bits);
  bits.ue (16); // reference frames
  bits.skip (1);
  const auto picture =
      read_picture (bits, separate_planes ? 0 : out.samples.chroma, out.coded_pixels);
  const bool has_vui = bits.flag ();
  if (!picture || !bits.ok ())
    return std::nullopt;
  out.picture = *picture;
  if (has_vui) {
    read_vui_looks (bits, out.picture);
    const auto timing = read_vui_timing (bits, ticks_per_frame);
    out.picture.frame_rate = timing.frame_rate;
    out.reordered = read_vui_reordered (bits, timing.present);
  }
  if (in_order)
    out.reordered = 0;
  return out;
}

} // namespace stagedoor::codecs
