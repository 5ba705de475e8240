// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/mpegts/messages.hpp"

#include <algorithm>
#include <utility>

namespace stagedoor::mpegts {
namespace {

/** Program maps larger than this aren't repeated. */
constexpr std::size_t most_map_packets = 6;

bool
is_video (std::uint8_t stream_type)
{
  constexpr std::array<std::uint8_t, 8> types{0x01, 0x02, 0x10, 0x1b, 0x20, 0x24, 0x33, 0xd1};
  return std::ranges::find (types, stream_type) != types.end ();
}

} // namespace

void
MessageCutter::feed (ByteView bytes, std::vector<Message> &out)
{
  while (!bytes.empty ()) {
    if (held_.empty () && bytes[0] != sync_byte) {
      bytes = bytes.subspan (1);
      continue;
    }
    if (held_.empty () && bytes.size () >= packet_size) {
      take (bytes.first (packet_size), out);
      bytes = bytes.subspan (packet_size);
      continue;
    }
    const auto part = bytes.first (std::min (bytes.size (), packet_size - held_.size ()));
    held_.insert (held_.end (), part.begin (), part.end ());
    bytes = bytes.subspan (part.size ());
    if (held_.size () == packet_size)
      take (std::exchange (held_, {}), out);
  }
}

void
MessageCutter::take (ByteView bytes, std::vector<Message> &out)
{
  constexpr std::uint16_t association_pid = 0, null_pid = 0x1fff;
  const auto packet = parse_packet (bytes);
  if (!packet || packet->pid == null_pid)
    return;
  if (packet->pid == association_pid) {
    if (packet->start) {
      finish (out);
      association_packet_.assign (bytes.begin (), bytes.end ());
      holds_ = Holds::association;
    }
    take_association (*packet);
    append_table (bytes, association_counter_, out);
  } else if (packet->pid == map_pid_) {
    take_map (*packet, bytes);
    append_table (bytes, map_counter_, out);
    if (holds_ == Holds::association)
      holds_ = Holds::tables;
  } else {
    take_media (*packet, out);
    append (bytes, out);
  }
}

void
MessageCutter::take_association (const Packet &packet)
{
  for (const auto &section : association_.feed (packet))
    if (const auto pid = parse_pat (section); pid && pid != map_pid_) {
      map_pid_ = pid;
      map_ = {};
      map_packets_.clear ();
      has_streams_ = false;
    }
}

void
MessageCutter::take_map (const Packet &packet, ByteView bytes)
{
  if (packet.start)
    map_packets_.clear ();
  if (map_packets_.size () < most_map_packets * packet_size)
    map_packets_.insert (map_packets_.end (), bytes.begin (), bytes.end ());
  for (const auto &section : map_.feed (packet))
    if (const auto streams = parse_pmt (section)) {
      const auto video = std::ranges::find_if (
          *streams, [] (const Stream &stream) { return is_video (stream.type); });
      video_pid_ = video != streams->end () ? std::optional (video->pid) : std::nullopt;
      has_streams_ = !streams->empty ();
    }
}

bool
MessageCutter::is_start (const Packet &packet) const
{
  if (!packet.start || !has_streams_)
    return false;
  return video_pid_ ? packet.pid == *video_pid_ && packet.random_access : holds_ == Holds::tables;
}

void
MessageCutter::take_media (const Packet &packet, std::vector<Message> &out)
{
  if (is_start (packet)) {
    if (holds_ == Holds::media) {
      finish (out);
      append_table (association_packet_, association_counter_, out);
    }
    if (holds_ != Holds::tables)
      for (ByteView rest (map_packets_); !rest.empty (); rest = rest.subspan (packet_size))
        append_table (rest.first (packet_size), map_counter_, out);
    message_.starts = message_.size > 0;
  }
  holds_ = Holds::media;
}

/** Some are repeated, so they are counted anew. */
void
MessageCutter::append_table (ByteView bytes, std::uint8_t &counter, std::vector<Message> &out)
{
  constexpr std::size_t control = 3;
  constexpr std::uint8_t has_payload = 0x10;
  if ((bytes[control] & has_payload) != 0)
    counter = (counter + 1) & 15;
  std::array<std::uint8_t, packet_size> packet;
  std::ranges::copy (bytes, packet.begin ());
  packet[control] = static_cast<std::uint8_t> ((packet[control] & 0xf0) | counter);
  append (packet, out);
}

void
MessageCutter::append (ByteView bytes, std::vector<Message> &out)
{
  std::ranges::copy (bytes, message_.bytes.begin () + static_cast<std::ptrdiff_t> (message_.size));
  message_.size += bytes.size ();
  if (message_.size == message_size) {
    finish (out);
    holds_ = Holds::media;
  }
}

void
MessageCutter::finish (std::vector<Message> &out)
{
  if (message_.size == 0)
    return;
  out.push_back (message_);
  message_.size = 0;
  message_.starts = false;
}

} // namespace stagedoor::mpegts
