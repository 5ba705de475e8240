// SPDX-License-Identifier: LGPL-2.1-or-later
// The multivariant playlist (rfc8216bis section 4.4.6) and the bit rates it declares.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <span>
#include <string>

#include "libs/codecs/picture.hpp"
#include "libs/hls/playlist_text.hpp"

namespace stagedoor::hls {

/** What a rendition really takes (section 4.1). */
class BitRate
{
public:
  /** A finished segment. Its peak is that of any run of segments of half to one and a half targets.
   */
  void add (std::uint64_t bytes, std::chrono::nanoseconds duration, std::chrono::seconds target);
  std::uint64_t peak () const { return peak_; } ///< bit/s, since the beginning; 0 before a segment
  std::uint64_t average () const;               ///< bit/s, of the last segments; 0 likewise

private:
  struct Segment
  {
    std::uint64_t bytes;
    std::chrono::nanoseconds duration;
  };
  std::deque<Segment> last_;
  std::uint64_t peak_ = 0;
};

struct VideoRendition
{
  std::string uri;                     ///< of its media playlist, relative
  std::string codec;                   ///< RFC 6381
  codecs::Picture picture;             ///< frame rate: the highest one
  std::uint64_t peak = 0, average = 0; ///< bit/s; average 0: not known
};

struct AudioRendition
{
  std::string uri;
  std::string codec;
  unsigned channels = 0;
  std::uint64_t peak = 0, average = 0;
};

/** Every codec of sound is a group of its own, so that each variant names just the codecs it
 * needs; every video rendition comes with each group, in the order given. Names, which people get
 * to see, count within each group, for the first of each is the same sound in another codec
 * (section 4.4.6.1.1). Without video each rendition of sound is a variant. @p independent: all
 * segments begin with key frames. */
PlaylistText render_multivariant (
    std::span<const VideoRendition> video, std::span<const AudioRendition> audio, bool independent);

} // namespace stagedoor::hls
