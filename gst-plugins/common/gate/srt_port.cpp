// SPDX-License-Identifier: LGPL-2.1-or-later
// Lending a UDP port to libsrt, and taking it back.
#include "gst-plugins/common/gate/srt_port.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "gst-plugins/common/listen_address.hpp"

namespace stagedoor::gate {
namespace {

/** For a few hundred publishers; the kernel's own limit may be lower. */
constexpr int udp_buffer = 4 * 1024 * 1024;
/** Of each viewer, while it is slow. */
constexpr int send_buffer = 2 * 1024 * 1024;

template <class T>
bool
set (SRTSOCKET socket, SRT_SOCKOPT option, T value)
{
  return srt_setsockflag (socket, option, &value, sizeof value) == 0;
}

/** Negative, with errno, when it can't be. */
Fd
bind_udp (const Endpoint &at, bool v4)
{
  Fd out (socket (v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage address{};
  auto size = to_sockaddr (at, address);
  if (v4) {
    sockaddr_in in4{};
    in4.sin_family = AF_INET;
    in4.sin_port = htons (at.port);
    std::memcpy (&in4.sin_addr, at.ip.bytes.data () + 12, sizeof in4.sin_addr);
    std::memcpy (&address, &in4, size = sizeof in4);
  }
  const int only_v6 = at.ip == IpAddress{} ? 0 : 1;
  const bool ready =
      out.get () >= 0
      && (v4 || setsockopt (out.get (), IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof only_v6) == 0)
      && bind (out.get (), reinterpret_cast<sockaddr *> (&address), size) == 0;
  return ready ? std::move (out) : Fd ();
}

/** Libsrt reads in a loop and leaves it to the socket to wait. */
Fd
unbound_udp (int family)
{
  Fd out (socket (family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const timeval wait{.tv_sec = 0, .tv_usec = 10'000};
  const bool ready =
      out.get () >= 0 && setsockopt (out.get (), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0;
  return ready ? std::move (out) : Fd ();
}

sockaddr_storage
own_address (int socket)
{
  sockaddr_storage out{};
  socklen_t size = sizeof out;
  getsockname (socket, reinterpret_cast<sockaddr *> (&out), &size);
  return out;
}

} // namespace

tl::expected<void, std::string>
SrtPort::open (const Endpoint &at)
{
  const auto failure = [] {
    return tl::unexpected (std::string (std::strerror (errno)));
  };
  const bool all = at.ip == IpAddress{};
  socket_ = bind_udp (at, at.ip.is_v4 () && !all);
  if (socket_.get () < 0 && all && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
    socket_ = bind_udp (at, true); // a kernel without IPv6
  if (socket_.get () < 0)
    return failure ();
  aside_ = unbound_udp (own_address (socket_.get ()).ss_family);
  if (aside_.get () < 0)
    return failure ();
  return {};
}

std::uint16_t
SrtPort::number () const
{
  return from_sockaddr (own_address (socket_.get ())).port;
}

tl::expected<void, std::string>
SrtPort::wake (const SrtListenOptions &options)
{
  const auto failure = [] {
    return tl::unexpected (std::string (srt_getlasterror_str ()));
  };
  SrtSocket listener (srt_create_socket ());
  const auto id = listener.get ();
  if (id == SRT_INVALID_SOCK || !set (id, SRTO_RCVSYN, false) || !set (id, SRTO_SNDSYN, false)
      || !set (id, SRTO_LATENCY, options.latency_ms) || !set (id, SRTO_SNDBUF, send_buffer)
      || !set (id, SRTO_PEERIDLETIMEO, options.peer_idle_ms)
      || !set (id, SRTO_UDP_RCVBUF, udp_buffer)
      || srt_listen_callback (id, options.hook, options.context) != 0)
    return failure ();
  const int lent = fcntl (socket_.get (), F_DUPFD_CLOEXEC, 0);
  if (lent < 0)
    return tl::unexpected (std::string (std::strerror (errno)));
  // Whether this works or not, the descriptor is libsrt's from here on.
  if (srt_bind_acquire (id, lent) != 0)
    return failure ();
  listener_ = std::move (listener);
  lent_ = lent;
  if (srt_listen (id, options.backlog) == 0)
    return {};
  const auto error = failure ();
  rest ();
  return error;
}

void
SrtPort::rest ()
{
  if (listener_.get () == SRT_INVALID_SOCK)
    return;
  // For some seconds libsrt goes on reading for a listener that was closed, and would throw away
  // what the next caller sends. So its descriptor, which it hasn't closed yet, becomes another's.
  dup3 (aside_.get (), lent_, O_CLOEXEC);
  listener_ = SrtSocket (); // waits for a question that is just being answered
  lent_ = -1;
}

bool
SrtPort::heard ()
{
  timespec when{};
  if (ioctl (socket_.get (), SIOCGSTAMPNS, &when) != 0)
    return errno != ENOENT; // that nothing was read yet
  const bool changed = when.tv_sec != heard_.tv_sec || when.tv_nsec != heard_.tv_nsec;
  heard_ = when;
  return changed;
}

} // namespace stagedoor::gate
