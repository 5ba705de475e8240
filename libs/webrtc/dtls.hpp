// SPDX-License-Identifier: LGPL-2.1-or-later
// DTLS 1.2 server for DTLS-SRTP (RFC 5764) on OpenSSL memory BIOs: datagrams in, datagrams out,
// time passed in.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "libs/base/bytes.hpp"

namespace stagedoor::webrtc {

enum class SrtpProfile { aead_aes_128_gcm, aes128_cm_sha1_80 };

/** Keying material of one session, split by direction (RFC 5764 section 4.2). */
struct SrtpKeys
{
  SrtpProfile profile;
  Bytes local_key, local_salt;   ///< protects what we send
  Bytes remote_key, remote_salt; ///< protects what the peer sends
};

/** The process's P-256 certificate and the SSL context shared by all sessions. */
class DtlsIdentity
{
public:
  static std::shared_ptr<const DtlsIdentity> generate ();
  virtual ~DtlsIdentity () = default;
  /** "AB:CD:..." of SHA-256, for a=fingerprint. */
  virtual const std::string &fingerprint () const = 0;
};

/** One handshake. Any thread, one at a time. */
class DtlsServer
{
public:
  enum class State { handshaking, connected, failed, closed };

  /** @p remote_fingerprint as in the offer: "sha-256 AB:CD:…" (sha-256, -384 and -512 accepted,
   * case-insensitive).
   *  @p send gets each outgoing datagram, during the calls below. */
  DtlsServer (std::shared_ptr<const DtlsIdentity> identity, std::string remote_fingerprint,
      std::function<void (ByteView)> send);
  ~DtlsServer ();

  State feed (ByteView datagram);
  /** Retransmits when due; call when deadline() passed. */
  State on_time (std::int64_t now_us);
  std::optional<std::int64_t> deadline (std::int64_t now_us) const;
  State state () const;

  /** Valid once connected. The SSL object's handshake buffers are freed as far as OpenSSL allows.
   */
  const SrtpKeys &keys () const;
  /** close_notify, best effort. */
  void close ();
  /** Why it failed, for the log: no secret, no peer text. */
  const std::string &failure () const;

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace stagedoor::webrtc
