// SPDX-License-Identifier: LGPL-2.1-or-later
// AV1 ("RTP Payload Format For AV1", AOM, v1.0): OBUs without size fields, each as an element with
// its length in front (W = 0), cut wherever a packet is full.
#include <algorithm>

#include "libs/webrtc/packetizer_writer.hpp"

namespace stagedoor::webrtc {

namespace {

constexpr unsigned sequence_header = 1;

/** Sequence and frame headers, tile groups, metadata, frames. Temporal delimiters, tile lists and
 * padding don't travel (section 5). */
constexpr bool
wanted (unsigned type)
{
  return type == sequence_header || (type >= 3 && type <= 7);
}

std::size_t
leb128_size (std::size_t value)
{
  std::size_t size = 1;
  while (value >>= 7)
    ++size;
  return size;
}

/** @p width may be more than needed. */
void
write_leb128 (std::size_t value, std::size_t width, FrameWriter &out)
{
  for (; width > 1; --width, value >>= 7)
    out.u8 (0x80u | (value & 0x7f));
  out.u8 (value & 0x7f);
}

/** At most 8 bytes and 32 bits (AV1 section 4.10.5); false when malformed. */
bool
read_leb128 (Reader &in, std::size_t &value)
{
  std::uint64_t result = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const auto byte = in.u8 ();
    result |= std::uint64_t (byte & 0x7f) << (7 * i);
    if (!(byte & 0x80)) {
      value = static_cast<std::size_t> (result);
      return in.ok () && result <= UINT32_MAX;
    }
  }
  return false;
}

class Av1Packetizer final : public Packetizer
{
public:
  explicit Av1Packetizer (std::size_t max_payload) : max_payload_ (max_payload) {}

  std::shared_ptr<PacketizedFrame> packetize (
      ByteView unit, bool keyframe, ByteView parameter_sets) override
  {
    if (unit.size () + parameter_sets.size () > max_unit_size)
      return nullptr;
    if (!collect (unit) || sizes_.empty ())
      return nullptr;
    if (keyframe && !starts_sequence_ && !parameter_sets.empty ()
        && (!collect (parameter_sets) || !append (unit)))
      return nullptr;
    FrameWriter writer (Codec::av1, keyframe, max_payload_, elements_.size (), sizes_.size (), 4);
    write (keyframe && starts_sequence_, writer);
    return writer.finish ();
  }

private:
  bool collect (ByteView obus)
  {
    elements_.clear ();
    sizes_.clear ();
    starts_sequence_ = false;
    return append (obus);
  }

  /** Takes the wanted OBUs over without their size fields; false when malformed. */
  bool append (ByteView obus)
  {
    for (Reader in (obus); in.remaining () > 0;) {
      const auto header = in.u8 ();
      const unsigned type = header >> 3 & 0xf;
      const bool extended = header & 0x04;
      const auto extension = extended ? in.u8 () : std::uint8_t (0);
      std::size_t size = in.remaining ();
      if (header & 0x80 || (header & 0x02 && !read_leb128 (in, size)))
        return false;
      const auto payload = in.take (size);
      if (!in.ok () || sizes_.size () == max_unit_parts)
        return false;
      if (!wanted (type))
        continue;
      starts_sequence_ |= type == sequence_header;
      const auto before = elements_.size ();
      Writer out (elements_);
      out.u8 (header & 0xfc);
      if (extended)
        out.u8 (extension);
      out.bytes (payload);
      sizes_.push_back (elements_.size () - before);
    }
    return true;
  }

  void write (bool new_sequence, FrameWriter &writer)
  {
    ByteView rest = elements_;
    auto size = sizes_.begin (); // of the element in hand, less what is already written
    bool continued = false;
    for (unsigned n = new_sequence ? 0x08 : 0; size != sizes_.end (); n = 0) {
      writer.start ();
      writer.u8 ((continued ? 0x80u : 0u) | n);
      continued = false;
      for (std::size_t room = max_payload_ - 1; size != sizes_.end () && room >= 2 && !continued;) {
        auto length = *size;
        auto width = leb128_size (length);
        continued = length + width > room;
        if (continued) {
          width = leb128_size (room - 1);
          length = room - width;
          writer.first () |= 0x40;
        }
        write_leb128 (length, width, writer);
        writer.bytes (rest.first (length));
        rest = rest.subspan (length);
        room -= length + width;
        *size -= length;
        if (!continued)
          ++size;
      }
    }
  }

  const std::size_t max_payload_;
  // The unit in hand; kept for their capacity.
  Bytes elements_;
  std::vector<std::size_t> sizes_;
  bool starts_sequence_ = false;
};

} // namespace

std::unique_ptr<Packetizer>
make_av1_packetizer (std::size_t max_payload)
{
  return std::make_unique<Av1Packetizer> (max_payload);
}

} // namespace stagedoor::webrtc
