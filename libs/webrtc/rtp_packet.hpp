// SPDX-License-Identifier: LGPL-2.1-or-later
// One RTP packet (RFC 3550 section 5.1) taken apart.
#pragma once

#include <cstdint>
#include <optional>

#include "libs/base/bytes.hpp"

namespace stagedoor::webrtc {

/** Views into the packet it was read from. */
struct RtpPacket
{
  std::uint8_t payload_type;
  bool marker;
  std::uint16_t sequence;
  std::uint32_t timestamp, ssrc;
  std::uint16_t extension_profile; ///< 0 without a header extension
  ByteView extension;
  ByteView payload; ///< without padding
};

/** nullopt unless all lengths in it fit. */
std::optional<RtpPacket> parse_rtp (ByteView packet);

/** @p packet without its list of contributing sources, which mixers have. Empty when that doesn't
 * fit. */
Bytes without_contributors (ByteView packet);

/** The element @p id of a one-byte header extension (RFC 8285 section 4.2); nullopt when there is
 * none. */
std::optional<ByteView> extension_element (const RtpPacket &packet, std::uint8_t id);

/** The packet that @p retransmission repeats (RFC 4588 section 4), for the source and the payload
 * type that it is of; without a header extension. Empty when it repeats nothing: it only probes. */
Bytes restore (const RtpPacket &retransmission, std::uint32_t ssrc, std::uint8_t payload_type);

} // namespace stagedoor::webrtc
