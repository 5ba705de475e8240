// SPDX-License-Identifier: LGPL-2.1-or-later
// The Stagedoor key: mints and reads the short signed credential that docs/keys.md describes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "libs/base/bytes.hpp"
#include "libs/keys/verifier.hpp"

namespace stagedoor::keys {

/** A signing secret and the id by which keys name it. */
struct Secret
{
  std::string id; ///< 1 to 8 of [A-Za-z0-9]
  Bytes bytes;    ///< 16 to 64 bytes
};

/** One stream ("live/demo"), or every stream of an app whose name starts alike ("live/cam*"). */
struct Scope
{
  std::string app;
  std::string stream; ///< the name, or with any_suffix the part before the '*', maybe empty
  bool any_suffix = false;

  /** Reads "live/demo" or "live/cam*"; a lone '*' after the slash means every stream of the app. */
  static std::optional<Scope> parse (std::string_view text);
};

struct Claims
{
  Role role = Role::publish;
  Scope scope;
  std::int64_t not_before = 0;    ///< Unix time in seconds; 0 = from the beginning
  std::int64_t expires = 0;       ///< Unix time in seconds, the first at which it no longer holds;
                                  ///< 0 = never
  std::optional<Network> network; ///< source addresses; IPv6 up to /64
};

/** Returns the token that goes after "key="; at most 73 characters. The error says which claim
 * can't be expressed. */
tl::expected<std::string, std::string> mint (const Secret &secret, const Claims &claims);

/** What can be read from a token without its secret. Proves nothing until signed_by() held. */
struct Key
{
  std::string_view token; ///< borrowed from the caller of parse()
  std::string_view key_id;
  Role role = Role::publish;
  std::optional<std::size_t> prefix; ///< length of the stream name's prefix; nullopt = exact name
  std::int64_t not_before = 0;       ///< as in Claims
  std::int64_t expires = 0;          ///< as in Claims
  std::optional<Network> network;
  std::array<std::uint8_t, 16> mac{};

  /** Strict: every token has exactly one spelling. nullopt for anything else. */
  static std::optional<Key> parse (std::string_view token);

  /** True when @p secret signed this key for @p app / @p stream. Constant time in the MAC. */
  bool signed_by (const Secret &secret, std::string_view app, std::string_view stream) const;
};

/** 16 characters that name a credential in logs and revocation lists, and don't reveal it. */
std::string credential_id (std::string_view credential);

bool is_valid_key_id (std::string_view id);

} // namespace stagedoor::keys
