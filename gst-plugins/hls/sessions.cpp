// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/hls/sessions.hpp"

#include <openssl/rand.h>

#include "libs/base/text.hpp"

namespace stagedoor::hlssink {
namespace {

constexpr std::size_t id_size = 9, mac_size = 9, token_size = (id_size + mac_size) * 4 / 3;

/** Of the process. */
const Bytes &
random_secret ()
{
  static const Bytes secret = [] {
    Bytes out (32);
    RAND_bytes (out.data (), static_cast<int> (out.size ()));
    return out;
  }();
  return secret;
}

} // namespace

Sessions::Sessions (const std::string &place)
    : secret_ (hmac_sha256 (random_secret (), view (place)))
{
}

std::string
Sessions::new_token () const
{
  Bytes out (id_size);
  RAND_bytes (out.data (), id_size);
  const auto mac = hmac_sha256 (secret_, out);
  out.insert (out.end (), mac.begin (), mac.begin () + mac_size);
  return base64url_encode (out);
}

bool
Sessions::touch (std::string_view token, Clock::time_point now)
{
  if (token.size () != token_size)
    return false;
  if (const auto known = seen_.find (std::string (token)); known != seen_.end ()) {
    known->second = now;
    return true;
  }
  const auto bytes = base64url_decode (token);
  if (!bytes)
    return false;
  const auto id = ByteView (*bytes).first (id_size);
  const auto mac = hmac_sha256 (secret_, id);
  if (!equal_constant_time (ByteView (*bytes).subspan (id_size), ByteView (mac).first (mac_size)))
    return false;
  if (seen_.size () < most) {
    seen_.emplace (token, now);
    ++joined_;
  }
  return true;
}

void
Sessions::expire (Clock::time_point now, std::chrono::seconds patience)
{
  std::erase_if (seen_, [&] (const auto &entry) { return now - entry.second > patience; });
}

} // namespace stagedoor::hlssink
