// SPDX-License-Identifier: LGPL-2.1-or-later
// AV1 ("RTP Payload Format For AV1", AOM, v1.0): OBU elements to OBUs with size fields.
#include "libs/webrtc/depacketizer_kinds.hpp"

#include <optional>

namespace stagedoor::webrtc {
namespace {

/** At most 8 bytes and 32 bits (AV1 section 4.10.5). */
std::optional<std::size_t>
read_leb128 (Reader &in)
{
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const auto byte = in.u8 ();
    value |= std::uint64_t (byte & 0x7f) << (7 * i);
    if (!(byte & 0x80))
      return in.ok () && value <= UINT32_MAX ? std::optional (static_cast<std::size_t> (value))
                                             : std::nullopt;
  }
  return std::nullopt;
}

class Av1Depacketizer final : public Depacketizer
{
  enum : unsigned {
    continues_obu = 0x80,
    will_continue = 0x40,
    starts_sequence = 0x08,
  };

  bool begins_unit (ByteView payload) const override { return payload[0] & starts_sequence; }

  bool append (ByteView payload, Bytes &unit) override
  {
    Reader in (payload);
    const unsigned header = in.u8 (), count = header >> 4 & 3;
    if (bool (header & continues_obu) == obu_.empty ())
      return false;
    for (unsigned n = 1; in.remaining () > 0; ++n) {
      const bool sized = count == 0 || n < count;
      const auto size = sized ? read_leb128 (in) : std::optional (in.remaining ());
      if (!size || *size > in.remaining () || (count != 0 && n > count))
        return false;
      const auto part = in.take (*size);
      if (unit.size () + obu_.size () + part.size () > max_received_unit)
        return false; // the unit doesn't grow before the OBU is over
      obu_.insert (obu_.end (), part.begin (), part.end ());
      if ((in.remaining () > 0 || !(header & will_continue)) && !finish_obu (unit))
        return false;
    }
    return true;
  }

  bool complete (Bytes &) override
  {
    const bool whole = obu_.empty ();
    obu_.clear ();
    return whole;
  }

  bool finish_obu (Bytes &unit)
  {
    constexpr unsigned temporal_delimiter = 2;
    Reader in (obu_);
    const unsigned header = in.u8 ();
    const bool extended = header & 0x04;
    const auto extension = extended ? in.u8 () : std::uint8_t (0);
    if (header & 0x02) { // it has its size, though it shouldn't
      const auto size = read_leb128 (in);
      if (!size || *size != in.remaining ())
        return false;
    }
    if (!in.ok () || header & 0x80)
      return false;
    if ((header >> 3 & 0xf) != temporal_delimiter) {
      Writer out (unit);
      out.u8 (static_cast<std::uint8_t> (header | 0x02));
      if (extended)
        out.u8 (extension);
      auto size = in.remaining ();
      for (; size > 0x7f; size >>= 7)
        out.u8 (static_cast<std::uint8_t> (0x80 | (size & 0x7f)));
      out.u8 (static_cast<std::uint8_t> (size));
      out.bytes (in.rest ());
    }
    obu_.clear ();
    return true;
  }

  Bytes obu_; // the one under way
};

} // namespace

std::unique_ptr<Depacketizer>
make_av1_depacketizer ()
{
  return std::make_unique<Av1Depacketizer> ();
}

} // namespace stagedoor::webrtc
