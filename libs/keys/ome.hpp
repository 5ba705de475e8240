// SPDX-License-Identifier: LGPL-2.1-or-later
// OvenMediaEngine's SignedPolicy: an URL with an HMAC-SHA-1 over itself and a small JSON policy in
// it. docs/keys.md says what is accepted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "libs/keys/verifier.hpp"

namespace stagedoor::keys {

struct SignedPolicy
{
  std::string secret; ///< used as it stands: neither base64 nor hex
  std::string policy_name = "policy";
  std::string signature_name = "signature";

  /** Whether @p url carries a policy or a signature, so that this format is meant. */
  bool is_in (std::string_view url) const;

  /** Decides by request.url, app, stream, peer and now_ms. The grant ends at "stream_expire". */
  tl::expected<Grant, Refusal> verify (const Request &request) const;
};

/** Inserts the port on which the client was accepted when @p url names none, which is what the
 * signer of an rtmp, ws or http URL has signed. (Not for srt.) */
std::string fill_port (std::string_view url, std::uint16_t port);

} // namespace stagedoor::keys
