// SPDX-License-Identifier: LGPL-2.1-or-later
// H.264 (RFC 6184, packetization-mode 1) and HEVC (RFC 7798): single NAL units, aggregates of
// small ones, fragments of large ones.
#include <algorithm>
#include <span>

#include "libs/codecs/nal.hpp"
#include "libs/webrtc/packetizer_writer.hpp"

namespace stagedoor::webrtc {

namespace {

struct H264
{
  static constexpr Codec codec = Codec::h264;
  static constexpr std::size_t header = 1;
  static constexpr unsigned all_parameter_sets = 3;

  static unsigned type (ByteView nal) { return nal[0] & 0x1f; }
  static unsigned parameter_set (unsigned type) { return type == 7 ? 1 : type == 8 ? 2 : 0; }
  /** AUD and filler are of no use to a receiver; types from 24 on mean something else in RTP. */
  static bool wanted (ByteView nal)
  {
    const auto t = type (nal);
    return !(nal[0] & 0x80) && t >= 1 && t <= 23 && t != 9 && t != 12;
  }

  /** STAP-A, section 5.7.1: the largest NRI of all. */
  static void aggregate_header (std::span<const ByteView> nals, FrameWriter &out)
  {
    unsigned nri = 0;
    for (const auto nal : nals)
      nri = std::max (nri, nal[0] & 0x60u);
    out.u8 (nri | 24);
  }
  /** FU-A, section 5.8. */
  static void fragment_header (ByteView nal, unsigned start_end, FrameWriter &out)
  {
    out.u8 ((nal[0] & 0x60u) | 28);
    out.u8 (start_end | type (nal));
  }
};

struct H265
{
  static constexpr Codec codec = Codec::h265;
  static constexpr std::size_t header = 2;
  static constexpr unsigned all_parameter_sets = 7;

  static unsigned type (ByteView nal) { return nal[0] >> 1 & 0x3f; }
  static unsigned layer (ByteView nal) { return (nal[0] & 1u) << 5 | nal[1] >> 3; }
  static unsigned temporal (ByteView nal) { return nal[1] & 7u; }
  static unsigned parameter_set (unsigned type)
  {
    return type >= 32 && type <= 34 ? 1u << (type - 32) : 0;
  }
  static bool wanted (ByteView nal)
  {
    if (nal.size () < header || nal[0] & 0x80 || temporal (nal) == 0)
      return false;
    const auto t = type (nal);
    return t <= 40 && t != 35 && t != 38;
  }

  static void payload_header (unsigned type, unsigned layer, unsigned temporal, FrameWriter &out)
  {
    out.u8 (type << 1 | layer >> 5);
    out.u8 ((layer & 0x1f) << 3 | temporal);
  }
  /** AP, section 4.4.2: the lowest layer and temporal id of all. */
  static void aggregate_header (std::span<const ByteView> nals, FrameWriter &out)
  {
    unsigned lowest_layer = 63, lowest_temporal = 7;
    for (const auto nal : nals) {
      lowest_layer = std::min (lowest_layer, layer (nal));
      lowest_temporal = std::min (lowest_temporal, temporal (nal));
    }
    payload_header (48, lowest_layer, lowest_temporal, out);
  }
  /** FU, section 4.4.3. */
  static void fragment_header (ByteView nal, unsigned start_end, FrameWriter &out)
  {
    payload_header (49, layer (nal), temporal (nal), out);
    out.u8 (start_end | type (nal));
  }
};

/** Appends the NAL units of an Annex B byte stream. */
void
split_annex_b (ByteView in, std::vector<ByteView> &out)
{
  codecs::ByteStreamReader stream (in);
  for (auto nal = stream.next (); !nal.empty (); nal = stream.next ())
    out.push_back (nal);
}

template <class Format>
class NalPacketizer final : public Packetizer
{
public:
  explicit NalPacketizer (std::size_t max_payload) : max_payload_ (max_payload) {}

  std::shared_ptr<PacketizedFrame> packetize (
      ByteView unit, bool keyframe, ByteView parameter_sets) override
  {
    if (unit.size () + parameter_sets.size () > max_unit_size)
      return nullptr;
    collect (unit, keyframe, parameter_sets);
    if (nals_.empty () || nals_.size () > max_unit_parts)
      return nullptr;
    FrameWriter writer (Format::codec, keyframe, max_payload_,
        unit.size () + parameter_sets.size (), nals_.size (), Format::header + 2);
    for (std::span<const ByteView> rest = nals_; !rest.empty ();) {
      const auto run = fitting (rest);
      if (run > 1)
        aggregate (rest.first (run), writer);
      else
        single_or_fragments (rest[0], writer);
      rest = rest.subspan (run);
    }
    return writer.finish ();
  }

private:
  void collect (ByteView unit, bool keyframe, ByteView parameter_sets)
  {
    nals_.clear ();
    if (keyframe && !has_parameter_sets (unit))
      split_annex_b (parameter_sets, nals_);
    split_annex_b (unit, nals_);
    std::erase_if (nals_, [] (ByteView nal) { return !Format::wanted (nal); });
  }

  bool has_parameter_sets (ByteView unit)
  {
    unsigned found = 0;
    split_annex_b (unit, nals_);
    for (const auto nal : nals_)
      found |= Format::parameter_set (Format::type (nal));
    nals_.clear ();
    return found == Format::all_parameter_sets;
  }

  /** How many NAL units from the first on go into one packet together; at least 1. */
  std::size_t fitting (std::span<const ByteView> nals) const
  {
    std::size_t size = Format::header, count = 0;
    for (const auto nal : nals) {
      size += 2 + nal.size ();
      if (size > max_payload_)
        break;
      ++count;
    }
    return std::max<std::size_t> (count, 1);
  }

  static void aggregate (std::span<const ByteView> nals, FrameWriter &writer)
  {
    writer.start ();
    Format::aggregate_header (nals, writer);
    for (const auto nal : nals) {
      writer.u16 (static_cast<unsigned> (nal.size ()));
      writer.bytes (nal);
    }
  }

  void single_or_fragments (ByteView nal, FrameWriter &writer) const
  {
    if (nal.size () <= max_payload_) {
      writer.start ();
      writer.bytes (nal);
      return;
    }
    const auto chunk = max_payload_ - Format::header - 1;
    auto rest = nal.subspan (Format::header);
    for (unsigned start = 0x80; !rest.empty (); start = 0) {
      const auto part = rest.first (std::min (chunk, rest.size ()));
      rest = rest.subspan (part.size ());
      writer.start ();
      Format::fragment_header (nal, start | (rest.empty () ? 0x40u : 0u), writer);
      writer.bytes (part);
    }
  }

  const std::size_t max_payload_;
  std::vector<ByteView> nals_; // of the unit in hand; kept for its capacity
};

} // namespace

std::unique_ptr<Packetizer>
make_nal_packetizer (Codec codec, std::size_t max_payload)
{
  if (codec == Codec::h265)
    return std::make_unique<NalPacketizer<H265>> (max_payload);
  return std::make_unique<NalPacketizer<H264>> (max_payload);
}

} // namespace stagedoor::webrtc
