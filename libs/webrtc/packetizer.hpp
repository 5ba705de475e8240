// SPDX-License-Identifier: LGPL-2.1-or-later
// Cuts access units into RTP payloads, once per rendition for all viewers: H.264 (RFC 6184), HEVC
// (RFC 7798), VP8 (RFC 7741), VP9 (RFC 9628), AV1 (AOM RTP 1.0), Opus (RFC 7587).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "libs/base/bytes.hpp"

namespace stagedoor::webrtc {

enum class Codec { h264, h265, av1, vp8, vp9, opus };

/** One payload of a frame: where it lies in PacketizedFrame::bytes. The last one of a video frame
 * carries the marker. */
struct Payload
{
  std::uint32_t offset;
  std::uint16_t size;
};

/** One access unit cut up. Immutable once made, shared by all viewers and by the retransmission
 * history. */
struct PacketizedFrame
{
  Codec codec;
  bool keyframe = false;
  std::uint64_t first_index =
      0; ///< running number of its first packet in the rendition; filled by the caller
  std::uint32_t rtp_timestamp =
      0; ///< rendition clock; viewers add their own offset; filled by the caller
  std::int64_t arrival_us = 0; ///< monotonic time it was packetised; filled by the caller
  std::vector<Payload> payloads;
  Bytes bytes;
};

/** Not thread safe; one per rendition. */
class Packetizer
{
public:
  /** @p max_payload bytes per packet after the RTP header; no payload is ever larger. The default
   * leaves room for IPv6, UDP, RTP and SRTP in 1280 bytes. Fragments have exactly @p max_payload
   * bytes but for the last of each NAL unit or frame, so that they make long UDP_SEGMENT runs. */
  static std::unique_ptr<Packetizer> create (Codec codec, std::size_t max_payload = 1160);
  virtual ~Packetizer () = default;

  /** @p unit: Annex B for H.264/HEVC (start codes of 3 or 4 bytes), a temporal unit in low-overhead
   * OBUs for AV1, a frame for VP8/VP9, a packet for Opus. AUD and filler are left out, and so is
   * what is malformed. @p parameter_sets (Annex B VPS/SPS/PPS; for AV1 the sequence header OBU) is
   * put before a key frame that doesn't carry its own. nullptr when there is nothing to send, or
   * more than 16 MiB, or an Opus packet that doesn't fit. */
  virtual std::shared_ptr<PacketizedFrame> packetize (
      ByteView unit, bool keyframe, ByteView parameter_sets) = 0;
};

} // namespace stagedoor::webrtc
