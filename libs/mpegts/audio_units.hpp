// SPDX-License-Identifier: LGPL-2.1-or-later
// Audio frames out of PES payloads: AAC in ADTS, and Opus with its control headers.
#pragma once

#include <optional>
#include <vector>

#include "libs/mpegts/pes.hpp"

namespace stagedoor::mpegts {

struct AudioFrame
{
  Stamp pts = 0;
  Bytes data;
};

struct AudioFrames
{
  std::vector<AudioFrame> frames;
  unsigned broken = 0;
};

/** ISO/IEC 13818-7 section 6.2. Frames may begin in one PES packet and end in the next. */
class AdtsSplitter
{
public:
  AudioFrames feed (const PesPacket &packet);
  /** Something was lost: what is held is of no use. */
  void reset () { held_.clear (), next_.reset (); }
  /** AudioSpecificConfig of the frames given out last; empty before the first. */
  const Bytes &setup () const { return setup_; }

private:
  struct Header
  {
    std::size_t size, frame_size;
    unsigned profile, rate_index, channels;
  };
  static std::optional<Header> parse_header (ByteView bytes);
  static bool is_followed (ByteView rest, std::size_t frame_size);
  void take_setup (const Header &header);

  Bytes held_, setup_;
  std::optional<Stamp> next_; // when the next frame begins
  std::uint64_t samples_ = 0; // since the last PTS
  Stamp base_ = 0;
};

/** "Opus in MPEG-2 TS". */
class OpusSplitter
{
public:
  explicit OpusSplitter (std::uint8_t channel_config) : channel_config_ (channel_config) {}

  AudioFrames feed (const PesPacket &packet) const;
  /** OpusHead (RFC 7845 section 5.1); empty for a channel configuration that isn't known. */
  Bytes setup () const;

private:
  const std::uint8_t channel_config_;
};

} // namespace stagedoor::mpegts
