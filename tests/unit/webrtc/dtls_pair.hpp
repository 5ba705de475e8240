// SPDX-License-Identifier: LGPL-2.1-or-later
// A browser's end and ours, with the network between them in the test's hands.
#pragma once

#include <utility>

#include "tests/unit/webrtc/dtls_peer.hpp"

namespace stagedoor::test {

inline constexpr std::int64_t second = 1'000'000;

inline const std::shared_ptr<const webrtc::DtlsIdentity> &
identity ()
{
  static const auto made = webrtc::DtlsIdentity::generate ();
  return made;
}

/** A client and a server, with the network between them in our hands. */
struct Pair
{
  explicit Pair (const PeerOptions &options = {}) : Pair (options, "") {}
  Pair (const PeerOptions &options, const std::string &fingerprint)
      : client (options),
        server (identity (), fingerprint.empty () ? client.fingerprint () : fingerprint,
            [this] (ByteView datagram) {
              ck_assert_uint_le (datagram.size (), 1200);
              from_server.emplace_back (datagram.begin (), datagram.end ());
            })
  {
  }

  void to_server ()
  {
    while (!client.sent.empty ()) {
      const auto datagram = std::move (client.sent.front ());
      client.sent.pop_front ();
      server.feed (datagram, now);
    }
  }
  void to_client ()
  {
    while (!from_server.empty ()) {
      const auto datagram = std::move (from_server.front ());
      from_server.pop_front ();
      client.feed (datagram);
    }
  }
  void run ()
  {
    client.advance ();
    for (int i = 0; i < 6; ++i) {
      to_server ();
      to_client ();
    }
  }
  /** Lets the server's next deadline come. */
  void wait ()
  {
    ck_assert (server.deadline ().has_value ());
    now = *server.deadline ();
    server.on_time (now);
  }

  DtlsPeer client;
  std::deque<Bytes> from_server;
  webrtc::DtlsServer server;
  std::int64_t now = 5 * second;
};

} // namespace stagedoor::test
