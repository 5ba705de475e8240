// SPDX-License-Identifier: LGPL-2.1-or-later
// VP8 (RFC 7741) and VP9 (RFC 9628): a short descriptor before each piece of the frame.
#include <algorithm>

#include "libs/webrtc/packetizer_writer.hpp"

namespace stagedoor::webrtc {

namespace {

/** Descriptor of one byte: no PictureID or layers, everything in partition 0. */
struct Vp8
{
  static constexpr Codec codec = Codec::vp8;
  static constexpr std::size_t descriptor = 1;
  void next_frame () {}
  static void write (bool, bool first, bool, FrameWriter &out) { out.u8 (first ? 0x10 : 0); }
};

/** Non-flexible mode, one layer, 15-bit PictureID. */
struct Vp9
{
  static constexpr Codec codec = Codec::vp9;
  static constexpr std::size_t descriptor = 3;
  void next_frame () { picture_id = (picture_id + 1) & 0x7fff; }
  void write (bool keyframe, bool first, bool last, FrameWriter &out) const
  {
    out.u8 (0x80u | (keyframe ? 0u : 0x40u) | (first ? 0x08u : 0u) | (last ? 0x04u : 0u));
    out.u16 (0x8000u | picture_id);
  }
  unsigned picture_id = 0;
};

template <class Format>
class VpxPacketizer final : public Packetizer
{
public:
  explicit VpxPacketizer (std::size_t max_payload) : max_payload_ (max_payload) {}

  std::shared_ptr<PacketizedFrame> packetize (ByteView unit, bool keyframe, ByteView) override
  {
    if (unit.empty () || unit.size () > max_unit_size)
      return nullptr;
    format_.next_frame ();
    FrameWriter writer (Format::codec, keyframe, max_payload_, unit.size (), 1, Format::descriptor);
    for (bool first = true; !unit.empty (); first = false) {
      const auto part = unit.first (std::min (max_payload_ - Format::descriptor, unit.size ()));
      unit = unit.subspan (part.size ());
      writer.start ();
      format_.write (keyframe, first, unit.empty (), writer);
      writer.bytes (part);
    }
    return writer.finish ();
  }

private:
  const std::size_t max_payload_;
  Format format_;
};

} // namespace

std::unique_ptr<Packetizer>
make_vpx_packetizer (Codec codec, std::size_t max_payload)
{
  if (codec == Codec::vp9)
    return std::make_unique<VpxPacketizer<Vp9>> (max_payload);
  return std::make_unique<VpxPacketizer<Vp8>> (max_payload);
}

} // namespace stagedoor::webrtc
