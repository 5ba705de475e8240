// SPDX-License-Identifier: LGPL-2.1-or-later
// Whatever a stranger presents as a key, a policy or a key file is refused or accepted, never
// fatal; and a key that is accepted has one spelling.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "libs/base/hmac.hpp"
#include "libs/base/text.hpp"
#include "libs/keys/keyfile.hpp"
#include "libs/keys/keyring.hpp"

using namespace stagedoor;
using namespace stagedoor::keys;

namespace {

const Keyring &
ring ()
{
  static const Keyring ring (
      {.secrets = {{"k1", Bytes (32, 's')}}, .ome = SignedPolicy{.secret = "ome_is_the_best"}});
  return ring;
}

/** Signs @p url, so that the reader of the policy behind the signature is reached, too. */
void
verify_signed (std::string_view url, Request request)
{
  const auto mac = hmac_sha1 (view ("ome_is_the_best"), view (url));
  const auto signed_url = std::string (url) + "&signature=" + base64url_encode (mac);
  request.url = signed_url;
  (void)ring ().verify (request);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  const auto input = text ({data, size});
  Request request{.app = "live", .stream = "demo", .query = input, .url = input};
  request.now_ms = 1'790'000'000'000;
  (void)ring ().verify (request);
  verify_signed (input, request);
  const auto policy = "rtmp://h:1935/live/demo?policy=" + base64url_encode ({data, size});
  verify_signed (policy, request);
  request.bearer = input;
  (void)ring ().verify (request);
  (void)Scope::parse (input);
  if (const auto settings = parse_keyfile (input))
    if (!parse_keyfile (format_keyfile (*settings)))
      std::abort ();
  return 0;
}
