// SPDX-License-Identifier: LGPL-2.1-or-later
// RTCP (RFC 3550, 4585, 5104): sender reports out, receiver feedback in.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/base/bytes.hpp"

namespace stagedoor::webrtc {

struct Nack
{
  std::uint32_t media_ssrc;
  std::vector<std::uint16_t> lost;
};
struct KeyframeRequest ///< PLI or FIR
{
  std::uint32_t media_ssrc;
};
struct ReceptionReport
{
  std::uint32_t media_ssrc;
  std::uint8_t fraction_lost; ///< /256
  std::int32_t cumulative_lost;
  std::uint32_t jitter;                       ///< RTP timestamp units
  std::uint32_t last_sr, delay_since_last_sr; ///< 1/65536 s
};
struct Goodbye
{
  std::uint32_t ssrc;
};
using RtcpEvent = std::variant<Nack, KeyframeRequest, ReceptionReport, Goodbye>;

/** Reads a compound packet; stops at the first malformed block and keeps what was good. At most 64
 * events and 256 lost numbers per packet are returned. */
std::vector<RtcpEvent> parse_rtcp (ByteView compound);

struct SenderInfo
{
  std::uint32_t ssrc;
  std::uint64_t ntp;           ///< 32.32 since 1900
  std::uint32_t rtp_timestamp; ///< at ntp
  std::uint32_t packets, octets;
};
/** Appends SR + SDES(CNAME) to @p out. */
void write_sender_report (const SenderInfo &info, std::string_view cname, Bytes &out);
/** Appends BYE. */
void write_goodbye (std::uint32_t ssrc, Bytes &out);

} // namespace stagedoor::webrtc
