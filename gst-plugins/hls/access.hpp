// SPDX-License-Identifier: LGPL-2.1-or-later
// Who may watch, by the key in the URI.
#pragma once

#include <memory>
#include <optional>

#include "gst-plugins/common/http_server.hpp"
#include "libs/keys/verifier.hpp"

namespace stagedoor::hlssink {

/** Immutable. */
class Access
{
public:
  /** Without a verifier anybody may. With one, @p path has to end in /APP/STREAM: nullopt if not.
   */
  static std::optional<Access> open (
      std::shared_ptr<const keys::Verifier> verifier, const std::string &path);

  /** nullopt: may. */
  std::optional<keys::Refusal> check (const http::Request &request, std::uint16_t port) const;
  bool is_public () const { return verifier_ == nullptr; }

private:
  std::shared_ptr<const keys::Verifier> verifier_;
  std::string path_, app_, stream_;
};

/** 401 or 403. */
void respond_refused (const http::Request &request, keys::Refusal refusal);

} // namespace stagedoor::hlssink
