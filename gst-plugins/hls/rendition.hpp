// SPDX-License-Identifier: LGPL-2.1-or-later
// One rendition as it is served: its playlist, and the media that the playlist names.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gst-plugins/common/ref.hpp"
#include "libs/hls/cmaf.hpp"
#include "libs/hls/media_name.hpp"
#include "libs/hls/multivariant.hpp"
#include "libs/hls/playlist.hpp"

namespace stagedoor::hlssink {

using Piece = Ref<GBytes>;

/** What begins with a segment. */
struct SegmentStart
{
  hls::WallTime time;
  unsigned discontinuities = 0; ///< before it
  Piece map;                    ///< the init segment, if it is another one from here on
};

/** Takes over @p bytes, without copying them. */
Piece to_piece (Bytes bytes);

/** Under the mutex of its Presentation. */
class Rendition
{
public:
  Rendition (std::string name, const hls::Track &track, hls::Playlist::Options options);

  void begin_segment (const SegmentStart &start);
  /** Nothing unless a segment has begun. */
  void add_part (Piece bytes, const hls::Playlist::Part &part);
  void finish_segment ();
  /** Nothing came while others got as far as @p time and to this segment: gaps without holes
   * between them, and no longer than segments may be. */
  void skip_until (hls::WallTime time, std::uint64_t msn);
  void title (std::uint64_t id, hls::WallTime start, std::string_view text);
  /** From now on all segments keep to this target; one that doesn't gets cut where parts are. */
  void settle (std::chrono::seconds target);
  void end ();
  /** Forgets the oldest segment, whether or not it is listed; false when there is only one. */
  bool drop_oldest ();
  void set_track (const hls::Track &track) { track_ = track; }

  const std::string &name () const { return name_; }             ///< that of its pad
  const std::string &prefix () const { return options_.prefix; } ///< of its media's names
  const hls::Track &track () const { return track_; }
  bool is_video () const { return hls::is_video (track_.codec); }
  const hls::Playlist &playlist () const { return playlist_; }
  /** Changes with each change of the playlist. */
  std::uint64_t version () const { return version_; }
  std::uint64_t discontinuities () const { return discontinuities_; }
  std::size_t bytes () const { return bytes_; }
  bool has_finished () const { return !segments_.empty () && segments_.front ().finished; }
  bool is_open () const { return open_; }
  bool is_settled () const { return settled_; }
  hls::Duration finished () const { return finished_; } ///< all segments, ever
  bool has_media () const { return playlist_.edge ().has_value (); }
  /** When no segment is open: where the last one ended. */
  hls::WallTime next_begin () const { return begin_; }

  /** Bit/s, at least what was @p declared. Players read it once, and it has to be no less than what
   * comes (section 4.4.6.2), so before a segment is finished it is on the safe side. */
  std::uint64_t peak (std::uint64_t declared) const;
  std::uint64_t average () const { return rate_.average (); }

  /** Empty: it isn't there, not any more or not yet. */
  std::vector<Piece> find (const hls::MediaName &name) const;
  struct Stored
  {
    std::uint64_t msn;
    std::vector<Piece> parts;
    bool finished = false;
  };
  const std::deque<Stored> &segments () const { return segments_; }
  const std::map<std::uint64_t, Piece> &maps () const { return maps_; }

private:
  void trim ();

  const std::string name_;
  const hls::Playlist::Options options_;
  hls::Track track_;
  hls::Playlist playlist_;
  hls::BitRate rate_;
  std::deque<Stored> segments_;
  std::map<std::uint64_t, Piece> maps_; // by number
  std::uint64_t version_ = 0, discontinuities_;
  std::size_t bytes_ = 0, segment_bytes_ = 0;
  hls::Duration finished_{};
  hls::Duration duration_{};          // of the open segment
  hls::WallTime begin_{};             // of the open segment, or the next one
  bool begun_ = false, open_ = false; // the segment; and it has parts
  bool settled_ = false;
};

} // namespace stagedoor::hlssink
