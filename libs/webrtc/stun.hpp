// SPDX-License-Identifier: LGPL-2.1-or-later
// STUN (RFC 8489) connectivity checks as an ICE-lite agent meets them (RFC 8445 section 2.5, 7.3).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/base/address.hpp"
#include "libs/base/bytes.hpp"
#include "libs/webrtc/srtp_hmac.hpp"

namespace stagedoor::webrtc {

/** First-byte demultiplexing of RFC 7983. */
enum class PacketKind { stun, dtls, rtp, rtcp, unknown };
PacketKind classify (ByteView packet);

/** The local half (before ':') of USERNAME in a binding request, without any check of it: finds the
 * session that a datagram from an unknown address may belong to. Views into @p packet. nullopt when
 * it isn't a binding request. */
std::optional<std::string_view> local_ufrag_of (ByteView packet);

struct IceCredentials
{
  std::string ufrag;
  std::string password;
};

/** Fresh random credentials: 48 bits of ufrag, 144 of password (RFC 8445 section 5.3). */
IceCredentials make_ice_credentials ();

/** ICE-lite: answers checks, never sends any. */
class IceLite
{
public:
  /** With an empty @p remote_ufrag the remote half of USERNAME isn't compared. */
  IceLite (IceCredentials local, std::string remote_ufrag);

  struct Check
  {
    bool valid = false; ///< FINGERPRINT and MESSAGE-INTEGRITY hold and USERNAME is ours: @p from
                        ///< may be trusted
    bool nominated = false; ///< USE-CANDIDATE was set: send media to @p from
    Bytes response;         ///< to send back; may be an error response when valid is true
  };
  /** Anything that isn't authentic yields an empty response: it is dropped without an answer and
   * without an allocation. */
  Check on_packet (ByteView packet, const Endpoint &from) const;

  const IceCredentials &local () const { return local_; }

private:
  bool is_for_us (ByteView username) const;

  IceCredentials local_;
  std::string remote_ufrag_;
  HmacSha1 mac_; ///< keyed with the local password, which both directions use (RFC 8445 7.2.2)
};

} // namespace stagedoor::webrtc
