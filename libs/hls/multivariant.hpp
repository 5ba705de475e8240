// SPDX-License-Identifier: LGPL-2.1-or-later
// The multivariant playlist (rfc8216bis section 4.4.6) and the bit rates it declares.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <span>
#include <string>

#include "libs/hls/playlist_text.hpp"

namespace stagedoor::hls {

/** What a rendition really takes: the peak over any run of segments of 0.5 to 1.5 target
 * durations, and the average over the last segments (section 4.1). */
class BitRate
{
public:
  explicit BitRate (std::chrono::seconds target) : target_ (target) {}
  /** A finished segment. */
  void add (std::uint64_t bytes, std::chrono::nanoseconds duration);
  std::uint64_t peak () const { return peak_; } ///< bit/s; 0 before the first segment
  std::uint64_t average () const;
  bool known () const { return peak_ > 0; }
};

struct VideoRendition
{
  std::string uri;   ///< of its media playlist, relative
  std::string codec; ///< RFC 6381
  unsigned width = 0, height = 0;
  unsigned rate_numerator = 0, rate_denominator = 1; ///< 0: not known, or varies
  std::uint64_t peak = 1, average = 0;               ///< bit/s; average 0: not known
};

struct AudioRendition
{
  std::string uri;
  std::string codec;
  std::string name; ///< shown to people
  unsigned channels = 0;
  std::uint64_t peak = 1, average = 0;
};

/** Every codec of audio is a group of its own, so that every variant names just the codecs it
 * needs; each video rendition comes with each group. Without video each audio rendition is a
 * variant. */
PlaylistText render_multivariant (
    std::span<const VideoRendition> video, std::span<const AudioRendition> audio);

} // namespace stagedoor::hls
