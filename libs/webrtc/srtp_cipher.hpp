// SPDX-License-Identifier: LGPL-2.1-or-later
// Authenticated encryption of one packet in either SRTP profile, the same for RTP and RTCP.
#pragma once

#include <memory>

#include "libs/webrtc/srtp_kdf.hpp"

namespace stagedoor::webrtc {

inline constexpr std::size_t gcm_tag_size = 16, sha1_tag_size = 10;

// Of packets, whoever sends them.
inline constexpr std::size_t rtp_header_min = 12, rtcp_header = 8, srtcp_index_size = 4;
inline constexpr std::uint32_t encrypted_flag = 0x80000000; ///< in the word with the SRTCP index

/** The four bytes at @p at. */
inline std::uint32_t
get_u32 (ByteView bytes, std::size_t at)
{
  return Reader (bytes.subspan (at)).u32 ();
}

/** The nonce of a packet: never the same for two different packets. */
struct PacketId
{
  std::uint32_t ssrc;
  std::uint64_t index; ///< 48 bits: ROC and SEQ of RTP, the 31-bit index of RTCP
};

/** One key, one direction; a context that is set up once. Not thread safe, no allocation per
 * packet. */
class SrtpCipher
{
public:
  enum class Direction { seal, open };
  static std::unique_ptr<SrtpCipher> create (
      SrtpProfile profile, const SessionKeys &keys, Direction direction);
  virtual ~SrtpCipher () = default;

  virtual std::size_t tag_size () const = 0;

  /** Encrypts @p text to @p out (may be the same place) and writes tag_size() bytes to @p tag.
   * @p before and @p after are authenticated with it. False when OpenSSL refuses. */
  virtual bool seal (PacketId id, ByteView before, ByteView text, ByteView after, std::uint8_t *out,
      std::uint8_t *tag) = 0;

  /** The reverse, in place; false when forged, and then @p text is worthless. */
  virtual bool open (
      PacketId id, ByteView before, std::span<std::uint8_t> text, ByteView after, ByteView tag) = 0;
};

} // namespace stagedoor::webrtc
