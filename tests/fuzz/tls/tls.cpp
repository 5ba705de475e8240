// SPDX-License-Identifier: LGPL-2.1-or-later
// A TLS server fed by a stranger with any bytes, in pieces: in the input, each has its length in
// two bytes before it.
#include <algorithm>
#include <cstdlib>

#include "libs/tls/session.hpp"
#include "tests/unit/tls/pem.hpp"

using namespace stagedoor;

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  static const auto pem = test::make_pem ();
  static const auto identity = tls::Identity::parse (pem.certificate, pem.private_key);
  if (!identity)
    std::abort ();
  tls::ServerSession server (**identity);
  bool failed = false;
  for (Reader reader ({data, size}); reader.remaining () > 0;) {
    const auto length = reader.u16 ();
    Bytes plain;
    const auto fed =
        server.feed (reader.take (std::min<std::size_t> (length, reader.remaining ())), plain);
    failed = failed || !fed.has_value ();
    // Nobody here shakes hands to the end, and what has failed stays so.
    if (server.is_open () || !plain.empty () || failed != !fed.has_value ())
      std::abort ();
    if (server.take_output ().size () > 64 * 1024)
      std::abort ();
  }
  return 0;
}
