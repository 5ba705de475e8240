// SPDX-License-Identifier: LGPL-2.1-or-later
// What audio and video tags of enhanced RTMP have in common: FourCCs, ModEx, multitrack.
#pragma once

#include <cstdint>
#include <string>

#include <tl/expected.hpp>

#include "libs/base/bytes.hpp"
#include "libs/rtmp/flv.hpp"

namespace stagedoor::rtmp {

constexpr std::uint32_t
four_cc (const char (&name)[5])
{
  return static_cast<std::uint32_t> (static_cast<std::uint8_t> (name[0])) << 24
         | static_cast<std::uint32_t> (static_cast<std::uint8_t> (name[1])) << 16
         | static_cast<std::uint32_t> (static_cast<std::uint8_t> (name[2])) << 8
         | static_cast<std::uint8_t> (name[3]);
}

/** For error texts: "vvc1", or the number when it isn't printable. */
std::string four_cc_text (std::uint32_t code);

/** Packet types that audio and video share (enhanced RTMP v2). */
namespace packet {
constexpr std::uint8_t sequence_start = 0, coded_frames = 1, sequence_end = 2, mod_ex = 7;
}

/** What stands between the first byte of an enhanced tag and the codec's own bytes. */
struct EnhancedHeader
{
  std::uint8_t packet_type = 0; ///< never mod_ex or multitrack
  std::uint32_t codec = 0;      ///< FourCC
  ByteView body;
  bool wanted = true; ///< false: this message holds other tracks than the default one only
};

/** @p packet_type is the first byte's, @p rest what follows it, @p multitrack the packet type that
 * means it. Of several tracks the default one, with id 0, is taken. */
tl::expected<EnhancedHeader, TagError> read_enhanced_header (
    std::uint8_t packet_type, ByteView rest, std::uint8_t multitrack);

/** Skips ModEx packets: timestamp offsets below a millisecond and what else may come. Returns the
 * packet type behind them. */
std::uint8_t skip_mod_ex (std::uint8_t packet_type, Reader &reader);

tl::unexpected<TagError> tag_error (std::string text);

} // namespace stagedoor::rtmp
