// SPDX-License-Identifier: LGPL-2.1-or-later
// ITU-T H.264 and H.265 annexes B, and ISO/IEC 14496-15 sections 5.3.3.1 and 8.3.3.1.
#include "libs/media/h26x.hpp"

#include <algorithm>

#include "libs/media/bits.hpp"

namespace stagedoor::media {
namespace {

/** More than encoders make; what exceeds it is left out. */
constexpr std::size_t max_sets = 16;
constexpr std::size_t max_set_size = 1024;

std::size_t
header_size (NalCodec codec)
{
  return codec == NalCodec::h264 ? 1 : 2;
}

/** Without emulation prevention, ITU-T H.264 section 7.4.1. */
Bytes
unescape (ByteView nal)
{
  Bytes out;
  out.reserve (nal.size ());
  int zeros = 0;
  for (const auto byte : nal) {
    if (zeros >= 2 && byte == 3) {
      zeros = 0;
      continue;
    }
    zeros = byte == 0 ? zeros + 1 : 0;
    out.push_back (byte);
  }
  return out;
}

struct SampleFormat
{
  std::uint32_t chroma = 1, luma_depth = 0, chroma_depth = 0; // depths minus 8
};

bool
is_sound (const SampleFormat &format)
{
  return format.chroma <= 3 && format.luma_depth <= 8 && format.chroma_depth <= 8;
}

bool
has_sample_format (unsigned profile)
{
  constexpr std::array<unsigned, 4> high = {100, 110, 122, 144};
  return std::ranges::find (high, profile) != high.end ();
}

/** Of an H.264 SPS of a high profile, section 7.3.2.1.1. */
std::optional<SampleFormat>
h264_format (ByteView sps)
{
  const auto plain = unescape (sps);
  BitReader bits (plain);
  bits.skip (32);
  bits.ue ();
  SampleFormat out;
  out.chroma = bits.ue ();
  if (out.chroma == 3)
    bits.skip (1);
  out.luma_depth = bits.ue ();
  out.chroma_depth = bits.ue ();
  return bits.ok () && is_sound (out) ? std::optional (out) : std::nullopt;
}

/** Whether an SEI unit says that decoding can begin here (annex D.2.8); open groups of pictures
 * have no other mark. */
bool
is_exact_recovery_point (ByteView sei)
{
  constexpr std::size_t recovery_point = 6;
  const auto plain = unescape (sei.subspan (1));
  Reader reader (plain);
  const auto number = [&reader] {
    std::size_t sum = 0;
    std::uint8_t byte = 0xff;
    while (reader.ok () && byte == 0xff)
      sum += byte = reader.u8 ();
    return sum;
  };
  while (reader.remaining () > 2) {
    const auto type = number ();
    const auto payload = reader.take (number ());
    if (type == recovery_point && reader.ok ())
      return BitReader (payload).ue () == 0;
  }
  return false;
}

struct HevcSps
{
  Bytes profile_tier_level; // 12 bytes
  unsigned sub_layers = 1;
  bool nested = false;
  SampleFormat format;
};

/** profile_tier_level () of the sub-layers, ITU-T H.265 section 7.3.3. */
void
skip_sub_layers (BitReader &bits, unsigned max_sub_layers_minus1)
{
  constexpr std::size_t profile_bits = 88, level_bits = 8;
  std::size_t total = 0;
  for (unsigned i = 0; i < max_sub_layers_minus1; ++i) {
    total += bits.take (1) * profile_bits;
    total += bits.take (1) * level_bits;
  }
  if (max_sub_layers_minus1 > 0)
    bits.skip (2 * (8 - max_sub_layers_minus1));
  bits.skip (total);
}

/** Section 7.3.2.2.1. */
std::optional<HevcSps>
read_hevc_sps (ByteView sps)
{
  constexpr std::size_t general = 12, before = 3;
  const auto plain = unescape (sps);
  if (plain.size () < before + general)
    return std::nullopt;
  HevcSps out;
  BitReader bits (plain);
  bits.skip (16 + 4);
  const auto minus1 = bits.take (3);
  out.sub_layers = minus1 + 1;
  out.nested = bits.take (1) != 0;
  out.profile_tier_level.assign (plain.begin () + before, plain.begin () + before + general);
  bits.skip (general * 8);
  skip_sub_layers (bits, minus1);
  bits.ue ();
  out.format.chroma = bits.ue ();
  if (out.format.chroma == 3)
    bits.skip (1);
  bits.ue ();
  bits.ue ();
  if (bits.take (1) != 0)
    for (int i = 0; i < 4; ++i)
      bits.ue ();
  out.format.luma_depth = bits.ue ();
  out.format.chroma_depth = bits.ue ();
  return bits.ok () && is_sound (out.format) ? std::optional (out) : std::nullopt;
}

} // namespace

std::vector<ByteView>
split_byte_stream (ByteView bytes)
{
  std::vector<ByteView> out;
  std::size_t begin = bytes.size (); // of the current unit
  const auto finish = [&] (std::size_t end) {
    while (end > begin && bytes[end - 1] == 0)
      --end;
    if (begin < end)
      out.push_back (bytes.subspan (begin, end - begin));
  };
  for (std::size_t i = 0; i + 3 <= bytes.size ();) {
    if (bytes[i + 2] > 1)
      i += 3;
    else if (bytes[i] == 0 && bytes[i + 1] == 0 && bytes[i + 2] == 1) {
      finish (i);
      begin = i += 3;
    } else
      ++i;
  }
  finish (bytes.size ());
  return out;
}

unsigned
ByteStreamConverter::type_of (ByteView nal) const
{
  return codec_ == NalCodec::h264 ? nal[0] & 0x1fu : nal[0] >> 1 & 0x3fu;
}

std::optional<ByteStreamConverter::Kind>
ByteStreamConverter::parameter_set_kind (unsigned type) const
{
  if (codec_ == NalCodec::h264)
    return type == 7 ? std::optional (sps) : type == 8 ? std::optional (pps) : std::nullopt;
  return type >= 32 && type <= 34 ? std::optional (static_cast<Kind> (type - 32)) : std::nullopt;
}

/** Only the ids of PPSs are looked at: others are replaced as a whole. */
void
ByteStreamConverter::collect (ByteView nal, Kind kind, Sets &fresh) const
{
  auto &sets = fresh[kind];
  if (nal.size () > max_set_size || sets.size () >= max_sets)
    return;
  const auto plain = unescape (nal.first (std::min<std::size_t> (nal.size (), 16)));
  const auto header = std::min (plain.size (), header_size (codec_));
  const auto id = kind == pps ? BitReader (ByteView (plain).subspan (header)).ue () : 0;
  sets.push_back ({id, Bytes (nal.begin (), nal.end ())});
}

/** An access unit with an SPS brings a new set of all; one with PPSs only changes these. */
bool
ByteStreamConverter::update (Sets fresh)
{
  const bool all = !fresh[sps].empty ();
  for (const auto kind : {vps, sps, pps}) {
    if (fresh[kind].empty ())
      continue;
    if (all || kind != pps) {
      sets_[kind] = std::move (fresh[kind]);
      continue;
    }
    for (auto &set : fresh[kind]) {
      std::erase_if (sets_[kind], [&] (const ParameterSet &old) { return old.id == set.id; });
      if (sets_[kind].size () < max_sets)
        sets_[kind].push_back (std::move (set));
    }
    std::ranges::sort (sets_[kind], {}, &ParameterSet::id); // so that repeating changes nothing
  }
  auto setup = write_setup ();
  if (setup.empty () || setup == setup_)
    return false;
  setup_ = std::move (setup);
  return true;
}

ByteStreamConverter::AccessUnit
ByteStreamConverter::convert (ByteView byte_stream)
{
  AccessUnit out;
  Sets fresh;
  bool any = false;
  Writer writer (out.data);
  for (const auto nal : split_byte_stream (byte_stream)) {
    if (nal.size () < header_size (codec_))
      continue;
    const auto type = type_of (nal);
    if (const auto kind = parameter_set_kind (type)) {
      collect (nal, *kind, fresh);
      any = true;
      continue;
    }
    const bool h264 = codec_ == NalCodec::h264;
    if (h264 ? type >= 9 && type <= 12 : type >= 35 && type <= 38)
      continue; // delimiter, end of sequence and of stream, filler
    const bool key =
        h264 ? type == 5 || (type == 6 && is_exact_recovery_point (nal)) : type >= 16 && type <= 21;
    out.keyframe = out.keyframe || key;
    writer.u32 (static_cast<std::uint32_t> (nal.size ()));
    writer.bytes (nal);
  }
  out.setup_changed = any && update (std::move (fresh));
  return out;
}

Bytes
ByteStreamConverter::write_setup () const
{
  Bytes out;
  const bool complete = codec_ == NalCodec::h264 ? write_avcc (out) : write_hvcc (out);
  return complete ? out : Bytes{};
}

bool
ByteStreamConverter::write_avcc (Bytes &out) const
{
  if (sets_[sps].empty () || sets_[pps].empty () || sets_[sps][0].unit.size () < 4)
    return false;
  const auto &first = sets_[sps][0].unit;
  Writer writer (out);
  writer.u8 (1);
  writer.bytes (ByteView (first).subspan (1, 3));
  writer.u8 (0xff); // 32-bit lengths
  for (const auto kind : {sps, pps}) {
    const auto count = static_cast<unsigned> (sets_[kind].size ());
    writer.u8 (static_cast<std::uint8_t> (kind == sps ? 0xe0u | count : count));
    for (const auto &set : sets_[kind]) {
      writer.u16 (static_cast<std::uint16_t> (set.unit.size ()));
      writer.bytes (set.unit);
    }
  }
  if (!has_sample_format (first[1]))
    return true;
  const auto format = h264_format (first);
  if (!format)
    return false;
  writer.u8 (static_cast<std::uint8_t> (0xfc | format->chroma));
  writer.u8 (static_cast<std::uint8_t> (0xf8 | format->luma_depth));
  writer.u8 (static_cast<std::uint8_t> (0xf8 | format->chroma_depth));
  writer.u8 (0);
  return true;
}

bool
ByteStreamConverter::write_hvcc (Bytes &out) const
{
  if (std::ranges::any_of (sets_, [] (const auto &sets) { return sets.empty (); }))
    return false;
  const auto info = read_hevc_sps (sets_[sps][0].unit);
  if (!info)
    return false;
  Writer writer (out);
  writer.u8 (1);
  writer.bytes (info->profile_tier_level);
  writer.u16 (0xf000); // spatial segmentation, parallelism and frame rate: not told
  writer.u8 (0xfc);
  writer.u8 (static_cast<std::uint8_t> (0xfc | info->format.chroma));
  writer.u8 (static_cast<std::uint8_t> (0xf8 | info->format.luma_depth));
  writer.u8 (static_cast<std::uint8_t> (0xf8 | info->format.chroma_depth));
  writer.u16 (0);
  const unsigned nested = info->nested ? 4 : 0;
  writer.u8 (
      static_cast<std::uint8_t> ((info->sub_layers & 7) << 3 | nested | 3)); // 32-bit lengths
  writer.u8 (kinds);
  for (const auto kind : {vps, sps, pps}) {
    writer.u8 (static_cast<std::uint8_t> (0x80 | (32 + kind)));
    writer.u16 (static_cast<std::uint16_t> (sets_[kind].size ()));
    for (const auto &set : sets_[kind]) {
      writer.u16 (static_cast<std::uint16_t> (set.unit.size ()));
      writer.bytes (set.unit);
    }
  }
  return true;
}

} // namespace stagedoor::media
