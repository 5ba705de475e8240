// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/webrtc/udp_socket.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "gst-plugins/common/listen_address.hpp"

namespace stagedoor::webrtc {

namespace {

constexpr int send_buffer = 16 * 1024 * 1024, receive_buffer = 4 * 1024 * 1024;
constexpr std::size_t batch = 32;
/** More than what any peer sends in one datagram on an Ethernet; longer ones are dropped. */
constexpr std::size_t datagram_size = 2048;

bool
set (int socket, int level, int option, int value)
{
  return setsockopt (socket, level, option, &value, sizeof value) == 0;
}

/** All viewers share one send buffer: a key frame to each of them should fit. */
void
set_buffers (int socket)
{
  if (!set (socket, SOL_SOCKET, SO_SNDBUFFORCE, send_buffer))
    set (socket, SOL_SOCKET, SO_SNDBUF, send_buffer);
  if (!set (socket, SOL_SOCKET, SO_RCVBUFFORCE, receive_buffer))
    set (socket, SOL_SOCKET, SO_RCVBUF, receive_buffer);
}

} // namespace

Destination::Destination (const Path &path)
{
  sockaddr_storage address;
  to_sockaddr (path.remote, address);
  std::memcpy (&to, &address, sizeof to);
  std::memcpy (&from.ipi6_addr, path.local.bytes.data (), 16);
}

tl::expected<Fd, std::string>
open_udp_socket (const Endpoint &at)
{
  Fd socket (::socket (AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_storage address;
  const auto length = to_sockaddr (at, address);
  if (socket.get () < 0 || !set (socket.get (), IPPROTO_IPV6, IPV6_V6ONLY, 0)
      || !set (socket.get (), IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
      || bind (socket.get (), reinterpret_cast<sockaddr *> (&address), length) != 0)
    return tl::unexpected (std::string (std::strerror (errno)));
  set_buffers (socket.get ());
  // Our packets fit into 1280 bytes. Learning path MTUs from anybody's ICMP would only let a
  // stranger make the kernel refuse UDP_SEGMENT.
  set (socket.get (), IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
  set (socket.get (), IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
  return socket;
}

std::uint16_t
bound_port (const Fd &socket)
{
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  getsockname (socket.get (), reinterpret_cast<sockaddr *> (&address), &length);
  return from_sockaddr (address).port;
}

struct Receiver::Buffers
{
  std::array<mmsghdr, batch> messages;
  std::array<iovec, batch> parts;
  std::array<sockaddr_storage, batch> senders;
  std::array<std::array<std::uint8_t, datagram_size>, batch> bytes;
  struct alignas (cmsghdr) Control
  {
    std::array<std::uint8_t, CMSG_SPACE (sizeof (in6_pktinfo))> bytes;
  };
  std::array<Control, batch> controls;

  void prepare (std::size_t i)
  {
    parts[i] = {bytes[i].data (), bytes[i].size ()};
    auto &header = messages[i].msg_hdr;
    header = {};
    header.msg_name = &senders[i];
    header.msg_namelen = sizeof senders[i];
    header.msg_iov = &parts[i];
    header.msg_iovlen = 1;
    header.msg_control = controls[i].bytes.data ();
    header.msg_controllen = controls[i].bytes.size ();
  }

  IpAddress local_address (std::size_t i)
  {
    IpAddress out;
    auto &header = messages[i].msg_hdr;
    for (auto *c = CMSG_FIRSTHDR (&header); c != nullptr; c = CMSG_NXTHDR (&header, c))
      if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
        in6_pktinfo info;
        std::memcpy (&info, CMSG_DATA (c), sizeof info);
        std::memcpy (out.bytes.data (), &info.ipi6_addr, 16);
      }
    return out;
  }
};

Receiver::Receiver (int socket) : socket_ (socket), buffers_ (new Buffers)
{
  received_.reserve (batch);
}

Receiver::~Receiver () = default;

std::span<const Datagram>
Receiver::receive ()
{
  received_.clear ();
  for (std::size_t i = 0; i < batch; ++i)
    buffers_->prepare (i);
  const int count = recvmmsg (socket_, buffers_->messages.data (), batch, MSG_DONTWAIT, nullptr);
  for (std::size_t i = 0; static_cast<int> (i) < count; ++i) {
    const auto &message = buffers_->messages[i];
    if ((message.msg_hdr.msg_flags & MSG_TRUNC) == 0)
      received_.push_back ({{buffers_->bytes[i].data (), message.msg_len},
          {from_sockaddr (buffers_->senders[i]), buffers_->local_address (i)}});
  }
  return received_;
}

} // namespace stagedoor::webrtc
