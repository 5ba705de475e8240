// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/webrtc/sender.hpp"

#include <netinet/udp.h>

#include <cerrno>
#include <cstring>

namespace stagedoor::webrtc {

namespace {

// Stays in the second-level cache between being encrypted and being copied by the kernel.
constexpr std::size_t arena_size = 256 * 1024;
constexpr std::size_t max_messages = 64;
constexpr std::size_t max_segments = 64; // UDP_MAX_SEGMENTS
constexpr std::size_t max_message = 65507;

template <class T>
cmsghdr *
put_control (cmsghdr *at, int level, int type, const T &value)
{
  at->cmsg_level = level;
  at->cmsg_type = type;
  at->cmsg_len = CMSG_LEN (sizeof value);
  std::memcpy (CMSG_DATA (at), &value, sizeof value);
  return reinterpret_cast<cmsghdr *> (
      reinterpret_cast<std::uint8_t *> (at) + CMSG_SPACE (sizeof value));
}

} // namespace

Sender::Sender (int socket, bool segmentation)
    : socket_ (socket), segmentation_ (segmentation), arena_ (arena_size)
{
  slots_.reserve (max_messages);
  messages_.reserve (max_messages);
}

std::uint8_t *
Sender::reserve (std::size_t size)
{
  if (used_ + size > arena_.size () || slots_.size () == max_messages)
    flush ();
  return arena_.data () + used_;
}

bool
Sender::extends_last (
    const Destination &destination, std::size_t size, const std::uint32_t *unsent) const
{
  if (!segmentation_ || slots_.empty ())
    return false;
  const auto &last = slots_.back ();
  // A shorter segment ends a message, so all before must be whole.
  return last.unsent == unsent && last.segments < max_segments && size <= last.segment_size
         && last.bytes.iov_len == std::size_t{last.segment_size} * last.segments
         && last.bytes.iov_len + size <= max_message
         && std::memcmp (&last.to, &destination.to, sizeof last.to) == 0;
}

void
Sender::commit (const Destination &destination, std::size_t size, std::uint32_t *unsent)
{
  auto *at = arena_.data () + used_;
  used_ += size;
  if (extends_last (destination, size, unsent)) {
    auto &last = slots_.back ();
    last.bytes.iov_len += size;
    ++last.segments;
  } else {
    add_slot (destination, at, size, unsent);
  }
}

void
Sender::add_slot (
    const Destination &destination, std::uint8_t *at, std::size_t size, std::uint32_t *unsent)
{
  auto &slot = slots_.emplace_back ();
  slot.to = destination.to;
  slot.bytes = {at, size};
  slot.unsent = unsent;
  slot.segment_size = static_cast<std::uint16_t> (size);
  slot.segments = 1;
  put_control (
      reinterpret_cast<cmsghdr *> (slot.control), IPPROTO_IPV6, IPV6_PKTINFO, destination.from);
}

void
Sender::fill (mmsghdr &message, Slot &slot)
{
  auto &header = message.msg_hdr;
  header = {};
  header.msg_name = &slot.to;
  header.msg_namelen = sizeof slot.to;
  header.msg_iov = &slot.bytes;
  header.msg_iovlen = 1;
  header.msg_control = slot.control;
  header.msg_controllen = CMSG_SPACE (sizeof (in6_pktinfo));
  if (slot.segments > 1) {
    put_control (reinterpret_cast<cmsghdr *> (slot.control + header.msg_controllen), IPPROTO_UDP,
        UDP_SEGMENT, slot.segment_size);
    header.msg_controllen = sizeof slot.control;
  }
}

void
Sender::drop (Slot &slot)
{
  if (slot.unsent != nullptr)
    *slot.unsent += slot.segments;
}

/** Cuts the messages that are still to be sent into datagrams. */
void
Sender::give_up_segmentation (std::size_t first)
{
  segmentation_ = false;
  std::vector<Slot> singles;
  for (auto i = first; i < slots_.size (); ++i)
    for (std::size_t at = 0; at < slots_[i].bytes.iov_len; at += slots_[i].segment_size) {
      auto &single = singles.emplace_back (slots_[i]);
      single.bytes.iov_base = static_cast<std::uint8_t *> (slots_[i].bytes.iov_base) + at;
      single.bytes.iov_len =
          std::min<std::size_t> (slots_[i].segment_size, slots_[i].bytes.iov_len - at);
      single.segments = 1;
    }
  slots_.resize (first);
  slots_.insert (slots_.end (), singles.begin (), singles.end ());
}

/** Sends what the kernel takes in one call; returns the first slot that is still to be looked at.
 */
std::size_t
Sender::send_from (std::size_t first)
{
  messages_.resize (slots_.size ());
  for (auto i = first; i < slots_.size (); ++i)
    fill (messages_[i], slots_[i]);
  const auto count = std::min (slots_.size () - first, max_messages);
  const int sent =
      sendmmsg (socket_, messages_.data () + first, static_cast<unsigned> (count), MSG_DONTWAIT);
  if (sent > 0)
    return first + static_cast<std::size_t> (sent);
  if (errno == EINTR)
    return first;
  // EIO: the device can't checksum segments; EINVAL, EMSGSIZE: the kernel can't cut them.
  if (slots_[first].segments > 1 && (errno == EIO || errno == EINVAL || errno == EMSGSIZE)) {
    give_up_segmentation (first);
    return first;
  }
  drop (slots_[first]);
  return first + 1;
}

void
Sender::flush ()
{
  for (std::size_t next = 0; next < slots_.size ();)
    next = send_from (next);
  slots_.clear ();
  used_ = 0;
}

} // namespace stagedoor::webrtc
