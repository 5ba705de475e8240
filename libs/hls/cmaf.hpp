// SPDX-License-Identifier: LGPL-2.1-or-later
// CMAF tracks (ISO/IEC 23000-19): initialization segments and chunks of fragmented MP4.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <tl/expected.hpp>

#include "libs/base/bytes.hpp"
#include "libs/codecs/picture.hpp"

namespace stagedoor::hls {

/** All have a binding to MP4, but VP8 and MP3 are for other players: Chrome's MediaSource takes
 * neither of them there, by no name. */
enum class Codec { h264, h265, av1, vp9, vp8, aac, opus, mp3 };

constexpr bool
is_video (Codec codec)
{
  return codec <= Codec::vp8;
}

/** What an initialization segment says: one track, number 1. read_setup() and
 * read_key_frame() make it of what they have checked. */
struct Track
{
  Codec codec = Codec::h264;
  /** What the codec's own box holds (avcC, hvcC, av1C, vpcC, dOps), or AudioSpecificConfig; empty
   * for MP3. */
  Bytes config;
  /** Ticks per second of all times. Video has 90,000, sound its rate, unless set otherwise; that of
   * Opus is 48,000. */
  std::uint32_t timescale = 0;
  codecs::Picture picture;         ///< of video
  unsigned channels = 0, rate = 0; ///< of sound
  bool operator== (const Track &) const = default;
};

constexpr std::size_t max_setup = 65536; ///< bytes

/** From what caps have as codec_data and RTMP as sequence start: avcC, hvcC, av1C with its sequence
 * header, AudioSpecificConfig; OpusHead, which is the first of Opus' streamheader. VP8, VP9 and MP3
 * have none. Error texts are for humans. */
tl::expected<Track, std::string> read_setup (Codec codec, ByteView setup);

/** From a frame that says all by itself: a key frame of H.264 or HEVC as byte stream with its
 * parameter sets, one of AV1 with its sequence header, one of VP8 or VP9, any frame of MP3. */
tl::expected<Track, std::string> read_key_frame (Codec codec, ByteView frame);

/** For CODECS in playlists and for MediaSource (RFC 6381): "avc1.64001f", "mp4a.40.2". */
std::string codec_string (const Track &track);

/** ftyp and moov. Refuses a track that can't be written: no timescale, no size, no rate. */
tl::expected<Bytes, std::string> init_segment (const Track &track);

/** Appends an access unit of H.264 or HEVC, with lengths as the track's setup has them, as a sample
 * has it: without delimiters, filler, and the parameter sets of the setup, which are nowhere else
 * in avc1 and hvc1. False, and nothing appended: the lengths don't add up, or nothing is left. */
bool append_units (const Track &track, ByteView access_unit, Bytes &out);

/** A frame: NAL units with their lengths before them, OBUs with sizes, one access unit of sound. */
struct Sample
{
  ByteView data;
  std::uint32_t duration = 0; ///< to the decode time of the next one; in ticks, as all times
  /** Presentation time - decode time. May be negative, but better isn't: ffmpeg then delays the
   * whole track by the most negative one, and it is out of step with others. */
  std::int32_t composition = 0;
  bool key = true; ///< decoding can begin here
};

/** A time of day, as a 64-bit NTP timestamp (RFC 5905 section 6), and the presentation time that
 * was captured then. */
struct WallClock
{
  std::uint64_t ntp = 0;
  std::uint64_t media_time = 0;
};

struct ChunkHead
{
  std::uint32_t sequence = 0;     ///< counts the chunks of a track, from 1
  std::uint64_t decode_time = 0;  ///< of the first sample: that of the chunk before + its durations
  bool begins_segment = false;    ///< gets a styp
  std::optional<WallClock> clock; ///< gets a prft
};

constexpr std::size_t max_samples = 65536; ///< of a chunk

/** moof and mdat. Refuses no samples, empty ones, too many, and what 32 bits can't hold. */
tl::expected<Bytes, std::string> chunk (
    const Track &track, const ChunkHead &head, std::span<const Sample> samples);

/** Nanoseconds in ticks, rounded: take durations from the differences of what comes out, and
 * nothing drifts. */
constexpr std::uint64_t
ticks (std::uint64_t nanoseconds, std::uint32_t timescale)
{
  constexpr std::uint64_t second = 1'000'000'000;
  const auto rest = nanoseconds % second * timescale + second / 2;
  return nanoseconds / second * timescale + rest / second;
}

} // namespace stagedoor::hls
