// SPDX-License-Identifier: LGPL-2.1-or-later
// ISO/IEC 13818-1 section 2.14 (H.264) and 2.17 (HEVC), 13818-7 (ADTS), and "Opus in MPEG-2 TS".
#include "libs/mpegts/payload.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "libs/codecs/nal.hpp"
#include "libs/codecs/nal_setup.hpp"

namespace stagedoor::mpegts {
namespace {

constexpr std::uint8_t h264_type = 0x1b, h265_type = 0x24, adts_type = 0x0f, mpeg_audio_type = 0x03,
                       ac3_type = 0x81, private_type = 0x06;
constexpr std::uint8_t video_id = 0xe0, audio_id = 0xc0, private_id = 0xbd;
constexpr std::array<std::uint8_t, 4> start_code{0, 0, 0, 1};

void
append_nal (ByteView nal, Bytes &out)
{
  out.insert (out.end (), start_code.begin (), start_code.end ());
  out.insert (out.end (), nal.begin (), nal.end ());
}

Bytes
with_start_codes (const std::optional<codecs::NalSetup> &setup)
{
  Bytes out;
  if (setup)
    for (const auto nal : setup->parameter_sets)
      append_nal (nal, out);
  return out;
}

Bytes
registration (std::string_view format)
{
  Bytes out{0x05, static_cast<std::uint8_t> (format.size ())};
  Writer (out).bytes (format);
  return out;
}

} // namespace

std::optional<Payload>
Payload::nal (bool is_h265, unsigned length_size, Bytes sets)
{
  if (sets.empty ())
    return std::nullopt;
  Payload out (Form::lengths, {.type = is_h265 ? h265_type : h264_type, .stream_id = video_id});
  out.length_size_ = length_size;
  out.parameter_sets_ = std::move (sets);
  return out;
}

std::optional<Payload>
Payload::h264 (ByteView avcc)
{
  const auto setup = codecs::read_avcc (avcc);
  return nal (false, setup ? setup->length_size : 0, with_start_codes (setup));
}

std::optional<Payload>
Payload::h265 (ByteView hvcc)
{
  const auto setup = codecs::read_hvcc (hvcc);
  return nal (true, setup ? setup->length_size : 0, with_start_codes (setup));
}

Payload
Payload::h264_byte_stream ()
{
  return {Form::byte_stream, {.type = h264_type, .stream_id = video_id}};
}

Payload
Payload::h265_byte_stream ()
{
  return {Form::byte_stream, {.type = h265_type, .stream_id = video_id}};
}

/** ISO/IEC 14496-3 section 1.6.2.1. HE-AAC is announced as the AAC-LC that it contains. */
std::optional<Payload>
Payload::aac (ByteView audio_specific_config)
{
  constexpr unsigned main = 1, ltp = 4, sbr = 5, ps = 29, lc = 2, own_rate = 15;
  Reader reader (audio_specific_config);
  const unsigned bits = reader.u16 ();
  auto type = bits >> 11;
  const auto rate_index = bits >> 7 & 15, channels = bits >> 3 & 15;
  if (type == sbr || type == ps)
    type = lc;
  if (!reader.ok () || type < main || type > ltp || rate_index > 12 || rate_index == own_rate
      || channels == 0 || channels > 7)
    return std::nullopt;
  Payload out (Form::adts, {.type = adts_type, .stream_id = audio_id});
  out.profile_ = type - 1;
  out.rate_index_ = rate_index;
  out.channels_ = channels;
  return out;
}

Payload
Payload::aac_adts ()
{
  return {Form::as_it_is, {.type = adts_type, .stream_id = audio_id}};
}

Payload
Payload::mp3 ()
{
  return {Form::as_it_is, {.type = mpeg_audio_type, .stream_id = audio_id}};
}

Payload
Payload::ac3 ()
{
  return {Form::as_it_is,
      {.type = ac3_type, .stream_id = private_id, .descriptors = registration ("AC-3")}};
}

std::optional<Payload>
Payload::opus (unsigned channels)
{
  if (channels == 0 || channels > 8)
    return std::nullopt;
  auto descriptors = registration ("Opus");
  Writer (descriptors).u24 (0x7f0280); // the extension descriptor of Opus
  descriptors.push_back (static_cast<std::uint8_t> (channels));
  return Payload (Form::opus,
      {.type = private_type, .stream_id = private_id, .descriptors = std::move (descriptors)});
}

bool
Payload::is_h265 () const
{
  return kind_.type == h265_type;
}

bool
Payload::is_delimiter (ByteView nal) const
{
  return !nal.empty () && (is_h265 () ? (nal[0] >> 1 & 63) == 35 : (nal[0] & 31) == 9);
}

/** One that allows any kind of slice. */
void
Payload::write_delimiter (Bytes &out) const
{
  if (is_h265 ())
    append_nal (std::array<std::uint8_t, 3>{0x46, 0x01, 0x50}, out);
  else
    append_nal (std::array<std::uint8_t, 2>{0x09, 0xf0}, out);
}

bool
Payload::convert (ByteView unit, bool keyframe, Bytes &out) const
{
  out.clear ();
  if (unit.empty ())
    return false;
  switch (form_) {
    case Form::lengths:
      return convert_lengths (unit, keyframe, out);
    case Form::adts:
      return write_adts (unit, out);
    case Form::opus:
      write_opus (unit, out);
      return true;
    case Form::byte_stream:
      if (!is_delimiter (codecs::ByteStreamReader (unit).next ()))
        write_delimiter (out);
      break;
    case Form::as_it_is:
      break;
  }
  out.insert (out.end (), unit.begin (), unit.end ());
  return true;
}

bool
Payload::convert_lengths (ByteView unit, bool keyframe, Bytes &out) const
{
  constexpr std::size_t some_units = 64;
  out.reserve (unit.size () + parameter_sets_.size () + some_units);
  write_delimiter (out);
  if (keyframe)
    out.insert (out.end (), parameter_sets_.begin (), parameter_sets_.end ());
  Reader reader (unit);
  while (reader.remaining () > 0) {
    const std::size_t size = length_size_ == 4   ? reader.u32 ()
                             : length_size_ == 2 ? reader.u16 ()
                                                 : reader.u8 ();
    const auto nal = reader.take (size);
    if (!nal.empty () && !is_delimiter (nal))
      append_nal (nal, out);
  }
  return reader.ok ();
}

bool
Payload::write_adts (ByteView frame, Bytes &out) const
{
  constexpr std::size_t header = 7, largest = 0x1fff;
  const auto size = frame.size () + header;
  if (size > largest)
    return false;
  Writer writer (out);
  writer.u16 (0xfff1); // MPEG-4, without CRC
  writer.u8 (static_cast<std::uint8_t> (profile_ << 6 | rate_index_ << 2 | channels_ >> 2));
  writer.u32 (static_cast<std::uint32_t> ((channels_ & 3) << 30 | size << 13 | 0x1ffc));
  writer.bytes (frame);
  return true;
}

/** A control header without trims; the size in bytes of 255 and a rest. */
void
Payload::write_opus (ByteView frame, Bytes &out) const
{
  Writer writer (out);
  writer.u16 (0x7fe0);
  auto left = frame.size ();
  for (; left >= 255; left -= 255)
    writer.u8 (255);
  writer.u8 (static_cast<std::uint8_t> (left));
  writer.bytes (frame);
}

} // namespace stagedoor::mpegts
