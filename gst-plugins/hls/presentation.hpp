// SPDX-License-Identifier: LGPL-2.1-or-later
// A live stream as it is served: all renditions of it, cut at the same places.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>

#include "gst-plugins/hls/rendition.hpp"
#include "libs/hls/segmenter.hpp"

namespace stagedoor::hlssink {

struct Shape
{
  hls::Duration part = std::chrono::milliseconds (200);
  std::chrono::seconds segment{2};
  std::size_t window = 15;                   ///< segments in a playlist
  std::size_t max_bytes = 256 * 1024 * 1024; ///< of media, all renditions together
};

/** A media playlist in the form that is shared by all clients. */
struct Text
{
  /** What names media, and at its end what names other playlists. */
  hls::PlaylistText media, playlists;
  std::string tag; ///< another one whenever the text is
};

/** What becomes of a request for media. */
struct Found
{
  std::vector<Piece> pieces; ///< empty: not there
  bool video = false;
  bool wait = false; ///< the next part: it will be there in a moment
};

/** Everything that a folder has to hold. */
struct Tree
{
  struct Playlist
  {
    std::string name, text;
  };
  struct Media
  {
    std::string name;
    std::vector<Piece> pieces;
  };
  std::string multivariant; ///< empty: nothing is live
  std::vector<Playlist> playlists;
  std::vector<Media> media;
};

enum class Readiness {
  offline,
  soon,  ///< a moment later there is more to tell of
  parts, ///< something has no whole segment yet; not live: nor anything else that can be had
  ready
};

struct Produced
{
  std::uint64_t segments = 0, parts = 0, bytes_held = 0, uneven_parts = 0, dropped_segments = 0;
  std::int64_t key_distance_ms = 0, target_s = 0;
};

/** Any thread. Pads produce, each on its streaming thread; the http thread and that of Files read.
 * Pads are known by name. */
class Presentation
{
public:
  using Kind = hls::Segmenter::Kind;

  /** Called on the producing thread, without locks, after something new can be served. */
  struct Listeners
  {
    std::function<void ()> part, segment;
  };
  /** The running time now; nullopt when nobody knows. */
  using RunningTime = std::function<std::optional<hls::Duration> ()>;

  explicit Presentation (RunningTime running_time) : running_time_ (std::move (running_time)) {}

  void set_shape (const Shape &shape);
  Shape shape () const;
  void set_listeners (Listeners listeners);

  // Producing.

  /** The pad has caps: what it brings is worth waiting for. @p frame: how long each lasts; 0: not
   * known. */
  void expect (const std::string &pad, Kind kind, hls::Duration frame);
  /** Where the frame belongs. */
  hls::Cut cut (const std::string &pad, const hls::Segmenter::Frame &frame);
  void begin_segment (
      const std::string &pad, const hls::Track &track, hls::Duration presented, SegmentStart start);
  /** @p last: of its segment, as finish_segment() says for those that went out before. */
  void add_part (const std::string &pad, Piece bytes, const hls::Playlist::Part &part, bool last);
  void finish_segment (const std::string &pad);
  /** Nothing more comes from this pad: its playlist ends. */
  void end (const std::string &pad);
  /** The stream is over; the next frame begins another one. Playlists end, media stays. */
  void end_all ();
  /** Forgets all, too. */
  void clear ();
  /** What the encoder means to make; bit/s. */
  void declare_rate (const std::string &pad, std::uint64_t rate);
  /** From now on. */
  void title (std::string_view text);
  hls::WallTime wall_time (hls::Duration presented) const;

  // Serving.

  bool is_live () const;
  /** Players read the multivariant playlist once: whoever asks a moment too early would see or hear
   * nothing for good. */
  Readiness readiness () const;

  hls::PlaylistText multivariant () const;
  /** By the name of a playlist, without ".m3u8". Null: there is none. */
  std::shared_ptr<const Text> playlist (const std::string &name, hls::Form form, hls::Skip skip);
  std::optional<hls::Verdict> judge (const std::string &name, const hls::Directives &wanted) const;
  std::chrono::seconds target () const;
  Found find (std::string_view file) const;
  Tree tree () const;
  Produced produced () const;

private:
  struct Entry
  {
    Kind kind = Kind::video;
    bool expected = false;
    std::uint64_t declared_rate = 0; ///< bit/s; 0: nothing said
    hls::Duration frame{};           ///< how long each lasts; 0: not known
    std::optional<hls::Segmenter::Track> lane;
    std::unique_ptr<Rendition> rendition;
    /** Of frames: the last one, the first of the open segment and of the one that was finished. */
    hls::Duration last_dts{}, segment_dts{}, finished_dts{};
    struct Cached
    {
      std::uint64_t version = 0;
      std::shared_ptr<const Text> text;
    };
    std::array<Cached, 6> texts; ///< by form and skip
  };
  using Entries = std::map<std::string, Entry>;

  // All under mutex_:
  void start_segmenter ();
  Rendition &rendition (const std::string &pad, Entry &entry, const hls::Track &track);
  void finish (Entry &entry);
  void fill_gaps (const Entry &leader);
  void keep_bounds ();
  void settle ();
  void settle_by (const Entry &entry);
  bool is_outgrown () const;
  bool is_shown (const Entry &entry) const;
  std::string name_of (const Entries::value_type &entry) const;
  const Entries::value_type *named (const std::string &name) const;
  Text render (const Entry &of, hls::Form form, hls::Skip skip) const;
  void synchronise_clock (hls::Duration presented);
  hls::PlaylistText render_multivariant () const;
  void end_entry (Entry &entry);

  const RunningTime running_time_;
  mutable std::mutex mutex_; // innermost; nothing is called under it
  Listeners listeners_;      // set before anything is produced
  // Protected by mutex_:
  Shape shape_;
  Entries entries_;
  std::optional<hls::Segmenter> segmenter_; ///< none before the first frame
  hls::Duration part_target_{};
  /** EXT-X-TARGETDURATION, which must not change, of a stream from its first whole segment on; 0
   * before. */
  std::chrono::seconds promise_{};
  std::uint64_t next_msn_ = 0; ///< of the first rendition to begin or to go on
  std::uint64_t titles_ = 0, parts_ = 0, finished_ = 0, dropped_ = 0;
  std::string title_;
  hls::WallTime title_start_{};
  std::optional<hls::Duration> wall_offset_; ///< time of day - running time
  gint64 live_since_us_ = 0;                 ///< 0: not live
};

/** Media times are running times plus this, so that decoding may begin before running time 0. */
constexpr hls::Duration media_origin = std::chrono::seconds (10);

} // namespace stagedoor::hlssink
