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

/** The shortest PART-TARGET from @p wanted on that whole frames can keep to: every part but a
 * segment's first and last has to have between 85 % and 100 % of it (rfc8216bis section 4.4.4.9),
 * with 2 % to spare for rounded time stamps. @p frames: how long a frame of each video track is
 * shown; 0: not known. Sound isn't asked: its parts are all independent, which makes them exempt.
 * At most 2 s, or @p wanted. */
Duration choose_part_target (Duration wanted, std::span<const Duration> frames);

/** What to do about a frame. */
struct Cut
{
  /** So many discontinuities come before it, then a new segment begins. Mostly one; more if the
   * track was away when the others had theirs. */
  unsigned discontinuities = 0;
  bool segment = false; ///< a new segment begins with this frame
  bool part = false;    ///< a new part begins with this frame, as with every new segment
  /** The part is complete with this frame: publish it now. If not, a later cut ends it: also where
   * a segment probably ends, so that nobody is told to expect one more part of it. */
  bool completes_part = false;
  bool drop = false; ///< can't be decoded: not of any segment, and nothing else is set
};

/** One for all tracks of a presentation. Not synchronised. The first video track leads, or the
 * first audio track if there is no video; the others are cut where it is. */
class Segmenter
{
public:
  struct Options
  {
    Duration segment = std::chrono::seconds (2); ///< wanted; at key frames, so it may be longer
    Duration part_target = std::chrono::milliseconds (200); ///< no part is longer
    Duration longest = std::chrono::seconds (12); ///< a segment, even without a key frame, at first
    Duration gap = std::chrono::seconds (1);      ///< between frames, that is a discontinuity
  };
  struct Frame
  {
    Duration dts, pts; ///< of one clock for all tracks
    Duration duration;
    bool key = true;
    bool discontinuity = false; ///< the source says so
  };
  enum class Kind { video, audio };
  using Track = std::size_t;

  explicit Segmenter (const Options &options) : options_ (options) {}
  Track add (Kind kind);
  /** Numbers aren't given again. */
  void remove (Track track);
  /** From now on no segment gets longer, even without a key frame, than what rounds to this. */
  void promise (std::chrono::seconds target);
  bool is_leader (Track track) const { return leader () == &lanes_[track]; }
  Cut next (Track track, const Frame &frame);

  /** The distance of the leader's key frames, the longest of the last ones; 0 before the second. */
  Duration key_distance () const;
  /** Parts that had to be shorter or longer than section 4.4.4.9 has it, because frames came
   * unevenly. */
  std::uint64_t uneven_parts () const { return uneven_parts_; }
  /** Segments that had to begin without a key frame. */
  std::uint64_t blind_segments () const { return blind_segments_; }

private:
  struct Lane
  {
    Kind kind;
    bool present = true, started = false;
    bool awaits_key = false; ///< after a jump
    unsigned discontinuities = 0;
    Duration segment_start{}; ///< pts
    Duration last_dts{}, next_dts{}, last_pts{};
    Duration part_start{};            ///< dts
    Duration part_end{};              ///< dts; part_start while there is no part
    bool part_exempt = false;         ///< has a key frame
    std::optional<Duration> last_key; ///< pts
    Duration key_delay{};             ///< its pts - dts
    std::deque<Duration> key_distances;
  };
  struct Boundary
  {
    unsigned discontinuities;
    Duration pts;
  };

  bool jumped (const Lane &lane, const Frame &frame) const;
  Cut begin (Lane &lane, const Frame &frame);
  bool ends_segment (const Lane &lane, const Frame &frame) const;
  bool is_cut_by_leader (const Lane &lane, const Frame &frame) const;
  bool is_cut_by_key (const Lane &lane, const Frame &frame) const;
  bool is_cut_by_time (const Lane &lane, const Frame &frame) const;
  void start_segment (Lane &lane, const Frame &frame);
  void note_key (Lane &lane, const Frame &frame);
  void cut_parts (Lane &lane, const Frame &frame, Cut &cut);
  bool may_end_segment (const Lane &lane, const Frame &frame) const;
  std::optional<Duration> next_key (const Lane &lane) const;
  void end_part (const Lane &lane);
  Duration farthest_key (const Lane &lane) const;
  const Lane *leader () const;

  Options options_;
  std::vector<Lane> lanes_;
  unsigned discontinuities_ = 0;
  std::deque<Boundary> boundaries_; ///< of the leader's segments, the last ones
  std::uint64_t uneven_parts_ = 0, blind_segments_ = 0;
};

} // namespace stagedoor::hls
