// SPDX-License-Identifier: LGPL-2.1-or-later
// Gathers datagrams and hands them to the kernel in few calls: UDP_SEGMENT for runs of equal size
// to one peer, sendmmsg for all that has gathered.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstdint>
#include <vector>

#include "gst-plugins/common/webrtc/path.hpp"

namespace stagedoor::webrtc {

/** One thread. Never blocks and never spins: what the socket has no room for is dropped, and
 * whoever sent it is told. */
class Sender
{
public:
  /** Without @p segmentation each datagram is a message of its own. With it that becomes so for
   * good once the kernel or the device refuses UDP_SEGMENT. */
  explicit Sender (int socket, bool segmentation = true);

  /** Room for one datagram of at most @p size bytes (up to 2048); valid until the next call. */
  std::uint8_t *reserve (std::size_t size);
  /** Queues the @p size bytes just written there. @p unsent, if any, counts up when the datagram is
   * dropped; it must live until flush(). */
  void commit (const Destination &destination, std::size_t size, std::uint32_t *unsent);
  void flush ();

  bool segmentation () const { return segmentation_; }

private:
  /** A message to be: one datagram, or several of segment_size bytes of which the last may be
   * shorter. */
  struct Slot
  {
    sockaddr_in6 to;
    iovec bytes;
    std::uint32_t *unsent;
    std::uint16_t segment_size, segments;
    alignas (cmsghdr) std::uint8_t
        control[CMSG_SPACE (sizeof (in6_pktinfo)) + CMSG_SPACE (sizeof (std::uint16_t))];
  };

  bool extends_last (
      const Destination &destination, std::size_t size, const std::uint32_t *unsent) const;
  void add_slot (
      const Destination &destination, std::uint8_t *at, std::size_t size, std::uint32_t *unsent);
  static void fill (mmsghdr &message, Slot &slot);
  std::size_t send_from (std::size_t first);
  void give_up_segmentation (std::size_t first);
  static void drop (Slot &slot);

  const int socket_;
  bool segmentation_;
  std::vector<std::uint8_t> arena_;
  std::size_t used_ = 0;
  std::vector<Slot> slots_;
  std::vector<mmsghdr> messages_;
};

} // namespace stagedoor::webrtc
