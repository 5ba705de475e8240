// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/check/gate/bottleneck.hpp"

#include <array>
#include <chrono>
#include <deque>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include "libs/base/bytes.hpp"
#include "tests/unit/suite.hpp" // last: check.h defines "fail"

namespace stagedoor::test {
namespace {

constexpr std::size_t queue_bound = 300;

sockaddr_in
loopback (std::uint16_t port)
{
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons (port);
  out.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  return out;
}

Fd
udp ()
{
  Fd out (socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ck_assert (out.get () >= 0);
  return out;
}

/** Empty when there is none. */
Bytes
take (int socket, sockaddr_in *from)
{
  Bytes out (2048);
  socklen_t size = sizeof *from;
  const auto n = recvfrom (socket, out.data (), out.size (), 0, reinterpret_cast<sockaddr *> (from),
      from != nullptr ? &size : nullptr);
  out.resize (n > 0 ? static_cast<std::size_t> (n) : 0);
  return out;
}

} // namespace

Bottleneck::Bottleneck (std::uint16_t gate_port) : front_ (udp ()), back_ (udp ())
{
  auto address = loopback (0);
  socklen_t size = sizeof address;
  auto *generic = reinterpret_cast<sockaddr *> (&address);
  ck_assert_int_eq (bind (front_.get (), generic, size), 0);
  ck_assert_int_eq (getsockname (front_.get (), generic, &size), 0);
  port_ = ntohs (address.sin_port);
  address = loopback (gate_port);
  ck_assert_int_eq (connect (back_.get (), generic, sizeof address), 0);
  thread_ = std::thread ([this] { run (); });
}

Bottleneck::~Bottleneck ()
{
  quit_ = true;
  thread_.join ();
}

void
Bottleneck::run ()
{
  using Clock = std::chrono::steady_clock;
  sockaddr_in caller{};
  std::deque<Bytes> queue;
  double credit = 0;
  auto last = Clock::now ();
  while (!quit_) {
    std::array<pollfd, 2> waiting{{{front_.get (), POLLIN, 0}, {back_.get (), POLLIN, 0}}};
    poll (waiting.data (), waiting.size (), 1);
    for (Bytes one = take (front_.get (), &caller); !one.empty ();
         one = take (front_.get (), &caller))
      send (back_.get (), one.data (), one.size (), 0);
    for (Bytes one = take (back_.get (), nullptr); !one.empty ();
         one = take (back_.get (), nullptr))
      if (queue.size () < queue_bound)
        queue.push_back (std::move (one));
    const auto now = Clock::now ();
    credit += std::chrono::duration<double> (now - last).count () * rate_;
    last = now;
    for (; credit >= 1 && !queue.empty (); --credit, queue.pop_front ())
      sendto (front_.get (), queue.front ().data (), queue.front ().size (), 0,
          reinterpret_cast<const sockaddr *> (&caller), sizeof caller);
    if (queue.empty ())
      credit = 0;
  }
}

} // namespace stagedoor::test
