// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides by secrets and revocations: accepts Stagedoor keys, OvenMediaEngine policies, or both.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/keys/key.hpp"
#include "libs/keys/ome.hpp"
#include "libs/keys/verifier.hpp"

namespace stagedoor::keys {

struct KeyringSettings
{
  std::vector<Secret> secrets; ///< all verify; the last one mints. Empty: no Stagedoor keys
  std::set<std::string, std::less<>> revoked_keys;        ///< key ids
  std::set<std::string, std::less<>> revoked_credentials; ///< by credential_id()
  std::optional<SignedPolicy> ome;                        ///< absent: no OME policies
};

/** Immutable, hence thread safe: a change of the settings is a new Keyring. */
class Keyring final : public Verifier
{
public:
  explicit Keyring (KeyringSettings settings) : settings_ (std::move (settings)) {}

  /** A Stagedoor key comes as bearer token or as "key" in the query, an OME policy in the URL. When
   * a key and a policy are both there, the key decides. */
  tl::expected<Grant, Refusal> verify (const Request &request) const override;

  /** Why a grant that another keyring gave holds no longer under this one; nullopt when it does.
   * (Its end is the caller's to watch.) */
  std::optional<Refusal> recheck (const Grant &grant) const;

private:
  tl::expected<Grant, Refusal> verify_key (std::string_view token, const Request &request) const;
  const Secret *find_secret (std::string_view key_id) const;

  const KeyringSettings settings_;
};

} // namespace stagedoor::keys
