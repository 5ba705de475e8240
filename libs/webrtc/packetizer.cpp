// SPDX-License-Identifier: LGPL-2.1-or-later
// Chooses the packetiser of a codec, and Opus, which needs none (RFC 7587).
#include "libs/webrtc/packetizer.hpp"

#include <algorithm>

#include "libs/webrtc/packetizer_writer.hpp"

namespace stagedoor::webrtc {

namespace {

// Payload headers need a few bytes; payload sizes are 16 bits.
constexpr std::size_t smallest_payload = 16, largest_payload = 65000;

class OpusPacketizer final : public Packetizer
{
public:
  explicit OpusPacketizer (std::size_t max_payload) : max_payload_ (max_payload) {}

  std::shared_ptr<PacketizedFrame> packetize (ByteView unit, bool, ByteView) override
  {
    if (unit.empty () || unit.size () > max_payload_)
      return nullptr;
    FrameWriter writer (Codec::opus, true, max_payload_, unit.size (), 1, 0);
    writer.start ();
    writer.bytes (unit);
    return writer.finish ();
  }

private:
  const std::size_t max_payload_;
};

} // namespace

std::unique_ptr<Packetizer>
Packetizer::create (Codec codec, std::size_t max_payload)
{
  max_payload = std::clamp (max_payload, smallest_payload, largest_payload);
  switch (codec) {
    case Codec::h264:
    case Codec::h265:
      return make_nal_packetizer (codec, max_payload);
    case Codec::vp8:
    case Codec::vp9:
      return make_vpx_packetizer (codec, max_payload);
    case Codec::av1:
      return make_av1_packetizer (max_payload);
    case Codec::opus:
      break;
  }
  return std::make_unique<OpusPacketizer> (max_payload);
}

} // namespace stagedoor::webrtc
