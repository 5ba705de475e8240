// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/mpegts/audio_units.hpp"

#include <array>
#include <utility>

#include "libs/codecs/bits.hpp"

namespace stagedoor::mpegts {
namespace {

constexpr Stamp stamp_mask = (Stamp{1} << 33) - 1;
constexpr std::uint64_t ticks_per_second = 90'000;
constexpr std::size_t adts_header = 7;
constexpr std::array<std::uint32_t, 13> aac_rates = {
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350};

/** In 48 kHz samples, RFC 6716 section 3.1; 0 when it says more than 120 ms. */
std::uint64_t
opus_samples (ByteView packet)
{
  constexpr std::array<unsigned, 4> silk = {480, 960, 1920, 2880}, celt = {120, 240, 480, 960};
  if (packet.empty ())
    return 0;
  const unsigned config = packet[0] >> 3, code = packet[0] & 3;
  const auto size = config < 12   ? silk[config & 3]
                    : config < 16 ? silk[config & 1]
                                  : celt[config & 3];
  const unsigned count = code == 0 ? 1 : code < 3 ? 2 : packet.size () > 1 ? packet[1] & 63u : 0;
  return size * count <= 5760 ? size * count : 0;
}

/** One access unit with its control header; empty when it is broken. */
ByteView
take_opus (Reader &reader)
{
  constexpr unsigned prefix_mask = 0xffe0, prefix = 0x7fe0;
  constexpr unsigned start_trim = 0x10, end_trim = 0x08, extension = 0x04;
  const auto head = reader.u16 ();
  if ((head & prefix_mask) != prefix)
    return {};
  std::size_t size = 0;
  for (std::uint8_t part = 0xff; part == 0xff && reader.ok ();)
    size += part = reader.u8 ();
  if ((head & start_trim) != 0)
    reader.skip (2);
  if ((head & end_trim) != 0)
    reader.skip (2);
  if ((head & extension) != 0)
    reader.skip (reader.u8 ());
  return reader.take (size);
}

} // namespace

std::optional<AdtsSplitter::Header>
AdtsSplitter::parse_header (ByteView bytes)
{
  codecs::BitReader bits (bytes);
  const auto sync = bits.take (12);
  bits.skip (1);
  const auto layer = bits.take (2), unprotected = bits.take (1);
  Header out{};
  out.profile = bits.take (2);
  out.rate_index = bits.take (4);
  bits.skip (1);
  out.channels = bits.take (3);
  bits.skip (4);
  out.frame_size = bits.take (13);
  bits.skip (11);
  const auto more_blocks = bits.take (2);
  out.size = unprotected ? adts_header : adts_header + 2;
  if (!bits.ok () || sync != 0xfff || layer != 0 || out.rate_index >= aac_rates.size ()
      || more_blocks != 0 || out.frame_size <= out.size)
    return std::nullopt;
  return out;
}

/** A sync word that was searched for may be chance: the next frame must be where it says. */
bool
AdtsSplitter::is_followed (ByteView rest, std::size_t frame_size)
{
  return rest.size () <= frame_size || parse_header (rest.subspan (frame_size));
}

void
AdtsSplitter::take_setup (const Header &header)
{
  setup_.clear ();
  Writer (setup_).u16 (static_cast<std::uint16_t> (
      (header.profile + 1) << 11 | header.rate_index << 7 | header.channels << 3));
}

AudioFrames
AdtsSplitter::feed (const PesPacket &packet)
{
  constexpr std::uint64_t samples_per_frame = 1024;
  AudioFrames out;
  // The PTS is that of the first frame that begins in this packet.
  std::size_t at = 0, begins_here = held_.size ();
  auto pts = packet.pts;
  held_.insert (held_.end (), packet.payload.begin (), packet.payload.end ());
  bool in_step = true;
  while (held_.size () - at >= adts_header) {
    const auto rest = ByteView (held_).subspan (at);
    const auto header = parse_header (rest);
    if (!header || (!in_step && !is_followed (rest, header->frame_size))) {
      out.broken += std::exchange (in_step, false);
      ++at;
      continue;
    }
    if (rest.size () < header->frame_size)
      break;
    if (pts && at >= begins_here) {
      base_ = *std::exchange (pts, std::nullopt);
      samples_ = 0;
      next_ = base_;
    }
    take_setup (*header);
    const auto data = rest.subspan (header->size, header->frame_size - header->size);
    if (next_)
      out.frames.push_back ({*next_, Bytes (data.begin (), data.end ())});
    samples_ += samples_per_frame;
    if (next_)
      next_ = (base_ + samples_ * ticks_per_second / aac_rates[header->rate_index]) & stamp_mask;
    at += header->frame_size;
    in_step = true;
  }
  held_.erase (held_.begin (), held_.begin () + static_cast<std::ptrdiff_t> (at));
  return out;
}

AudioFrames
OpusSplitter::feed (const PesPacket &packet) const
{
  constexpr std::uint64_t rate = 48'000;
  AudioFrames out;
  if (!packet.pts)
    return {.broken = 1};
  Reader reader (packet.payload);
  std::uint64_t samples = 0;
  while (reader.remaining () > 0) {
    const auto unit = take_opus (reader);
    const auto duration = opus_samples (unit);
    if (duration == 0) {
      ++out.broken;
      break;
    }
    const auto pts = (*packet.pts + samples * ticks_per_second / rate) & stamp_mask;
    out.frames.push_back ({pts, Bytes (unit.begin (), unit.end ())});
    samples += duration;
  }
  return out;
}

Bytes
OpusSplitter::setup () const
{
  struct Layout
  {
    std::uint8_t streams, coupled;
    std::string_view mapping;
  };
  using namespace std::string_view_literals;
  constexpr std::array<Layout, 9> layouts = {{{}, {1, 0, "\0"sv}, {1, 1, "\0\1"sv},
      {2, 1, "\0\2\1"sv}, {2, 2, "\0\1\2\3"sv}, {3, 2, "\0\4\1\2\3"sv}, {4, 2, "\0\4\1\2\3\5"sv},
      {4, 3, "\0\4\1\2\3\5\6"sv}, {5, 3, "\0\6\1\2\3\4\5\7"sv}}};
  if (channel_config_ == 0 || channel_config_ >= layouts.size ())
    return {};
  Bytes out;
  Writer writer (out);
  writer.bytes ("OpusHead");
  writer.u8 (1);
  writer.u8 (channel_config_);
  writer.u16 (0);           // pre-skip: the control headers have it
  writer.u32 (0x80bb0000u); // 48000, little-endian
  writer.u16 (0);
  writer.u8 (channel_config_ > 2 ? 1 : 0);
  if (channel_config_ > 2) {
    const auto &layout = layouts[channel_config_];
    writer.u8 (layout.streams);
    writer.u8 (layout.coupled);
    writer.bytes (layout.mapping);
  }
  return out;
}

} // namespace stagedoor::mpegts
