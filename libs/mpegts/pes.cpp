// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/mpegts/pes.hpp"

#include <utility>

namespace stagedoor::mpegts {
namespace {

constexpr std::size_t prefix_size = 6; // start code, stream id and length

/** nullopt when a marker bit is missing. */
std::optional<Stamp>
read_stamp (Reader &reader)
{
  const Stamp high = reader.u8 (), middle = reader.u16 (), low = reader.u16 ();
  if ((high & middle & low & 1) == 0)
    return std::nullopt;
  return (high >> 1 & 7) << 30 | middle >> 1 << 15 | low >> 1;
}

} // namespace

std::optional<PesPacket>
parse_pes (ByteView bytes)
{
  Reader reader (bytes);
  if (reader.u24 () != 1)
    return std::nullopt;
  reader.skip (1);
  const std::size_t length = reader.u16 ();
  const auto marker = reader.u8 (), flags = reader.u8 ();
  Reader header (reader.take (reader.u8 ()));
  if (!reader.ok () || (marker & 0xc0) != 0x80)
    return std::nullopt;
  PesPacket out;
  if ((flags & 0x80) != 0)
    out.pts = read_stamp (header);
  if ((flags & 0xc0) == 0xc0)
    out.dts = read_stamp (header);
  if (!header.ok () || ((flags & 0x80) != 0 && !out.pts) || ((flags & 0xc0) == 0xc0 && !out.dts))
    return std::nullopt;
  const auto before = bytes.size () - reader.remaining ();
  out.payload = reader.rest ();
  if (length != 0) {
    if (prefix_size + length < before || prefix_size + length > bytes.size ())
      return std::nullopt;
    out.payload = out.payload.first (prefix_size + length - before);
  }
  return out;
}

bool
PesReader::add (ByteView payload)
{
  if (state_ == State::idle)
    return true;
  if (payload.size () > max_size_ - bytes_.size ())
    return false;
  bytes_.insert (bytes_.end (), payload.begin (), payload.end ());
  return true;
}

bool
PesReader::complete () const
{
  if (state_ != State::filling || bytes_.size () < prefix_size)
    return false;
  const auto length = static_cast<std::size_t> (bytes_[4]) << 8 | bytes_[5];
  return length != 0 && bytes_.size () >= prefix_size + length;
}

Bytes
PesReader::take ()
{
  state_ = State::idle;
  return std::exchange (bytes_, {});
}

} // namespace stagedoor::mpegts
