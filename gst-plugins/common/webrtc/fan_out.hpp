// SPDX-License-Identifier: LGPL-2.1-or-later
// The worker's half of a feed: takes frames from streaming threads and gives them to all viewers.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gst-plugins/common/webrtc/port.hpp"
#include "libs/webrtc/history.hpp"

namespace stagedoor::webrtc {

class IceSession;
class Viewer;

class FanOut
{
public:
  FanOut (std::size_t tracks, KeyframeWanted keyframe_wanted, Watched watched);

  // Any thread.
  void submit (
      std::size_t track, std::shared_ptr<PacketizedFrame> frame, std::int64_t running_time_ns);
  void expect (const std::string &id, std::shared_ptr<IceSession> ice);
  bool has (const std::string &id) const { return ice_session (id) != nullptr; }
  /** Null when there is no such viewer (any more). */
  std::shared_ptr<IceSession> ice_session (const std::string &id) const;
  FeedStats stats () const;

  // The webrtc thread.
  /** Ends the viewers who watch what @p track was before, and those who asked for something of its
   * kind when there was none: they may come again for all of it. */
  void set_codec (std::size_t track, Codec codec);
  void add (Viewer &viewer);
  /** @p viewer is connected: media from here on. */
  void watch (Viewer &viewer);
  void remove (Viewer &viewer);
  void end (const std::string &id);
  void end_all (const char *why);
  /** No callback any more. */
  void close ();
  /** Takes what has been submitted; deliver() sends it. */
  void collect ();
  void deliver ();
  /** Goes on with some of the viewers that have just joined; false when there is none. */
  bool catch_up ();
  /** Asks for the key frames that are wanted, as often as that makes sense. */
  void on_time (std::int64_t now_us);

  const History &history (std::size_t track) const { return tracks_[track].history; }
  void request_keyframe (std::size_t track, std::int64_t now_us);
  /** Now in the feed's time (running time), as RTP timestamp. */
  std::uint32_t rtp_at (std::int64_t now_us, int clock_rate) const;

  /** Sums; written by the webrtc thread, but for skipped. */
  struct Counters
  {
    std::atomic<std::uint64_t> viewers = 0, pending = 0, joined = 0, packets = 0, bytes = 0,
                               retransmitted = 0, lost = 0, keyframe_requests = 0, unsent = 0,
                               skipped = 0;
  };
  Counters counters;

private:
  struct Track
  {
    Track (std::size_t max_bytes, std::size_t max_frames) : history (max_bytes, max_frames) {}
    std::optional<Codec> codec;
    History history;
    std::uint64_t next_index = 0;
    std::int64_t keyframe_asked_us = 0;
    bool keyframe_wanted = false;
  };
  struct Item
  {
    std::size_t track;
    std::int64_t running_us;
    std::shared_ptr<PacketizedFrame> frame;
  };

  bool is_behind (std::int64_t now_us) const;
  void notice_unsent ();
  void deliver (Item &item);
  void follow_clock (std::int64_t sample_us);

  // The webrtc thread.
  KeyframeWanted keyframe_wanted_;
  Watched watched_;
  std::vector<Track> tracks_;
  std::vector<Viewer *> viewers_;        ///< all
  std::vector<Viewer *> watching_;       ///< those that are connected
  std::vector<Viewer *> joining_;        ///< of these, those that haven't caught up
  std::uint64_t unsent_seen_ = 0;        ///< of counters.unsent
  std::vector<Item> taken_;              ///< collected; kept for its capacity
  std::optional<std::int64_t> clock_us_; ///< monotonic time at running time 0

  mutable std::mutex mutex_;    // innermost; held for a few instructions
  std::vector<Item> inbox_;     // protected by mutex_
  std::size_t inbox_bytes_ = 0; // protected by mutex_
  std::vector<bool> dropping_;  // protected by mutex_; per track, up to its next key frame
  std::map<std::string, std::shared_ptr<IceSession>> ids_; // protected by mutex_; of all viewers
};

} // namespace stagedoor::webrtc
