// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads PEM into the context of all sessions.
#include "libs/tls/identity.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

namespace stagedoor::tls {
namespace {

using Bio = OpenSslPtr<BIO, BIO_free_all>;
using Certificate = OpenSslPtr<X509, X509_free>;
using Key = OpenSslPtr<EVP_PKEY, EVP_PKEY_free>;

constexpr int longest_chain = 10;

/** OpenSSL would ask on the terminal. */
int
no_password (char *, int, int, void *)
{
  return -1;
}

Bio
bio_of (std::string_view text)
{
  return Bio (BIO_new_mem_buf (text.data (), static_cast<int> (text.size ())));
}

/** @p what and OpenSSL's reason, which has nothing of the input. */
tl::unexpected<std::string>
fail (std::string what)
{
  if (const char *reason = ERR_reason_error_string (ERR_peek_last_error ()))
    what.append (": ").append (reason);
  ERR_clear_error ();
  return tl::unexpected (std::move (what));
}

tl::expected<void, std::string>
use_chain (SSL_CTX *context, std::string_view text)
{
  const auto bio = bio_of (text);
  const auto next = [&bio] {
    return Certificate (PEM_read_bio_X509 (bio.get (), nullptr, no_password, nullptr));
  };
  const auto own = next ();
  if (!own)
    return fail ("there is no certificate in PEM");
  if (SSL_CTX_use_certificate (context, own.get ()) != 1)
    return fail ("the certificate is of no use");
  int length = 1;
  for (auto issuer = next (); issuer; issuer = next ()) {
    if (++length > longest_chain)
      return tl::unexpected (
          "there are more than " + std::to_string (longest_chain) + " certificates");
    if (SSL_CTX_add0_chain_cert (context, issuer.get ()) != 1)
      return fail ("a certificate of the chain is of no use");
    (void)issuer.release (); // the context's now
  }
  // Where no other certificate begins the text is over; anything else is one cut short.
  if (ERR_GET_REASON (ERR_peek_last_error ()) != PEM_R_NO_START_LINE)
    return fail ("a certificate of the chain is broken");
  ERR_clear_error ();
  return {};
}

tl::expected<void, std::string>
use_key (SSL_CTX *context, std::string_view text)
{
  const auto bio = bio_of (text);
  const Key key (PEM_read_bio_PrivateKey (bio.get (), nullptr, no_password, nullptr));
  if (!key)
    return fail ("there is no private key in PEM without a password");
  if (SSL_CTX_use_PrivateKey (context, key.get ()) != 1 || SSL_CTX_check_private_key (context) != 1)
    return fail ("the private key isn't the certificate's");
  return {};
}

} // namespace

tl::expected<std::shared_ptr<const Identity>, std::string>
Identity::parse (std::string_view certificates, std::string_view private_key)
{
  ERR_clear_error ();
  Context context (SSL_CTX_new (TLS_server_method ()));
  SSL_CTX *const c = context.get ();
  if (!context || SSL_CTX_set_min_proto_version (c, TLS1_2_VERSION) != 1)
    return fail ("there is no TLS");
  // Sessions last for hours, so there is nothing to gain from resuming one.
  SSL_CTX_set_options (c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION
                              | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_num_tickets (c, 0);
  SSL_CTX_set_session_cache_mode (c, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode (c, SSL_MODE_RELEASE_BUFFERS);
  if (auto used = use_chain (c, certificates); !used)
    return tl::unexpected (used.error ());
  if (auto used = use_key (c, private_key); !used)
    return tl::unexpected (used.error ());
  return std::shared_ptr<const Identity> (new Identity (std::move (context)));
}

} // namespace stagedoor::tls
