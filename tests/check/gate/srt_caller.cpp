// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/check/gate/srt_caller.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

#include <arpa/inet.h>

#include "tests/check/gate/fixture.hpp"

namespace stagedoor::test {

SrtCaller::SrtCaller (std::uint16_t port, const SrtCall &call)
{
  gate::start_srt ();
  socket_ = gate::SrtSocket (srt_create_socket ());
  const auto socket = socket_.get ();
  const auto size = [] (const std::string &text) {
    return static_cast<int> (text.size ());
  };
  srt_setsockflag (socket, SRTO_STREAMID, call.streamid.data (), size (call.streamid));
  if (!call.passphrase.empty ())
    srt_setsockflag (socket, SRTO_PASSPHRASE, call.passphrase.data (), size (call.passphrase));
  if (call.key_bytes != 0)
    srt_setsockflag (socket, SRTO_PBKEYLEN, &call.key_bytes, sizeof call.key_bytes);
  if (call.latency_ms != 0)
    srt_setsockflag (socket, SRTO_RCVLATENCY, &call.latency_ms, sizeof call.latency_ms);
  constexpr bool drop = false; // what comes late, as all may on a busy machine
  srt_setsockflag (socket, SRTO_TLPKTDROP, &drop, sizeof drop);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons (port);
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (srt_connect (socket, reinterpret_cast<sockaddr *> (&address), sizeof address) != 0)
    reject_reason_ = srt_getrejectreason (socket);
}

bool
SrtCaller::send (ByteView stream)
{
  constexpr std::size_t message = 7 * 188;
  while (!stream.empty ()) {
    const auto part = stream.first (std::min (message, stream.size ()));
    if (srt_sendmsg (socket_.get (), reinterpret_cast<const char *> (part.data ()),
            static_cast<int> (part.size ()), -1, 1)
        < 0)
      return false;
    stream = stream.subspan (part.size ());
  }
  return true;
}

Bytes
SrtCaller::receive (int patience_ms)
{
  srt_setsockflag (socket_.get (), SRTO_RCVTIMEO, &patience_ms, sizeof patience_ms);
  Bytes out (2048);
  const int n = srt_recvmsg (
      socket_.get (), reinterpret_cast<char *> (out.data ()), static_cast<int> (out.size ()));
  out.resize (static_cast<std::size_t> (std::max (n, 0)));
  return out;
}

bool
SrtCaller::closed_by_peer ()
{
  return eventually ([this] { return srt_getsockstate (socket_.get ()) > SRTS_CONNECTED; });
}

std::uint16_t
open_srt_door (gate::Gate &gate, gate::SrtSettings settings)
{
  settings.latency = std::chrono::milliseconds (20);
  const auto address = gate.add_door ("srt://127.0.0.1:0", {.srt = std::move (settings)});
  ck_assert_msg (address.has_value (), "%s", address ? "" : address.error ().c_str ());
  const auto port = address->substr (address->rfind (':') + 1);
  std::uint16_t out = 0;
  std::from_chars (port.data (), port.data () + port.size (), out);
  ck_assert_uint_ne (out, 0);
  return out;
}

Bytes
transport_stream (const char *name)
{
  std::ifstream file (std::string (STAGE_TEST_DATA "/mpegts/") + name, std::ios::binary);
  Bytes out{std::istreambuf_iterator<char> (file), {}};
  ck_assert_msg (!out.empty (), "%s", name);
  return out;
}

} // namespace stagedoor::test
