// SPDX-License-Identifier: LGPL-2.1-or-later
// Lays the payloads of one frame out one after the other; shared by the packetisers, private to
// them.
#pragma once

#include <utility>

#include "libs/webrtc/packetizer.hpp"

namespace stagedoor::webrtc {

/** More than any access unit that a live stream holds; keeps offsets in 32 bits. */
inline constexpr std::size_t max_unit_size = 16 * 1024 * 1024;
/** NAL units or OBUs of one access unit. */
inline constexpr std::size_t max_unit_parts = 16384;

class FrameWriter
{
public:
  /** @p overhead: bytes added to each of the @p parts and to each fragment. */
  FrameWriter (Codec codec, bool keyframe, std::size_t max_payload, std::size_t input,
      std::size_t parts, std::size_t overhead)
      : frame_ (std::make_shared<PacketizedFrame> ())
  {
    frame_->codec = codec;
    frame_->keyframe = keyframe;
    const auto payloads = input / (max_payload - overhead) + parts;
    frame_->payloads.reserve (payloads);
    frame_->bytes.reserve (input + payloads * overhead);
  }

  /** The next payload starts here. */
  void start ()
  {
    frame_->payloads.push_back ({static_cast<std::uint32_t> (frame_->bytes.size ()), 0});
  }
  void u8 (unsigned value) { append (Bytes::value_type (value)); }
  void u16 (unsigned value)
  {
    u8 (value >> 8);
    u8 (value & 0xff);
  }
  void bytes (ByteView part)
  {
    frame_->bytes.insert (frame_->bytes.end (), part.begin (), part.end ());
    frame_->payloads.back ().size += static_cast<std::uint16_t> (part.size ());
  }
  /** The first byte of the current payload, for what is only known at its end. */
  std::uint8_t &first () { return frame_->bytes[frame_->payloads.back ().offset]; }

  std::shared_ptr<PacketizedFrame> finish ()
  {
    return frame_->payloads.empty () ? nullptr : std::move (frame_);
  }

private:
  void append (std::uint8_t value)
  {
    frame_->bytes.push_back (value);
    ++frame_->payloads.back ().size;
  }

  std::shared_ptr<PacketizedFrame> frame_;
};

std::unique_ptr<Packetizer> make_nal_packetizer (Codec codec, std::size_t max_payload);
std::unique_ptr<Packetizer> make_vpx_packetizer (Codec codec, std::size_t max_payload);
std::unique_ptr<Packetizer> make_av1_packetizer (std::size_t max_payload);

} // namespace stagedoor::webrtc
