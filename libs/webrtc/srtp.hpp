// SPDX-License-Identifier: LGPL-2.1-or-later
// SRTP and SRTCP (RFC 3711, RFC 7714) on OpenSSL EVP contexts that are set up once and reused for
// every packet.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "libs/base/bytes.hpp"
#include "libs/webrtc/dtls.hpp"

namespace stagedoor::webrtc {

/** Largest growth of a packet by protect_rtp / protect_rtcp (tag, and index for SRTCP). */
inline constexpr std::size_t srtp_overhead = 16;
inline constexpr std::size_t srtcp_overhead = 20;

/** Protects what one session sends. Not thread safe. No allocation per packet. */
class SrtpOutbound
{
public:
  explicit SrtpOutbound (const SrtpKeys &keys);
  ~SrtpOutbound ();
  SrtpOutbound (SrtpOutbound &&) noexcept;

  /** Writes header, protected payload and tag to @p out (room for both + srtp_overhead). @p index
   * is the 48-bit packet index (ROC << 16 | SEQ) and must match the header's sequence number. The
   * same index may be protected again only with identical bytes (RFC 7714 section 8.1: a nonce
   * never protects two different texts). Returns the length; 0 when OpenSSL refuses, and then
   * nothing may be sent. */
  std::size_t protect_rtp (
      std::uint64_t index, ByteView header, ByteView payload, std::uint8_t *out);

  /** Protects a compound packet in place at @p packet with room for srtcp_overhead more; returns
   * the new length. 0 when it is no RTCP packet or the key's 2^31 packets are used up. */
  std::size_t protect_rtcp (std::uint8_t *packet, std::size_t length);

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/** Opens the media that one session receives. Not thread safe. No allocation per packet. */
class SrtpInbound
{
public:
  explicit SrtpInbound (const SrtpKeys &keys);
  ~SrtpInbound ();
  SrtpInbound (SrtpInbound &&) noexcept;

  /** In place; header and payload, with whatever padding there is. nullopt when too short, no RTP,
   * forged or replayed (window of 1024 per SSRC, at most 16 SSRCs). */
  std::optional<ByteView> unprotect (std::span<std::uint8_t> packet);

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/** Opens the RTCP that one session receives. Not thread safe. */
class SrtcpInbound
{
public:
  explicit SrtcpInbound (const SrtpKeys &keys);
  ~SrtcpInbound ();
  SrtcpInbound (SrtcpInbound &&) noexcept;

  /** In place; nullopt when too short, unencrypted, forged or replayed (window of 64 per SSRC, at
   * most 8 SSRCs). */
  std::optional<ByteView> unprotect (std::span<std::uint8_t> packet);

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace stagedoor::webrtc
