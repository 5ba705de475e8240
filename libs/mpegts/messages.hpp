// SPDX-License-Identifier: LGPL-2.1-or-later
// A transport stream as SRT carries it: messages of at most seven packets; and where a player can
// begin.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "libs/mpegts/psi.hpp"

namespace stagedoor::mpegts {

constexpr std::size_t message_size = 7 * packet_size;

struct Message
{
  std::array<std::uint8_t, message_size> bytes;
  std::size_t size = 0; ///< whole packets
  bool starts = false;  ///< it begins with the tables, and a key frame follows
};

/** Cuts anybody's transport stream. Where a key frame of the first program begins (of a program
 * without pictures: where its tables come), a message begins, with the tables: those that came just
 * before, or the last ones again. */
class MessageCutter
{
public:
  /** Takes bytes split anywhere; appends the messages that are full. */
  void feed (ByteView bytes, std::vector<Message> &out);
  /** Likewise what is left. */
  void finish (std::vector<Message> &out);

private:
  void take (ByteView bytes, std::vector<Message> &out);
  void take_association (const Packet &packet);
  void take_map (const Packet &packet, ByteView bytes);
  void take_media (const Packet &packet, std::vector<Message> &out);
  bool is_start (const Packet &packet) const;
  void append (ByteView bytes, std::vector<Message> &out);
  void append_table (ByteView bytes, std::uint8_t &counter, std::vector<Message> &out);

  Bytes held_; // less than a packet
  Message message_;
  enum class Holds {
    media,
    association,
    tables
  } holds_ = Holds::media; // what message_ has at most
  SectionReader association_, map_;
  std::optional<std::uint16_t> map_pid_, video_pid_;
  bool has_streams_ = false;
  Bytes association_packet_, map_packets_;                 // as they came last
  std::uint8_t association_counter_ = 0, map_counter_ = 0; // as they are sent
};

} // namespace stagedoor::mpegts
