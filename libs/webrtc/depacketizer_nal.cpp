// SPDX-License-Identifier: LGPL-2.1-or-later
// H.264 (RFC 6184, non-interleaved) and HEVC (RFC 7798, without DONL): single NAL units, aggregates
// and fragments, to a byte stream.
#include "libs/webrtc/depacketizer_kinds.hpp"

namespace stagedoor::webrtc {
namespace {

class NalDepacketizer final : public Depacketizer
{
public:
  explicit NalDepacketizer (Codec codec)
      : h264_ (codec == Codec::h264), header_ (h264_ ? 1 : 2), aggregate_ (h264_ ? 24 : 48),
        fragment_ (h264_ ? 28 : 49)
  {
  }

private:
  unsigned type_of (ByteView nal) const { return h264_ ? nal[0] & 0x1fu : nal[0] >> 1 & 0x3fu; }

  /** Delimiters and the first of the parameter sets come before everything else. */
  bool begins_unit (ByteView payload) const override
  {
    if (payload.size () < header_)
      return false;
    auto type = type_of (payload);
    if (type == aggregate_) {
      constexpr std::size_t size_field = 2;
      if (payload.size () <= header_ + size_field)
        return false;
      type = type_of (payload.subspan (header_ + size_field));
    }
    return h264_ ? type == 7 || type == 9 : type == 32 || type == 33 || type == 35;
  }

  bool append (ByteView payload, Bytes &unit) override
  {
    if (payload.size () < header_)
      return false;
    const auto type = type_of (payload);
    if (type == fragment_)
      return append_fragment (payload, unit);
    if (fragmented_)
      return false;
    if (type == aggregate_)
      return append_aggregate (payload, unit);
    if (type > aggregate_ || (h264_ && type == 0))
      return false; // interleaved, or not defined
    append_nal (payload, unit);
    return true;
  }

  void append_nal (ByteView nal, Bytes &unit)
  {
    Writer out (unit);
    out.u32 (1);
    out.bytes (nal);
  }

  bool append_aggregate (ByteView payload, Bytes &unit)
  {
    Reader in (payload.subspan (header_));
    while (in.remaining () > 0) {
      const auto nal = in.take (in.u16 ());
      if (!in.ok () || nal.size () < header_ || type_of (nal) >= aggregate_)
        return false;
      append_nal (nal, unit);
    }
    return true;
  }

  bool append_fragment (ByteView payload, Bytes &unit)
  {
    Reader in (payload);
    auto head = in.take (header_);
    const unsigned fu = in.u8 ();
    const bool start = fu & 0x80, end = fu & 0x40;
    if (!in.ok () || start == fragmented_)
      return false;
    Writer out (unit);
    if (start) {
      out.u32 (1);
      if (h264_) {
        out.u8 (static_cast<std::uint8_t> ((head[0] & 0xe0) | (fu & 0x1f)));
      } else {
        out.u8 (static_cast<std::uint8_t> ((head[0] & 0x81) | (fu & 0x3f) << 1));
        out.u8 (head[1]);
      }
    }
    out.bytes (in.rest ());
    fragmented_ = !end;
    return true;
  }

  bool complete (Bytes &) override
  {
    const bool whole = !fragmented_;
    fragmented_ = false;
    return whole;
  }

  const bool h264_;
  const std::size_t header_;
  const unsigned aggregate_, fragment_;
  bool fragmented_ = false; // a NAL unit's last fragment hasn't come yet
};

} // namespace

std::unique_ptr<Depacketizer>
make_nal_depacketizer (Codec codec)
{
  return std::make_unique<NalDepacketizer> (codec);
}

} // namespace stagedoor::webrtc
