// SPDX-License-Identifier: LGPL-2.1-or-later
// Lets through what a publisher agreed to send, and nothing that would make the receiver behind it
// keep state for every whim: one source per track.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "libs/webrtc/incoming.hpp"
#include "libs/webrtc/rtp_packet.hpp"

namespace stagedoor::webrtc {

/** What a sender says about its clock (RFC 3550 section 6.4.1). */
struct SenderReport
{
  std::size_t track; ///< index into the plan
  std::uint64_t ntp;
  std::uint32_t rtp_timestamp;
  std::array<std::uint8_t, 28> block; ///< as an RTCP packet of its own, without reception reports
};

/** Not thread safe. Times are monotonic milliseconds. */
class IncomingFilter
{
public:
  /** A track's source that has been heard within this time isn't replaced by another. */
  static constexpr std::int64_t source_silence_ms = 1000;

  explicit IncomingFilter (IncomingPlan plan);

  struct Passed
  {
    std::size_t track; ///< index into the plan
    bool retransmission;
    std::optional<std::uint32_t> gone; ///< the source of this track that is no more
  };
  /** nullopt: drop it. */
  std::optional<Passed> take (ByteView packet, std::int64_t now_ms);
  /** Those of the tracks' sources. */
  std::vector<SenderReport> take_rtcp (ByteView compound) const;

  std::optional<std::uint32_t> source (std::size_t track) const;
  std::uint64_t dropped () const { return dropped_; }

private:
  struct Source
  {
    std::uint32_t ssrc;
    std::int64_t heard_ms;
  };
  struct Lane
  {
    std::optional<Source> media, retransmission;
  };

  std::optional<Passed> judge (ByteView packet, std::int64_t now_ms);
  bool is_foreign (std::uint32_t ssrc, const std::optional<Source> &own) const;

  const IncomingPlan plan_;
  std::vector<Lane> lanes_; // by track
  std::uint64_t dropped_ = 0;
};

} // namespace stagedoor::webrtc
