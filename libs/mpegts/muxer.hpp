// SPDX-License-Identifier: LGPL-2.1-or-later
// Access units to an MPEG transport stream, ISO/IEC 13818-1: one video and one audio track at most.
#pragma once

#include <array>
#include <optional>

#include "libs/mpegts/payload.hpp"

namespace stagedoor::mpegts {

enum class MuxTrack { video, audio };

/** What is written comes out at once: nothing waits for the other track, which may come later, or
 * never. Then the program map changes. */
class Muxer
{
public:
  /** What the track is from now on; nullopt takes it out of the program. */
  void set (MuxTrack track, std::optional<StreamKind> kind);

  struct Unit
  {
    MuxTrack track = MuxTrack::video;
    std::int64_t pts = 0, dts = 0; ///< 90 kHz; taken modulo 33 bits
    bool keyframe = false;         ///< of video
    ByteView payload;              ///< as Payload makes it
  };
  /** Appends whole packets. Tables come with every key frame, every 200 ms and every change. False
   * when it can't be carried: the track isn't set, or it is larger than a PES packet of audio. */
  bool write (const Unit &unit, Bytes &out);

  /** Time goes on from anywhere. */
  void restart () { clock_.reset (), tables_at_.reset (), jump_ = true; }

private:
  struct Track
  {
    std::optional<StreamKind> kind;
    std::uint8_t counter = 0;
  };
  struct Adaptation
  {
    bool discontinuity = false, random_access = false;
    std::optional<std::int64_t> clock; // PCR, 90 kHz
    std::size_t size () const { return clock ? 8 : discontinuity || random_access ? 2 : 0; }
    void write (std::size_t room, Bytes &out) const;
  };

  MuxTrack clock_track () const;
  void write_tables (Bytes &out);
  void write_section (
      std::uint16_t pid, std::uint8_t &counter, const Bytes &section, Bytes &out) const;
  std::optional<std::int64_t> clock_due (const Unit &unit);
  void write_clock (std::int64_t clock, Bytes &out);
  void write_pes (Track &track, const Unit &unit, Adaptation adaptation, Bytes &out);

  std::array<Track, 2> tracks_;
  std::uint8_t association_counter_ = 0, map_counter_ = 0, map_version_ = 0;
  std::optional<std::int64_t> clock_, tables_at_; // when they were written last
  bool jump_ = false;                             // the next clock doesn't follow the last one
};

} // namespace stagedoor::mpegts
