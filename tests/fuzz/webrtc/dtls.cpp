// SPDX-License-Identifier: LGPL-2.1-or-later
// A server in the middle of a handshake fed with datagrams of any bytes: in the input, each has
// its length in two bytes before it. A length above 32767 stands for time that passes.
#include "libs/webrtc/dtls.hpp"

#include <algorithm>
#include <cstdlib>

using namespace stagedoor;
using namespace stagedoor::webrtc;

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  static const auto identity = DtlsIdentity::generate ();
  static const std::string fingerprint = "sha-256 " + identity->fingerprint ();
  DtlsServer server (identity, fingerprint, [] (ByteView datagram) {
    if (datagram.size () > 1200)
      std::abort ();
  });
  std::int64_t now = 1;
  for (Reader reader ({data, size}); reader.remaining () > 0;) {
    const auto length = reader.u16 ();
    if (length > 32767) {
      now += 1000 * (length - 32767);
      server.on_time (now);
    } else {
      server.feed (reader.take (std::min<std::size_t> (length, reader.remaining ())), now);
    }
    // Nobody here has a private key.
    if (server.state () == DtlsServer::State::connected)
      std::abort ();
    server.deadline ();
  }
  return 0;
}
