// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/mpegts/psi.hpp"

#include <algorithm>
#include <array>

namespace stagedoor::mpegts {
namespace {

constexpr std::size_t section_header = 3, syntax_header = 5, crc_size = 4;
constexpr std::size_t max_section = 1024;

/** What stands between header and CRC of a section that is in force. */
std::optional<ByteView>
body_of (ByteView section, std::uint8_t table)
{
  if (section.size () < section_header + syntax_header + crc_size || section[0] != table)
    return std::nullopt;
  const bool current = (section[5] & 1) != 0;
  const bool first = section[6] == 0;
  if (!current || !first)
    return std::nullopt;
  const auto body = section.subspan (section_header + syntax_header);
  return body.first (body.size () - crc_size);
}

/** "Opus in MPEG-2 TS", ETSI TS annex: registration "Opus", and the channel configuration in an
 * extension descriptor. */
void
read_descriptors (ByteView descriptors, Stream &stream)
{
  constexpr std::uint8_t registration = 0x05, extension = 0x7f, opus_extension = 0x80;
  Reader reader (descriptors);
  while (reader.remaining () >= 2) {
    const auto tag = reader.u8 ();
    const auto body = reader.take (reader.u8 ());
    if (tag == registration && body.size () >= 4) {
      const auto format = text (body.first (4));
      if (format == "Opus")
        stream.codec = Codec::opus;
      else if (format == "HEVC")
        stream.codec = Codec::h265;
    }
    if (tag == extension && body.size () >= 2 && body[0] == opus_extension)
      stream.opus_channels = body[1];
  }
}

} // namespace

std::uint32_t
section_crc (ByteView bytes)
{
  constexpr auto table = [] {
    std::array<std::uint32_t, 256> out{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      out[i] = i << 24;
      for (int bit = 0; bit < 8; ++bit)
        out[i] = out[i] << 1 ^ ((out[i] >> 31) * 0x04c11db7u);
    }
    return out;
  }();
  std::uint32_t crc = 0xffffffff;
  for (const auto byte : bytes)
    crc = crc << 8 ^ table[crc >> 24 ^ byte];
  return crc;
}

std::vector<Bytes>
SectionReader::feed (const Packet &packet)
{
  std::vector<Bytes> out;
  const auto verdict = continuity_.check (packet);
  if (packet.payload.empty () || verdict == Continuity::Verdict::duplicate)
    return out;
  if (verdict == Continuity::Verdict::lost)
    inside_ = false;
  auto payload = packet.payload;
  if (packet.start) {
    const std::size_t pointer = payload[0];
    payload = payload.subspan (1);
    if (pointer > payload.size ()) {
      inside_ = false;
      return out;
    }
    if (inside_)
      gather (payload.first (pointer), out);
    payload = payload.subspan (pointer);
    section_.clear ();
    inside_ = true;
  }
  if (inside_)
    gather (payload, out);
  return out;
}

void
SectionReader::gather (ByteView bytes, std::vector<Bytes> &out)
{
  constexpr std::uint8_t stuffing = 0xff;
  section_.insert (section_.end (), bytes.begin (), bytes.end ());
  while (section_.size () >= section_header) {
    const std::size_t size = section_header + ((section_[1] & 0x0fu) << 8 | section_[2]);
    if (section_[0] == stuffing || size > max_section) {
      inside_ = false;
      section_.clear ();
      return;
    }
    if (section_.size () < size)
      return;
    Bytes one (section_.begin (), section_.begin () + static_cast<std::ptrdiff_t> (size));
    section_.erase (section_.begin (), section_.begin () + static_cast<std::ptrdiff_t> (size));
    if (section_crc (one) == 0)
      out.push_back (std::move (one));
  }
}

std::optional<std::uint16_t>
parse_pat (ByteView section)
{
  const auto body = body_of (section, 0x00);
  if (!body)
    return std::nullopt;
  Reader reader (*body);
  while (reader.remaining () >= 4) {
    const auto program = reader.u16 ();
    const auto pid = static_cast<std::uint16_t> (reader.u16 () & 0x1fff);
    if (program != 0)
      return pid;
  }
  return std::nullopt;
}

std::optional<std::vector<Stream>>
parse_pmt (ByteView section)
{
  const auto body = body_of (section, 0x02);
  if (!body)
    return std::nullopt;
  Reader reader (*body);
  reader.skip (2);
  reader.skip (reader.u16 () & 0x0fff);
  std::vector<Stream> out;
  while (reader.remaining () >= 5) {
    Stream stream{.type = reader.u8 ()};
    stream.pid = reader.u16 () & 0x1fff;
    const auto descriptors = reader.take (reader.u16 () & 0x0fff);
    switch (stream.type) {
      case 0x06:
        read_descriptors (descriptors, stream);
        break;
      case 0x0f:
        stream.codec = Codec::aac;
        break;
      case 0x1b:
        stream.codec = Codec::h264;
        break;
      case 0x24:
        stream.codec = Codec::h265;
        break;
      default:
        break;
    }
    out.push_back (stream);
  }
  return reader.ok () ? std::optional (out) : std::nullopt;
}

} // namespace stagedoor::mpegts
