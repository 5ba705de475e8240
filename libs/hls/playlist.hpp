// SPDX-License-Identifier: LGPL-2.1-or-later
// The media playlist of one rendition (rfc8216bis): what is in its window, as text in all its
// forms.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/hls/playlist_text.hpp"
#include "libs/hls/request.hpp"

namespace stagedoor::hls {

using Duration = std::chrono::nanoseconds;
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

/** Where a rendition's playlist ends: the last segment that is there in whole or in part, and its
 * last part. A finished segment's last part, if the next has none yet. */
struct Edge
{
  std::uint64_t msn = 0;
  std::uint32_t part = 0;
  bool any = false; ///< false while there is no part at all
  auto operator<=> (const Edge &) const = default;
};

/** Another rendition, for EXT-X-RENDITION-REPORT. */
struct Report
{
  std::string_view uri; ///< of its playlist, relative to this one
  Edge edge;
};

/** What becomes of a request for a playlist. */
struct Verdict
{
  enum class Kind {
    now,
    wait,       ///< until Playlist::reached(), for Playlist::longest_wait() at most: then 503
    bad_request ///< too far in the future: 400
  };
  Kind kind;
  Directives wanted; ///< kind wait
};

/** Low latency: everything. Plain: finished segments only and none of the tags that came with
 * low latency, half the size. A client that doesn't know these tags has to ignore them, so that
 * the low-latency form is right for everybody; the plain form is for those known not to: it is what
 * is written to disk for other servers, which can't hold requests back, and it is the one form for
 * clients that ask for it by the URL. */
enum class Form { low_latency, plain };

/** Not synchronised. Rendering is meant to be done once per change, by who keeps the text. */
class Playlist
{
public:
  struct Options
  {
    std::string prefix;             ///< of media names; safe in a URI
    std::chrono::seconds target{2}; ///< EXT-X-TARGETDURATION at first
    Duration part_target{};         ///< PART-TARGET: no part is longer; see choose_part_target()
    std::size_t window = 15;        ///< segments that stay, at least; more if 3 targets need it
    std::uint64_t first_msn = 0;
    std::uint64_t first_discontinuity = 0; ///< EXT-X-DISCONTINUITY-SEQUENCE at first
    bool independent_segments = true;      ///< all segments begin with key frames
  };
  struct Part
  {
    Duration duration;
    bool independent = false;
    bool gap = false; ///< there is no media
  };

  explicit Playlist (Options options);

  // Growing. The open segment begins with its first part and ends with finish_segment().

  /** For the next segment: ends an open one first. */
  void discontinuity ();
  /** From the next segment on the init segment is @p number; ends an open one first. Required
   * before the first part. */
  void map (std::uint64_t number);
  /** When the next segment begins; required before its first part. */
  void program_time (WallTime time);
  void add_part (const Part &part);
  /** Nothing if none is open. Removes what is too old. */
  void finish_segment ();
  /** A whole segment without media (EXT-X-GAP); ends an open one first. Times go on by themselves,
   * but for program_time(). */
  void gap_segment (Duration duration);
  /** EXT-X-DATERANGE: from @p start on this is the title. */
  void title (WallTime start, std::string_view text);
  /** EXT-X-ENDLIST; ends the open segment. */
  void end ();
  /** All playlists of a presentation need the same target, and it never falls. It rises by itself
   * when a segment gets longer: to twice what it was, as often as needed, so that it soon stands
   * still. */
  void raise_target (std::chrono::seconds target);

  // What is there.

  Edge edge () const;
  /** The next part: what the preload hint names. */
  std::pair<std::uint64_t, std::uint32_t> next_part () const;
  bool ended () const { return ended_; }
  std::chrono::seconds target () const { return target_; }
  std::uint64_t first_msn () const;
  /** Media of older segments is not asked for any more (section 6.2.2). */
  std::uint64_t keep_from () const;
  bool has_segment (std::uint64_t msn) const; ///< finished and in the list

  PlaylistText render (Form form, Skip skip, std::span<const Report> reports) const;

  // Requests.

  Verdict judge (const Directives &wanted) const;
  /** What was waited for has come, or will never come: answer. */
  bool reached (const Directives &wanted) const;
  Duration longest_wait () const { return 3 * target_; }
  /** In the plain form there is something new only when a segment is finished: judge accordingly.
   */
  static Directives for_plain (Directives wanted);
};

} // namespace stagedoor::hls
