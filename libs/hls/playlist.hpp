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
#include <utility>
#include <vector>

#include "libs/hls/playlist_text.hpp"
#include "libs/hls/request.hpp"

namespace stagedoor::hls {

using Duration = std::chrono::nanoseconds;
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

/** Where a rendition's playlist ends: the last segment that is there in whole or in part, and the
 * index of its last part. */
struct Edge
{
  std::uint64_t msn = 0;
  std::uint32_t part = 0;
  auto operator<=> (const Edge &) const = default;
};

/** Another rendition, for EXT-X-RENDITION-REPORT. */
struct Report
{
  std::string_view uri; ///< of its playlist, relative to this one
  Edge edge;
};

/** What becomes of a request for a playlist. */
enum class Verdict {
  now,
  wait,       ///< until Playlist::reached(), but for Playlist::longest_wait() at most: then 503
  bad_request ///< too far in the future: 400
};

/** Low latency: everything. A client that doesn't know these tags has to ignore them, so this form
 * is right for everybody who asks us. Plain: finished segments only, none of the tags that low
 * latency brought, and so no directives either: to be written to disk for servers that can't hold
 * requests back, and for old clients, that would read four times as much text for nothing. */
enum class Form { low_latency, plain };

/** Not synchronised. Rendering is meant to be done once per change, by whoever keeps the text. */
class Playlist
{
public:
  struct Options
  {
    std::string prefix;             ///< of media names; safe in a URI
    std::chrono::seconds target{2}; ///< EXT-X-TARGETDURATION until settle()
    /** PART-TARGET, choose_part_target(); the same for all playlists of a presentation, because
     * EXT-X-SERVER-CONTROL has to be. */
    Duration part_target = std::chrono::milliseconds (200);
    std::size_t window = 15; ///< finished segments that stay; more if 3 targets need them
    std::uint64_t first_msn = 0;
    std::uint64_t first_discontinuity = 0; ///< for a rendition that joins a presentation
  };
  struct Part
  {
    Duration duration;
    bool independent = false; ///< has a key frame; sound always has
    bool gap = false;         ///< has no media
  };
  static constexpr std::size_t most_titles = 64; ///< in the window; more are not taken

  explicit Playlist (Options options);

  // Growing. A segment begins with its first part and ends with finish_segment().

  /** Before the next segment; ends an open one. Twice is two discontinuities: a rendition that
   * missed one has to count like the others. */
  void discontinuity ();
  /** From the next segment on the init segment is this one; ends an open segment if that changes
   * anything. 0 until told. */
  void map (std::uint64_t number);
  /** When the next segment begins. Without it, or if it would go back, the segment begins when the
   * one before ends: dates have to stay unambiguous. */
  void program_time (WallTime time);
  void add_part (const Part &part);
  /** Nothing if none is open. Removes what is too old. */
  void finish_segment ();
  /** A segment without media (EXT-X-GAP, and GAP=YES on its parts); ends an open one. */
  void gap_segment (Duration duration);
  /** From @p start on this is the title, as EXT-X-DATERANGE. All playlists of a presentation need
   * the same ones with the same @p id, which is never used again. */
  void title (std::uint64_t id, WallTime start, std::string_view text);
  /** EXT-X-ENDLIST; ends the open segment. */
  void end ();
  /** All playlists of a presentation need the same target. It must not change (section 6.2.1), so
   * this is for a playlist that nobody has got from where it will be. */
  void settle (std::chrono::seconds target) { target_ = target; }

  // What is there.

  std::optional<Edge> edge () const; ///< nullopt before the first part
  Edge next_part () const;           ///< what the preload hint names
  bool ended () const { return ended_; }
  std::chrono::seconds target () const { return target_; }
  Duration longest_segment () const { return longest_segment_; } ///< as far as it has come
  /** The open segment, if there is one, keeps to the target with this part, too. */
  bool fits (Duration part) const;
  /** Of the segments in the list. */
  std::uint64_t first_msn () const { return next_msn_ - segments_.size (); }
  std::uint64_t finished () const { return next_msn_; } ///< MSN after the last finished segment
  /** Nobody may be refused media of this and later segments (section 6.2.2). */
  std::uint64_t keep_from () const;
  /** The oldest init segment that the list or what has to be kept beside it needs. */
  std::uint64_t keep_map () const;

  PlaylistText render (Form form, Skip skip, std::span<const Report> reports) const;

  // Requests for the low-latency form.

  Verdict judge (const Directives &wanted) const;
  /** What was waited for has come, or will never come: answer. */
  bool reached (const Directives &wanted) const;
  Duration longest_wait () const { return 3 * target_; }

private:
  friend class PlaylistWriter;
  struct Segment
  {
    std::vector<Part> parts;
    Duration duration{};
    WallTime time;
    std::uint64_t map = 0;
    unsigned discontinuities = 0; ///< before it
    bool gap = true;              ///< all parts are
  };
  struct Kept // segment that left the list, but not us
  {
    std::uint64_t msn, map;
    Duration until; ///< by elapsed_
  };
  struct Title
  {
    std::uint64_t id;
    WallTime start;
    std::string text;
    Duration changed; ///< added, or removed, by elapsed_
  };

  void open_segment ();
  void trim ();
  void retire_front ();
  void trim_titles ();
  Duration skip_boundary () const { return 6 * target_; }
  std::size_t skippable () const;
  Edge wanted_part (const Directives &wanted) const;

  const Options options_;
  std::chrono::seconds target_;
  std::deque<Segment> segments_; ///< finished
  std::optional<Segment> open_;
  std::uint64_t next_msn_; ///< of the open segment, or the next to open
  std::uint64_t discontinuity_sequence_;
  bool ended_ = false;

  // of the next segment
  unsigned discontinuities_ = 0;
  std::uint64_t map_ = 0;
  WallTime time_{};

  Duration elapsed_{}; ///< media published so far: the clock of what has to be kept how long
  Duration listed_{};  ///< duration of segments_
  Duration longest_{}; ///< listed_ was
  Duration longest_segment_{};
  std::deque<Kept> kept_;
  std::deque<Title> titles_, removed_titles_;
};

} // namespace stagedoor::hls
