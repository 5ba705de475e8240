// SPDX-License-Identifier: LGPL-2.1-or-later
// ITU-T H.264 and H.265 annexes B, and ISO/IEC 14496-15 sections 5.3.3.1 and 8.3.3.1.
#include "libs/media/h26x.hpp"

#include <algorithm>

#include "libs/codecs/bits.hpp"
#include "libs/codecs/nal.hpp"
#include "libs/codecs/sps.hpp"

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

bool
has_sample_format (unsigned profile)
{
  constexpr std::array<unsigned, 4> high = {100, 110, 122, 144};
  return std::ranges::find (high, profile) != high.end ();
}

/** Whether an SEI unit says that decoding can begin here (annex D.2.8); open groups of pictures
 * have no other mark. */
bool
is_exact_recovery_point (ByteView sei)
{
  constexpr std::size_t recovery_point = 6;
  const auto plain = codecs::unescape (sei.subspan (1));
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
    if (type == recovery_point && reader.ok ()) {
      codecs::BitReader bits (payload);
      return bits.ue () == 0 && bits.ok ();
    }
  }
  return false;
}

} // namespace

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
  const auto plain = codecs::unescape (nal.first (std::min<std::size_t> (nal.size (), 16)));
  const auto header = std::min (plain.size (), header_size (codec_));
  const auto id = kind == pps ? codecs::BitReader (ByteView (plain).subspan (header)).ue () : 0;
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
  codecs::ByteStreamReader stream (byte_stream);
  for (auto nal = stream.next (); !nal.empty (); nal = stream.next ()) {
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
  const auto info = codecs::read_h264_sps (first);
  if (!info)
    return false;
  writer.u8 (static_cast<std::uint8_t> (0xfc | info->samples.chroma));
  writer.u8 (static_cast<std::uint8_t> (0xf8 | (info->samples.luma_depth - 8)));
  writer.u8 (static_cast<std::uint8_t> (0xf8 | (info->samples.chroma_depth - 8)));
  writer.u8 (0);
  return true;
}

bool
ByteStreamConverter::write_hvcc (Bytes &out) const
{
  if (std::ranges::any_of (sets_, [] (const auto &sets) { return sets.empty (); }))
    return false;
  const auto info = codecs::read_h265_sps (sets_[sps][0].unit);
  if (!info)
    return false;
  Writer writer (out);
  writer.u8 (1);
  writer.bytes (info->profile_tier_level);
  writer.u16 (0xf000); // spatial segmentation, parallelism and frame rate: not told
  writer.u8 (0xfc);
  writer.u8 (static_cast<std::uint8_t> (0xfc | info->samples.chroma));
  writer.u8 (static_cast<std::uint8_t> (0xf8 | (info->samples.luma_depth - 8)));
  writer.u8 (static_cast<std::uint8_t> (0xf8 | (info->samples.chroma_depth - 8)));
  writer.u16 (0);
  const unsigned nested = info->temporal_nesting ? 4 : 0;
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
