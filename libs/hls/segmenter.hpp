// SPDX-License-Identifier: LGPL-2.1-or-later
// Where tracks are cut into segments and parts, so that all renditions are cut at the same places.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace stagedoor::hls {

using Duration = std::chrono::nanoseconds;

/** How fast a track's frames come. */
struct Pace
{
  Duration frame; ///< duration of each; the longest one if they vary
  bool varies = false;
};

/** The shortest PART-TARGET from @p wanted on that all tracks can keep to: every part but a
 * segment's last has to have between 85 % and 100 % of it (rfc8216bis section 4.4.4.9), in whole
 * frames. At most 2 s, whatever the frames. */
Duration choose_part_target (Duration wanted, std::span<const Pace> tracks);

/** What to do about a frame. */
struct Cut
{
  bool discontinuity = false; ///< a new segment, after a discontinuity, begins with this frame
  bool segment = false;       ///< a new segment begins with this frame
  bool part = false;          ///< a new part begins with this frame; also with every new segment
  bool last_of_part = false;  ///< the part is complete with this frame: publish it now
  bool drop = false;          ///< video that can't be decoded: not of any segment
};

/** One for all tracks of a presentation. Not synchronised; sans clock. */
class Segmenter
{
public:
  struct Options
  {
    Duration segment = std::chrono::seconds (2);  ///< as soon as a key frame allows
    Duration part_target;                         ///< PART-TARGET; choose_part_target()
    Duration longest = std::chrono::seconds (12); ///< even without a key frame
  };
  struct Frame
  {
    Duration dts, pts; ///< of one clock for all tracks
    Duration duration;
    bool key = true;
    bool discontinuity = false; ///< the source says so
  };
  enum class Kind { video, audio };
  using Track = std::uint32_t;

  explicit Segmenter (const Options &options);
  /** The first video track leads, or the first audio track if there is no video: the others are cut
   * where it is. */
  Track add (Kind kind);
  /** Another one leads, if it was this one. */
  void remove (Track track);
  Cut next (Track track, const Frame &frame);
  /** Segments of the leader are longer than wanted because key frames are this far apart; 0 if not.
   */
  Duration long_gop () const;
  /** Parts that had to be cut short of 85 % because frames came unevenly. */
  std::uint64_t short_parts () const;
};

} // namespace stagedoor::hls
