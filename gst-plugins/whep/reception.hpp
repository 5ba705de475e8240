// SPDX-License-Identifier: LGPL-2.1-or-later
// Where viewers are received: knows whether the stream can be shown, and passes their offers on.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "gst-plugins/common/webrtc/port.hpp"

namespace stagedoor::whep {

enum TrackIndex : std::size_t { video_track, audio_track, track_count };

/** Any thread. Shared by the element, its pads and its HTTP handler; does nothing while no feed is
 * set. */
class Reception
{
public:
  using Feed = webrtc::Feed;

  /** Ends all viewers of the feed before and forgets what it had to send. */
  void set_feed (std::shared_ptr<Feed> feed);

  /** A pad of this kind exists: its source is worth waiting for. */
  void expect (TrackIndex track, bool expected);
  void set_source (TrackIndex track, std::optional<webrtc::Source> source);
  void submit (TrackIndex track, std::shared_ptr<webrtc::PacketizedFrame> frame,
      std::int64_t running_time_ns);

  /** Why @p track can't be shown; empty: it can. Ends the viewers when it no longer can. True when
   * that is news. */
  bool set_problem (TrackIndex track, const std::string &text);
  std::string problem () const;

  /** Whether an offer that came now would get less than one that came a moment later. */
  bool is_incomplete () const;
  /** @p call runs on any thread, after something that is_incomplete() depends on. */
  void on_change (std::function<void ()> call);

  tl::expected<Feed::Joined, webrtc::Rejection> offer (
      std::string_view sdp, const std::string &peer);
  tl::expected<webrtc::IcePatch, webrtc::Rejection> patch (
      const std::string &id, std::string_view fragment, std::optional<std::string_view> if_match);
  bool end (const std::string &id);
  void end_all ();
  bool has (const std::string &id) const;
  webrtc::FeedStats stats () const;

private:
  std::shared_ptr<Feed> feed () const;
  void changed ();

  struct Track
  {
    bool expected = false, present = false;
    std::string problem;
  };
  mutable std::mutex mutex_;              // innermost; nothing is called under it
  std::shared_ptr<Feed> feed_;            // protected by mutex_
  std::array<Track, track_count> tracks_; // protected by mutex_
  std::int64_t first_source_us_ = 0;      // protected by mutex_; 0: there is none
  std::function<void ()> on_change_;      // protected by mutex_
};

/** For how long an offer waits for the stream's other track. */
inline constexpr std::int64_t track_patience_us = 500'000;

} // namespace stagedoor::whep
