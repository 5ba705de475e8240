// SPDX-License-Identifier: LGPL-2.1-or-later
// MPEG transport streams to access units, sans-IO: bytes in, events out.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "libs/media/h26x.hpp"
#include "libs/mpegts/audio_units.hpp"
#include "libs/mpegts/psi.hpp"

namespace stagedoor::mpegts {

/** Bounds of one stream. */
constexpr std::size_t max_video_unit = 8 * 1024 * 1024;
constexpr std::size_t max_audio_packet = 256 * 1024;
/** So much without a transport stream packet in it is none. */
constexpr std::size_t max_garbage = 1024 * 1024;

/** The codec's setup, before the first unit that needs it: avcC, hvcC, AudioSpecificConfig or
 * OpusHead. */
struct Setup
{
  Codec codec;
  Bytes config;
};

/** An access unit: NAL units with 32-bit lengths and without parameter sets, or an audio frame. */
struct Unit
{
  Codec codec;
  Stamp pts, dts;     ///< of 33 bits, 90 kHz
  bool keyframe;      ///< always for audio
  bool discontinuity; ///< something before it was lost
  Bytes data;
};

/** The program has a track that can't be carried, and is carried without it. */
struct Ignored
{
  std::uint8_t stream_type;
};

using Event = std::variant<Setup, Unit, Ignored>;

/** Carries the first video and the first audio track of the first program. One PES packet of video
 * is one access unit. What is damaged or has no time is dropped and counted. A stream that never
 * sends an association table is understood, too, by the first program map that is found. */
class Demuxer
{
public:
  Demuxer ();
  ~Demuxer ();

  /** Takes whatever arrived, split anywhere. An error means that this can't be carried; its text is
   * for the publisher. */
  tl::expected<void, std::string> feed (ByteView bytes, std::vector<Event> &events);
  /** What is complete only because nothing follows. */
  void finish (std::vector<Event> &events);

  std::uint64_t broken () const { return broken_; }             ///< units that were dropped
  std::uint64_t lost_packets () const { return lost_packets_; } ///< gaps in counters

private:
  struct Track;
  using Error = std::string;

  tl::expected<std::size_t, Error> synchronise (ByteView rest);
  tl::expected<void, Error> take (const Packet &packet, std::vector<Event> &events);
  tl::expected<void, Error> take_map (const Packet &packet, std::vector<Event> &events);
  void take_association (const Packet &packet);
  bool may_be_map (const Packet &packet) const;
  tl::expected<void, Error> select (const std::vector<Stream> &streams, std::vector<Event> &events);
  void take_media (Track &track, const Packet &packet, std::vector<Event> &events);
  void lose (Track &track);
  void finish_packet (Track &track, std::vector<Event> &events);
  void emit_video (Track &track, const PesPacket &pes, std::vector<Event> &events);
  void emit_audio (Track &track, const PesPacket &pes, std::vector<Event> &events);
  void emit_setup (Track &track, const Bytes &setup, std::vector<Event> &events);

  Bytes held_; // less than two packets
  bool in_sync_ = false;
  std::size_t garbage_ = 0; // since the last packet
  SectionReader association_;
  bool has_association_ = false;
  std::optional<std::uint16_t> map_pid_;
  SectionReader map_;
  std::vector<Stream> streams_;                  // of the map in force
  std::array<std::unique_ptr<Track>, 2> tracks_; // video, audio
  std::uint64_t broken_ = 0, lost_packets_ = 0;
};

} // namespace stagedoor::mpegts
