// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/webrtc/fan_out.hpp"

#include <glib.h>

#include <algorithm>
#include <utility>

#include "gst-plugins/common/webrtc/viewer.hpp"

namespace stagedoor::webrtc {

namespace {

constexpr std::size_t inbox_max_frames = 512, inbox_max_bytes = 16 * 1024 * 1024;
/** Frames that the webrtc thread hasn't looked at for so long are late for everybody. */
constexpr std::int64_t inbox_max_age_us = 300'000;
/** A long group of pictures in high definition must fit: a new viewer starts with it. */
constexpr std::size_t history_bytes = 16 * 1024 * 1024;
/** Beyond the group of pictures in progress: what a viewer may still have lost. */
constexpr std::size_t history_frames = 100;
constexpr std::int64_t keyframe_interval_us = 1'000'000;
/** Viewers who catch up at the same time, first come, first served. However many come at once, the
 * others still get their frames in time, and the network isn't flooded. */
constexpr std::ptrdiff_t joiners_at_once = 32;
/** A step of the running time against the clock by more than this isn't jitter. */
constexpr std::int64_t clock_jump_us = 1'000'000;

std::int64_t
to_rtp (std::int64_t us, int clock_rate)
{
  const auto seconds = us / 1'000'000, rest = us % 1'000'000;
  return seconds * clock_rate + rest * clock_rate / 1'000'000;
}

} // namespace

FanOut::FanOut (std::size_t tracks, KeyframeWanted keyframe_wanted, Watched watched)
    : keyframe_wanted_ (std::move (keyframe_wanted)), watched_ (std::move (watched)),
      dropping_ (tracks)
{
  for (std::size_t i = 0; i < tracks; ++i)
    tracks_.emplace_back (history_bytes, history_frames);
}

bool
FanOut::is_behind (std::int64_t now_us) const
{
  return !inbox_.empty ()
         && (inbox_.size () >= inbox_max_frames || inbox_bytes_ >= inbox_max_bytes
             || now_us - inbox_.front ().frame->arrival_us > inbox_max_age_us);
}

void
FanOut::submit (
    std::size_t track, std::shared_ptr<PacketizedFrame> frame, std::int64_t running_time_ns)
{
  frame->arrival_us = g_get_monotonic_time ();
  std::lock_guard lock (mutex_);
  if (is_behind (frame->arrival_us))
    dropping_[track] = true;
  if (dropping_[track]) {
    ++counters.skipped;
    if (!frame->keyframe)
      return;
    // What waits is of no use before a key frame.
    std::erase_if (inbox_, [&] (const Item &item) {
      if (item.track == track)
        inbox_bytes_ -= item.frame->bytes.size ();
      return item.track == track;
    });
    dropping_[track] = false;
  }
  inbox_bytes_ += frame->bytes.size ();
  inbox_.push_back ({track, running_time_ns / 1000, std::move (frame)});
}

void
FanOut::expect (const std::string &id, std::shared_ptr<IceSession> ice)
{
  ++counters.pending;
  std::lock_guard lock (mutex_);
  ids_[id] = std::move (ice);
}

std::shared_ptr<IceSession>
FanOut::ice_session (const std::string &id) const
{
  std::lock_guard lock (mutex_);
  const auto found = ids_.find (id);
  return found != ids_.end () ? found->second : nullptr;
}

FeedStats
FanOut::stats () const
{
  FeedStats out;
  out.viewers = counters.viewers;
  out.pending = counters.pending;
  out.joined = counters.joined;
  out.packets = counters.packets;
  out.bytes = counters.bytes;
  out.retransmitted = counters.retransmitted;
  out.lost = counters.lost;
  out.keyframe_requests = counters.keyframe_requests;
  out.unsent = counters.unsent;
  out.skipped = counters.skipped;
  return out;
}

void
FanOut::set_codec (std::size_t track, Codec codec)
{
  auto &t = tracks_[track];
  for (auto *viewer : viewers_)
    if (viewer->lacks (codec != Codec::opus))
      viewer->end ("there is another track now");
    else if (t.codec != codec && viewer->watches (track))
      viewer->end ("the codec changed");
  if (t.codec != codec)
    t.history.clear ();
  t.codec = codec;
}

void
FanOut::add (Viewer &viewer)
{
  viewers_.push_back (&viewer);
  if (viewers_.size () == 1 && watched_)
    watched_ (true);
}

void
FanOut::watch (Viewer &viewer)
{
  watching_.push_back (&viewer);
  joining_.push_back (&viewer);
  --counters.pending;
  ++counters.viewers;
  ++counters.joined;
}

void
FanOut::remove (Viewer &viewer)
{
  const bool last = std::erase (viewers_, &viewer) > 0 && viewers_.empty ();
  std::erase (joining_, &viewer);
  --(std::erase (watching_, &viewer) > 0 ? counters.viewers : counters.pending);
  {
    std::lock_guard lock (mutex_);
    ids_.erase (viewer.id ());
  }
  if (last && watched_)
    watched_ (false);
}

void
FanOut::end (const std::string &id)
{
  const auto found = std::ranges::find (viewers_, id, &Viewer::id);
  if (found != viewers_.end ())
    (*found)->end ("ended by request");
}

void
FanOut::end_all (const char *why)
{
  for (auto *viewer : viewers_)
    viewer->end (why);
}

void
FanOut::close ()
{
  keyframe_wanted_ = nullptr;
  watched_ = nullptr;
}

void
FanOut::follow_clock (std::int64_t sample_us)
{
  if (!clock_us_ || std::abs (sample_us - *clock_us_) > clock_jump_us)
    clock_us_ = sample_us;
  else
    *clock_us_ += (sample_us - *clock_us_) / 128;
}

void
FanOut::deliver (Item &item)
{
  auto &track = tracks_[item.track];
  auto &frame = *item.frame;
  if (track.codec != frame.codec)
    return; // was under way when the codec changed
  follow_clock (frame.arrival_us - item.running_us);
  frame.first_index = track.next_index;
  track.next_index += frame.payloads.size ();
  if (frame.keyframe)
    track.keyframe_wanted = false;
  const SharedFrame shared = std::move (item.frame);
  track.history.add (shared);
  for (auto *viewer : watching_)
    viewer->deliver (item.track, shared);
}

void
FanOut::collect ()
{
  std::lock_guard lock (mutex_);
  taken_.swap (inbox_);
  inbox_bytes_ = 0;
}

void
FanOut::deliver ()
{
  for (auto &item : taken_)
    deliver (item);
  taken_.clear ();
}

bool
FanOut::catch_up ()
{
  const auto turn_ends = joining_.begin () + std::min (std::ssize (joining_), joiners_at_once);
  joining_.erase (std::remove_if (joining_.begin (), turn_ends,
                      [] (Viewer *viewer) { return !viewer->catch_up (); }),
      turn_ends);
  return !joining_.empty ();
}

void
FanOut::request_keyframe (std::size_t track, std::int64_t now_us)
{
  ++counters.keyframe_requests;
  tracks_[track].keyframe_wanted = true;
  on_time (now_us);
}

/** Viewers to whom packets could not be sent wait for a key frame. */
void
FanOut::notice_unsent ()
{
  const std::uint64_t unsent = counters.unsent;
  if (std::exchange (unsent_seen_, unsent) == unsent)
    return;
  for (auto &track : tracks_)
    if (track.codec && track.codec != Codec::opus)
      track.keyframe_wanted = true;
}

void
FanOut::on_time (std::int64_t now_us)
{
  notice_unsent ();
  for (std::size_t i = 0; i < tracks_.size (); ++i) {
    auto &track = tracks_[i];
    if (!track.keyframe_wanted || now_us - track.keyframe_asked_us < keyframe_interval_us)
      continue;
    track.keyframe_asked_us = now_us;
    track.keyframe_wanted = false;
    if (keyframe_wanted_)
      keyframe_wanted_ (i);
  }
}

std::uint32_t
FanOut::rtp_at (std::int64_t now_us, int clock_rate) const
{
  return static_cast<std::uint32_t> (to_rtp (now_us - clock_us_.value_or (now_us), clock_rate));
}

} // namespace stagedoor::webrtc
