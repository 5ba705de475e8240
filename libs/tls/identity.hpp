// SPDX-License-Identifier: LGPL-2.1-or-later
// A certificate and its private key, as TLS servers show them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/ssl.h>
#include <tl/expected.hpp>

#include "libs/base/openssl_ptr.hpp"

namespace stagedoor::tls {

/** Immutable, for any number of sessions at once; may be dropped before them. */
class Identity
{
public:
  /** From PEM: the certificate, then those that vouch for it, and the key, which mustn't be
   * encrypted. The error text is for people and quotes neither. */
  static tl::expected<std::shared_ptr<const Identity>, std::string> parse (
      std::string_view certificates, std::string_view private_key);

  SSL_CTX *context () const { return context_.get (); }

private:
  using Context = OpenSslPtr<SSL_CTX, SSL_CTX_free>;
  explicit Identity (Context context) : context_ (std::move (context)) {}

  const Context context_;
};

} // namespace stagedoor::tls
