// SPDX-License-Identifier: LGPL-2.1-or-later
// OpenSSL on a BIO that reads what feed() got and writes into the output.
#include "libs/tls/session.hpp"

#include <algorithm>

#include <openssl/err.h>

namespace stagedoor::tls {
namespace {

constexpr std::size_t largest_record = 16 * 1024;

} // namespace

ServerSession::ServerSession (const Identity &identity) : ssl_ (SSL_new (identity.context ()))
{
  BIO *const bio = ssl_ && bio_method () != nullptr ? BIO_new (bio_method ()) : nullptr;
  if (bio == nullptr) {
    ssl_.reset ();
    state_ = State::failed;
    return;
  }
  BIO_set_data (bio, this);
  BIO_set_init (bio, 1);
  SSL_set_bio (ssl_.get (), bio, bio);
  SSL_set_accept_state (ssl_.get ());
}

const BIO_METHOD *
ServerSession::bio_method ()
{
  static const BIO_METHOD *const method = [] () -> BIO_METHOD * {
    const auto made = BIO_meth_new (BIO_get_new_index () | BIO_TYPE_SOURCE_SINK, "stream");
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
ServerSession::bio_read (BIO *bio, char *out, int size)
{
  auto &input = static_cast<ServerSession *> (BIO_get_data (bio))->input_;
  BIO_clear_retry_flags (bio);
  if (input.empty ()) {
    BIO_set_retry_read (bio);
    return -1;
  }
  const auto part = input.first (std::min (input.size (), static_cast<std::size_t> (size)));
  input = input.subspan (part.size ());
  std::copy (part.begin (), part.end (), reinterpret_cast<std::uint8_t *> (out));
  return static_cast<int> (part.size ());
}

int
ServerSession::bio_write (BIO *bio, const char *in, int size)
{
  auto &output = static_cast<ServerSession *> (BIO_get_data (bio))->output_;
  output.insert (output.end (), in, in + size);
  return size;
}

long
ServerSession::bio_control (BIO *, int command, long, void *)
{
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

tl::expected<void, std::string>
ServerSession::feed (ByteView bytes, Bytes &plain)
{
  if (state_ == State::failed)
    return tl::unexpected (std::string ("TLS: it has failed"));
  input_ = bytes;
  ERR_clear_error ();
  while (!over_) {
    const auto before = plain.size ();
    plain.resize (before + largest_record);
    const int n = SSL_read (ssl_.get (), plain.data () + before, largest_record);
    plain.resize (before + static_cast<std::size_t> (std::max (n, 0)));
    if (SSL_is_init_finished (ssl_.get ()))
      state_ = State::open;
    if (n > 0)
      continue;
    const int error = SSL_get_error (ssl_.get (), n);
    if (error == SSL_ERROR_WANT_READ)
      break;
    if (error != SSL_ERROR_ZERO_RETURN)
      return fail ();
    over_ = true;
  }
  input_ = {};
  return {};
}

void
ServerSession::send (ByteView plain)
{
  if (state_ != State::open)
    return;
  ERR_clear_error ();
  while (!plain.empty ()) {
    const auto part = plain.first (std::min (plain.size (), largest_record));
    if (SSL_write (ssl_.get (), part.data (), static_cast<int> (part.size ())) <= 0) {
      fail ();
      return;
    }
    plain = plain.subspan (part.size ());
  }
}

void
ServerSession::close ()
{
  if (state_ != State::open || (SSL_get_shutdown (ssl_.get ()) & SSL_SENT_SHUTDOWN) != 0)
    return;
  ERR_clear_error ();
  SSL_shutdown (ssl_.get ());
}

tl::unexpected<std::string>
ServerSession::fail ()
{
  const char *reason = ERR_reason_error_string (ERR_peek_last_error ());
  ERR_clear_error ();
  state_ = State::failed;
  input_ = {};
  return tl::unexpected (std::string ("TLS: ") + (reason != nullptr ? reason : "it failed"));
}

} // namespace stagedoor::tls
