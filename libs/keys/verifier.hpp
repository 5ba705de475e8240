// SPDX-License-Identifier: LGPL-2.1-or-later
// Says whether a credential lets somebody publish or play a stream, and if not, why in words for
// the honest user.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "libs/base/address.hpp"

namespace stagedoor::keys {

enum class Role { publish, play };

/** Why a credential was refused. explain() has the sentence for each; neither ever holds a secret,
 * a MAC or what the right value would have been. */
enum class Refusal {
  no_key,          ///< nothing was presented
  malformed,       ///< not a key of any accepted format
  unknown_key_id,  ///< minted with a secret that this server doesn't have (any more)
  wrong_signature, ///< changed, cut short, or minted for another stream
  not_yet_valid,
  expired,
  revoked,
  wrong_role,    ///< a play key can't publish and a publish key can't play
  wrong_stream,  ///< no valid name, not the one that was signed, or one that is not served here
  wrong_network, ///< the key is bound to other addresses
  not_accepted,  ///< this key format is switched off here
};

std::string_view explain (Refusal refusal);

/** Short stable name for logs, counters and JSON: "expired", "wrong-role"... */
std::string_view name (Refusal refusal);

/** What was asked for, and with which credential. Views must outlive the call only. */
struct Request
{
  Role role = Role::publish;
  std::string_view app;
  std::string_view stream;
  std::string_view query;  ///< raw query without '?': may hold key=, or policy= and signature=
  std::string_view bearer; ///< HTTP bearer token; empty when there was none
  std::string_view
      url; ///< whole URL as the client used it, port filled in; for OME SignedPolicy only
  IpAddress peer;
  std::int64_t now_ms = 0; ///< Unix time
  /** Only keys are looked at, which can't be guessed; a policy, whose secret somebody made up, is
   * refused as malformed whatever it says. */
  bool keys_only = false;
};

/** A credential that holds. */
struct Grant
{
  std::string credential_id; ///< short hash that names the credential without revealing it
  std::string key_id; ///< the secret it was minted with; "" for OME policies and public streams
  std::int64_t ends_ms = 0; ///< Unix time at which a running session must end; 0 = never
};

/** One implementation per way of deciding (key ring, public stream, ...). Called on any thread;
 * must not block. */
class Verifier
{
public:
  virtual ~Verifier () = default;
  virtual tl::expected<Grant, Refusal> verify (const Request &request) const = 0;
};

} // namespace stagedoor::keys
