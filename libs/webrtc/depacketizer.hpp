// SPDX-License-Identifier: LGPL-2.1-or-later
// Puts RTP payloads together again: the packetisers' counterpart, for what publishers send by
// WebRTC.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "libs/base/bytes.hpp"
#include "libs/webrtc/packetizer.hpp"

namespace stagedoor::webrtc {

/** Largest access unit that is put together. */
constexpr std::size_t max_received_unit = 8 * 1024 * 1024;

struct RtpPayload
{
  ByteView bytes; ///< without padding; may be empty, as that of a packet that only probes
  std::uint32_t timestamp;
  bool marker;
  bool gap; ///< at least one packet before it is missing
};

/** Annex B for H.264 and HEVC, a temporal unit in low-overhead OBUs for AV1, a frame for VP8 and
 * VP9, a packet for Opus. */
struct ReceivedUnit
{
  Bytes data;
  std::uint32_t timestamp;
  bool gap; ///< at least one unit before it is missing
};

/** One per track; takes its packets in order. Units that aren't whole are dropped, so that what
 * comes out can be decoded if what it refers to could. Nothing that is fed in does any harm. */
class Depacketizer
{
public:
  static std::unique_ptr<Depacketizer> create (Codec codec);
  virtual ~Depacketizer () = default;

  /** The units that are complete with this packet: none, one, or two when the last packet of the
   * one before had no marker. */
  std::vector<ReceivedUnit> feed (const RtpPayload &payload);
  std::uint64_t broken () const { return broken_; } ///< units dropped

protected:
  /** Whether each packet is one, whatever its marker says. */
  virtual bool is_unit () const { return false; }
  /** Whether a unit can only begin with @p payload. */
  virtual bool begins_unit (ByteView payload) const = 0;
  /** Adds what is in @p payload to @p unit; false when it can't be what it claims. */
  virtual bool append (ByteView payload, Bytes &unit) = 0;
  /** Whether all that was begun is complete; forgets what isn't. */
  virtual bool complete (Bytes &unit) = 0;

private:
  void finish (std::vector<ReceivedUnit> &out);

  bool open_ = false; // a unit is under way
  bool damaged_ = false;
  bool gap_ = false; // before the next unit
  std::uint32_t timestamp_ = 0;
  Bytes unit_;
  std::uint64_t broken_ = 0;
};

} // namespace stagedoor::webrtc
