// SPDX-License-Identifier: LGPL-2.1-or-later
// Program tables: which PIDs carry what, ISO/IEC 13818-1 section 2.4.4.
#pragma once

#include <optional>
#include <vector>

#include "libs/mpegts/packet.hpp"

namespace stagedoor::mpegts {

/** Gathers the sections of one PID; at most 1 KiB is held. */
class SectionReader
{
public:
  /** The sections that @p packet completes and whose CRC is right. */
  std::vector<Bytes> feed (const Packet &packet);

private:
  void gather (ByteView bytes, std::vector<Bytes> &out);

  Continuity continuity_;
  Bytes section_;
  bool inside_ = false; // section_ has the beginning of one
};

/** Annex A: what goes behind a section; zero over a section with its own. */
std::uint32_t section_crc (ByteView bytes);

/** The PID of the first program's map; nullopt when @p section is no association section that
 * holds, or has no program. */
std::optional<std::uint16_t> parse_pat (ByteView section);

enum class Codec { h264, h265, aac, opus };

struct Stream
{
  std::uint16_t pid = 0;
  std::uint8_t type = 0;
  std::optional<Codec> codec;     ///< nullopt: can't be carried
  std::uint8_t opus_channels = 0; ///< channel_config_code of Opus
  bool operator== (const Stream &) const = default;
};

/** The streams of a program map; nullopt when @p section is none that holds. */
std::optional<std::vector<Stream>> parse_pmt (ByteView section);

} // namespace stagedoor::mpegts
