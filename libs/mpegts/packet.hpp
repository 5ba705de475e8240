// SPDX-License-Identifier: LGPL-2.1-or-later
// One transport stream packet, ISO/IEC 13818-1 section 2.4.3.2.
#pragma once

#include <optional>

#include "libs/base/bytes.hpp"

namespace stagedoor::mpegts {

constexpr std::size_t packet_size = 188;
constexpr std::uint8_t sync_byte = 0x47;

struct Packet
{
  std::uint16_t pid = 0;
  bool start = false;         ///< a section or PES packet begins in it
  bool discontinuity = false; ///< the counter may jump here
  bool random_access = false; ///< decoding may begin with the PES packet that begins in it
  unsigned counter = 0;
  ByteView payload; ///< empty when there is none
};

/** @p bytes are packet_size long. nullopt when it is damaged, scrambled or contradicts itself. */
std::optional<Packet> parse_packet (ByteView bytes);

/** The counter of one PID. */
class Continuity
{
public:
  enum class Verdict { next, duplicate, lost };
  Verdict check (const Packet &packet);

private:
  std::optional<unsigned> last_;
};

} // namespace stagedoor::mpegts
