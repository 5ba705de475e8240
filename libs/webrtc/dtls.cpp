// SPDX-License-Identifier: LGPL-2.1-or-later
// One handshake over a BIO that keeps datagrams apart.
//
// Nothing here answers with a cookie (HelloVerifyRequest, RFC 6347 section 4.2.1): a datagram only
// comes here from an address that has passed a connectivity check with our password, which proves
// more than a cookie would.
//
// OpenSSL would time retransmissions by the wall clock. Its timer is set out of reach, and lost
// flights are sent again from here: the same datagrams, at the times that the caller passes in. To
// a peer that has missed them they are new, and one that hasn't drops them as replays.
#include "libs/webrtc/dtls.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/srtp.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "libs/base/hmac.hpp"
#include "libs/webrtc/dtls_identity.hpp"
#include "libs/webrtc/dtls_records.hpp"

namespace stagedoor::webrtc {

namespace {

constexpr long max_datagram = 1200;
/** Our certificate's flight is one datagram; more only when a peer asks for oddities. */
constexpr std::size_t max_flight = 8;
constexpr std::int64_t first_resend_us = 200'000, longest_resend_us = 1'600'000;
/** Copies that the network makes arrive sooner than this after each other. */
constexpr std::int64_t shortest_resend_us = 50'000;
constexpr std::int64_t handshake_limit_us = 15'000'000;
/** OpenSSL keeps each record that comes before its ChangeCipherSpec in a buffer of 17 KiB. An
 * honest peer sends one, and again with each retransmission. */
constexpr std::size_t max_early_records = 16;

unsigned
never (SSL *, unsigned)
{
  return std::numeric_limits<unsigned>::max ();
}

const EVP_MD *
digest_of (FingerprintHash hash)
{
  switch (hash) {
    case FingerprintHash::sha384:
      return EVP_sha384 ();
    case FingerprintHash::sha512:
      return EVP_sha512 ();
    case FingerprintHash::sha256:
      break;
  }
  return EVP_sha256 ();
}

} // namespace

struct DtlsServer::Impl final : CertificateJudge
{
  std::shared_ptr<const DtlsIdentity> identity; ///< whose context the session uses
  std::optional<Fingerprint> expected;
  std::function<void (ByteView)> send;
  OpenSslPtr<SSL, SSL_free> ssl; ///< null when failed or closed
  State state = State::handshaking;
  const char *failure = "";
  bool certificate_refused = false;
  SrtpKeys keys{};

  ByteView input; ///< the datagram in hand, until OpenSSL has read it
  std::vector<Bytes> flight;
  bool answering = false;   ///< nothing was sent yet in reply to the datagram in hand
  std::int64_t sent_at = 0; ///< the flight, last
  std::size_t early = 0;    ///< records of a later epoch so far
  std::int64_t resend_after = 0, give_up_at = 0;

  ~Impl () { OPENSSL_cleanse (&keys, sizeof keys); }

  static const BIO_METHOD *bio_method ();
  static int bio_read (BIO *bio, char *out, int size);
  static int bio_write (BIO *bio, const char *in, int size);
  static long bio_control (BIO *bio, int command, long number, void *pointer);

  bool open_session (SSL_CTX *context);
  bool accepts (const X509 &certificate) override;
  void finish (State final_state, const char *why);
  void fail (const char *why) { finish (State::failed, why); }
  void handshake ();
  void resend (std::int64_t now_us);
  void read_after_handshake ();
  bool export_keys ();
};

const BIO_METHOD *
DtlsServer::Impl::bio_method ()
{
  static const BIO_METHOD *const method = [] () -> BIO_METHOD * {
    const auto made = BIO_meth_new (BIO_get_new_index () | BIO_TYPE_SOURCE_SINK, "datagrams");
    if (made != nullptr) {
      BIO_meth_set_read (made, bio_read);
      BIO_meth_set_write (made, bio_write);
      BIO_meth_set_ctrl (made, bio_control);
    }
    return made;
  }();
  return method;
}

int
DtlsServer::Impl::bio_read (BIO *bio, char *out, int size)
{
  const auto self = static_cast<Impl *> (BIO_get_data (bio));
  BIO_clear_retry_flags (bio);
  if (self->input.empty ()) {
    BIO_set_retry_read (bio);
    return -1;
  }
  const auto part =
      self->input.first (std::min (self->input.size (), static_cast<std::size_t> (size)));
  self->input = {};
  std::copy (part.begin (), part.end (), reinterpret_cast<std::uint8_t *> (out));
  return static_cast<int> (part.size ());
}

int
DtlsServer::Impl::bio_write (BIO *bio, const char *in, int size)
{
  const auto self = static_cast<Impl *> (BIO_get_data (bio));
  const auto datagram = view ({in, static_cast<std::size_t> (size)});
  if (self->state == State::handshaking) {
    if (std::exchange (self->answering, false))
      self->flight.clear ();
    if (self->flight.size () < max_flight)
      self->flight.emplace_back (datagram.begin (), datagram.end ());
  }
  self->send (datagram);
  return size;
}

long
DtlsServer::Impl::bio_control (BIO *, int command, long, void *)
{
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

bool
DtlsServer::Impl::open_session (SSL_CTX *context)
{
  ssl.reset (SSL_new (context));
  BIO *const bio = ssl && bio_method () ? BIO_new (bio_method ()) : nullptr;
  if (bio == nullptr)
    return false;
  BIO_set_data (bio, this);
  BIO_set_init (bio, 1);
  SSL_set_bio (ssl.get (), bio, bio);
  SSL_set_app_data (ssl.get (), static_cast<CertificateJudge *> (this));
  SSL_set_mtu (ssl.get (), max_datagram);
  DTLS_set_timer_cb (ssl.get (), never);
  SSL_set_accept_state (ssl.get ());
  return true;
}

bool
DtlsServer::Impl::accepts (const X509 &certificate)
{
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  const bool same =
      X509_digest (&certificate, digest_of (expected->hash), digest.data (), &size) == 1
      && equal_constant_time (ByteView (digest).first (size), expected->digest);
  certificate_refused = !same;
  return same;
}

void
DtlsServer::Impl::finish (State final_state, const char *why)
{
  state = final_state;
  failure = why;
  ssl.reset ();
  flight = {};
}

void
DtlsServer::Impl::handshake ()
{
  ERR_clear_error ();
  const int result = SSL_do_handshake (ssl.get ());
  if (result == 1) {
    if (!export_keys ()) {
      SSL_shutdown (ssl.get ());
      return fail ("the peer has no SRTP protection profile in common with us");
    }
    state = State::connected;
    flight = {};
    return;
  }
  if (SSL_get_error (ssl.get (), result) == SSL_ERROR_WANT_READ)
    return;
  if (certificate_refused)
    return fail ("the peer's certificate isn't the one whose fingerprint it offered");
  const char *const reason = ERR_reason_error_string (ERR_peek_error ());
  fail (reason != nullptr ? reason : "the handshake broke off");
}

void
DtlsServer::Impl::resend (std::int64_t now_us)
{
  sent_at = now_us;
  resend_after = std::min (2 * resend_after, longest_resend_us);
  for (const auto &datagram : flight)
    send (datagram);
}

/** RFC 5764 section 4.2: client key, server key, client salt, server salt. We are the server. */
bool
DtlsServer::Impl::export_keys ()
{
  static constexpr std::string_view label = "EXTRACTOR-dtls_srtp";
  const SRTP_PROTECTION_PROFILE *const chosen = SSL_get_selected_srtp_profile (ssl.get ());
  if (chosen == nullptr)
    return false;
  const bool gcm = chosen->id == SRTP_AEAD_AES_128_GCM;
  keys.profile = gcm ? SrtpProfile::aead_aes_128_gcm : SrtpProfile::aes128_cm_sha1_80;
  const std::size_t salt_size = gcm ? 12 : 14, key_size = keys.local_key.size ();
  std::array<std::uint8_t, 2 * (16 + 14)> material;
  const auto size = 2 * (key_size + salt_size);
  if (SSL_export_keying_material (
          ssl.get (), material.data (), size, label.data (), label.size (), nullptr, 0, 0)
      != 1)
    return false;
  auto at = material.begin ();
  const auto take = [&at] (auto &out, std::size_t n) {
    std::copy_n (at, n, out.begin ());
    at += static_cast<std::ptrdiff_t> (n);
  };
  take (keys.remote_key, key_size);
  take (keys.local_key, key_size);
  take (keys.remote_salt, salt_size);
  take (keys.local_salt, salt_size);
  OPENSSL_cleanse (material.data (), material.size ());
  return true;
}

/** Only close_notify matters from now on, and a repeated Finished, which OpenSSL answers. */
void
DtlsServer::Impl::read_after_handshake ()
{
  std::array<char, 256> ignored;
  int result = 0;
  do {
    ERR_clear_error ();
    result = SSL_read (ssl.get (), ignored.data (), ignored.size ());
  } while (result > 0);
  if (SSL_get_error (ssl.get (), result) == SSL_ERROR_WANT_READ)
    return;
  SSL_shutdown (ssl.get ());
  finish (State::closed, "");
}

DtlsServer::DtlsServer (std::shared_ptr<const DtlsIdentity> identity,
    std::string_view remote_fingerprint, std::function<void (ByteView)> send)
    : impl_ (new Impl)
{
  impl_->expected = Fingerprint::parse (remote_fingerprint);
  impl_->send = std::move (send);
  if (!impl_->expected)
    impl_->fail ("the offer's fingerprint can't be checked");
  else if (!impl_->open_session (identity->impl_->context.get ()))
    impl_->fail ("OpenSSL can't open a session");
  impl_->identity = std::move (identity);
}

DtlsServer::~DtlsServer () = default;

DtlsServer::State
DtlsServer::feed (ByteView datagram, std::int64_t now_us)
{
  auto &self = *impl_;
  const auto records = look_at_records (datagram);
  if (!self.ssl || datagram.empty () || !records.sound)
    return self.state;
  if (self.state == State::handshaking) {
    self.early += records.early;
    if (self.early > max_early_records)
      return self.state;
    if (self.give_up_at == 0)
      self.give_up_at = now_us + handshake_limit_us;
    self.input = datagram;
    self.answering = true;
    self.handshake ();
    if (!self.answering) {
      self.resend_after = first_resend_us;
      self.sent_at = now_us;
    } else if (records.hello && now_us >= self.sent_at + shortest_resend_us) {
      // It says hello again because it hasn't heard us (RFC 6347 section 4.2.4).
      self.resend (now_us);
    }
  } else {
    self.input = datagram;
    SSL_alloc_buffers (self.ssl.get ());
  }
  if (self.state == State::connected) {
    self.read_after_handshake ();
    // 34 KiB that a session hardly ever needs again.
    if (self.ssl)
      SSL_free_buffers (self.ssl.get ());
  }
  self.input = {};
  return self.state;
}

DtlsServer::State
DtlsServer::on_time (std::int64_t now_us)
{
  auto &self = *impl_;
  if (self.state != State::handshaking || self.give_up_at == 0)
    return self.state;
  if (now_us >= self.give_up_at) {
    self.fail ("the handshake took too long");
  } else if (now_us >= self.sent_at + self.resend_after) {
    self.resend (now_us);
  }
  return self.state;
}

std::optional<std::int64_t>
DtlsServer::deadline () const
{
  if (impl_->state != State::handshaking || impl_->give_up_at == 0)
    return std::nullopt;
  return impl_->flight.empty ()
             ? impl_->give_up_at
             : std::min (impl_->sent_at + impl_->resend_after, impl_->give_up_at);
}

DtlsServer::State
DtlsServer::state () const
{
  return impl_->state;
}

const SrtpKeys &
DtlsServer::keys () const
{
  return impl_->keys;
}

void
DtlsServer::close ()
{
  if (impl_->state == State::connected) {
    ERR_clear_error ();
    SSL_alloc_buffers (impl_->ssl.get ());
    SSL_shutdown (impl_->ssl.get ());
  }
  if (impl_->state != State::failed)
    impl_->finish (State::closed, "");
}

std::string_view
DtlsServer::failure () const
{
  return impl_->failure;
}

} // namespace stagedoor::webrtc
