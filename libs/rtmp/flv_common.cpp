// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/rtmp/flv_common.hpp"

#include <algorithm>

namespace stagedoor::rtmp {

namespace {

/** Kinds of multitrack messages; 1 is many tracks of one codec. */
constexpr std::uint8_t one_track = 0, many_codecs = 2;

/** Finds the default track among those of a multitrack message. */
tl::expected<EnhancedHeader, TagError>
read_tracks (Reader &reader, std::uint8_t multitrack)
{
  EnhancedHeader out;
  const auto kinds = reader.u8 ();
  const int kind = kinds >> 4;
  out.packet_type = kinds & 0x0f;
  if (kind > many_codecs || out.packet_type == multitrack || out.packet_type == packet::mod_ex)
    return tag_error ("a multitrack message is of a kind that isn't supported");
  if (kind != many_codecs)
    out.codec = reader.u32 ();
  do {
    if (kind == many_codecs)
      out.codec = reader.u32 ();
    const auto track = reader.u8 ();
    const auto size = kind == one_track ? reader.remaining () : reader.u24 ();
    out.body = reader.take (size);
    out.wanted = track == 0;
  } while (!out.wanted && reader.remaining () > 0);
  if (!reader.ok ())
    return tag_error ("a multitrack message is cut short");
  return out;
}

} // namespace

std::string
four_cc_text (std::uint32_t code)
{
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char> (code >> shift & 0xff);
  const auto printable = [] (char c) {
    return c > ' ' && c <= '~';
  };
  return std::ranges::all_of (out, printable) ? out : std::to_string (code);
}

std::uint8_t
skip_mod_ex (std::uint8_t packet_type, Reader &reader)
{
  while (packet_type == packet::mod_ex && reader.ok ()) {
    std::size_t size = reader.u8 () + 1u;
    if (size == 256)
      size = reader.u16 () + 1u;
    reader.skip (size);
    packet_type = reader.u8 () & 0x0f;
  }
  return packet_type;
}

tl::expected<EnhancedHeader, TagError>
read_enhanced_header (std::uint8_t packet_type, ByteView rest, std::uint8_t multitrack)
{
  Reader reader (rest);
  EnhancedHeader out;
  out.packet_type = skip_mod_ex (packet_type, reader);
  if (reader.ok () && out.packet_type == multitrack)
    return read_tracks (reader, multitrack);
  out.codec = reader.u32 ();
  out.body = reader.rest ();
  if (!reader.ok ())
    return tag_error ("the header of an enhanced RTMP message is cut short");
  return out;
}

tl::unexpected<TagError>
tag_error (std::string text)
{
  return tl::unexpected (TagError{std::move (text)});
}

} // namespace stagedoor::rtmp
