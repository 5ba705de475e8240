// SPDX-License-Identifier: LGPL-2.1-or-later
// STUN (RFC 8489) connectivity checks as an ICE-lite agent meets them (RFC 8445 section 2.5, 7.3).
#pragma once

#include <array>
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

/** ICE-lite: answers checks, and needs none to find a path. */
class IceLite
{
public:
  /** With an empty @p remote_ufrag the remote half of USERNAME isn't compared. @p remote_password
   * is for checks of our own. */
  IceLite (IceCredentials local, std::string remote_ufrag, std::string_view remote_password = {});

  struct Check
  {
    bool valid = false; ///< FINGERPRINT and MESSAGE-INTEGRITY hold and USERNAME is ours: @p from
                        ///< may be answered
    bool nominated = false; ///< USE-CANDIDATE was set: send media to @p from
    Bytes response;         ///< to send back; may be an error response when valid is true
  };
  /** Anything that isn't authentic yields an empty response: it is dropped without an answer and
   * without an allocation. */
  Check on_packet (ByteView packet, const Endpoint &from) const;

  /** A peer knows the password, so its checks can claim to come from anybody's address. Only who
   * answers a check of ours, with its random transaction id, receives what is sent to an address
   * (RFC 8445 section 19.5.1). */
  using Transaction = std::array<std::uint8_t, 12>;
  Bytes own_check (const Transaction &transaction) const;
  bool is_answer (ByteView packet, const Transaction &transaction) const;

  const IceCredentials &local () const { return local_; }

private:
  bool is_for_us (ByteView username) const;

  IceCredentials local_;
  std::string remote_ufrag_;
  HmacSha1 mac_; ///< keyed with the local password: a check's and its answer's (RFC 8445 7.2.2)
  HmacSha1 remote_mac_; ///< the same for checks of our own
};

} // namespace stagedoor::webrtc
