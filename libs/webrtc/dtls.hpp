// SPDX-License-Identifier: LGPL-2.1-or-later
// DTLS 1.2 server for DTLS-SRTP (RFC 5764) on OpenSSL: datagrams in, datagrams out, time passed in.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/bytes.hpp"

namespace stagedoor::webrtc {

enum class SrtpProfile { aead_aes_128_gcm, aes128_cm_sha1_80 };

/** Master keys of one session, split by direction (RFC 5764 section 4.2). The 96-bit salts of GCM
 * are followed by zeros, as key derivation wants them (RFC 7714 section 11). */
struct SrtpKeys
{
  using Key = std::array<std::uint8_t, 16>;
  using Salt = std::array<std::uint8_t, 14>;

  SrtpProfile profile;
  Key local_key; ///< protects what we send
  Salt local_salt;
  Key remote_key; ///< protects what the peer sends
  Salt remote_salt;
};

/** The process's self-signed P-256 certificate and the SSL context shared by all sessions. Any
 * thread.
 */
class DtlsIdentity
{
public:
  /** Null when OpenSSL can't (out of entropy or memory). */
  static std::shared_ptr<const DtlsIdentity> generate ();
  ~DtlsIdentity ();
  /** "AB:CD:..." of SHA-256, for a=fingerprint. */
  const std::string &fingerprint () const;

private:
  friend class DtlsServer;
  struct Impl;
  explicit DtlsIdentity (std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/** One handshake. Any thread, one at a time. Times are monotonic microseconds. Failed and closed
 * are final: everything fed later is ignored. Feed it only what comes from an address that has
 * passed a connectivity check: no cookie is asked for. It gives up 15 s after the first datagram.
 */
class DtlsServer
{
public:
  enum class State { handshaking, connected, failed, closed };

  /** @p remote_fingerprint as in the offer: "sha-256 AB:CD:…" (sha-256, -384 and -512 accepted,
   * case-insensitive); anything else fails at once.
   *  @p send gets each outgoing datagram (at most 1200 bytes), during the calls below. */
  DtlsServer (std::shared_ptr<const DtlsIdentity> identity, std::string_view remote_fingerprint,
      std::function<void (ByteView)> send);
  ~DtlsServer ();

  State feed (ByteView datagram, std::int64_t now_us);
  /** Retransmits when due; call when deadline() has passed. */
  State on_time (std::int64_t now_us);
  /** Next time on_time() has something to do; nullopt when nothing is outstanding. */
  std::optional<std::int64_t> deadline () const;
  State state () const;

  /** Valid once connected. */
  const SrtpKeys &keys () const;
  /** close_notify, best effort. */
  void close ();
  /** Why it failed, for the log: no secret, no peer text. Empty unless failed. */
  std::string_view failure () const;

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace stagedoor::webrtc
