// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/whep/reception.hpp"

#include <glib.h>

#include <algorithm>

namespace stagedoor::whep {

using webrtc::Rejection;

std::shared_ptr<Reception::Feed>
Reception::feed () const
{
  std::lock_guard lock (mutex_);
  return feed_;
}

void
Reception::changed ()
{
  std::function<void ()> call;
  {
    std::lock_guard lock (mutex_);
    call = on_change_;
  }
  if (call)
    call ();
}

void
Reception::set_feed (std::shared_ptr<Feed> feed)
{
  {
    std::lock_guard lock (mutex_);
    std::swap (feed_, feed);
    for (auto &track : tracks_) {
      track.present = false;
      track.problem.clear ();
    }
    first_source_us_ = 0;
  }
  feed.reset (); // the former; waits for the webrtc thread
  changed ();
}

void
Reception::expect (TrackIndex track, bool expected)
{
  {
    std::lock_guard lock (mutex_);
    tracks_[track].expected = expected;
  }
  changed ();
}

void
Reception::set_source (TrackIndex track, std::optional<webrtc::Source> source)
{
  std::shared_ptr<Feed> feed;
  {
    std::lock_guard lock (mutex_);
    feed = feed_;
    tracks_[track].present = source.has_value ();
    if (source && first_source_us_ == 0)
      first_source_us_ = g_get_monotonic_time ();
    if (std::ranges::none_of (tracks_, &Track::present))
      first_source_us_ = 0;
  }
  if (feed != nullptr)
    feed->set_source (track, std::move (source));
  changed ();
}

void
Reception::submit (
    TrackIndex track, std::shared_ptr<webrtc::PacketizedFrame> frame, std::int64_t running_time_ns)
{
  if (const auto to = feed ())
    to->submit (track, std::move (frame), running_time_ns);
}

bool
Reception::set_problem (TrackIndex track, const std::string &text)
{
  {
    std::lock_guard lock (mutex_);
    if (tracks_[track].problem == text)
      return false;
    tracks_[track].problem = text;
  }
  if (const auto to = feed (); to != nullptr && !text.empty ())
    to->end_all ();
  changed ();
  return true;
}

std::string
Reception::problem () const
{
  std::lock_guard lock (mutex_);
  for (const auto &track : tracks_)
    if (!track.problem.empty ())
      return track.problem;
  return {};
}

bool
Reception::is_incomplete () const
{
  std::lock_guard lock (mutex_);
  const bool missing = std::ranges::any_of (
      tracks_, [] (const Track &t) { return t.expected && !t.present && t.problem.empty (); });
  return missing && first_source_us_ != 0
         && g_get_monotonic_time () - first_source_us_ < track_patience_us;
}

void
Reception::on_change (std::function<void ()> call)
{
  std::lock_guard lock (mutex_);
  on_change_ = std::move (call);
}

tl::expected<Reception::Feed::Joined, Rejection>
Reception::offer (std::string_view sdp, const std::string &peer)
{
  if (auto text = problem (); !text.empty ())
    return tl::unexpected (Rejection{503, std::move (text)});
  const auto to = feed ();
  if (to == nullptr)
    return tl::unexpected (Rejection{409, "this stream is not live at the moment"});
  auto joined = to->join (sdp, peer);
  // One that arose meanwhile may have ended the viewers before this one was among them.
  if (auto text = problem (); joined && !text.empty ()) {
    to->end (joined->id);
    return tl::unexpected (Rejection{503, std::move (text)});
  }
  return joined;
}

tl::expected<webrtc::IcePatch, webrtc::Rejection>
Reception::patch (
    const std::string &id, std::string_view fragment, std::optional<std::string_view> if_match)
{
  if (const auto to = feed ())
    return to->patch (id, fragment, if_match);
  return tl::unexpected (Rejection{404, "there is no such session"});
}

bool
Reception::end (const std::string &id)
{
  const auto to = feed ();
  return to != nullptr && to->end (id);
}

void
Reception::end_all ()
{
  if (const auto to = feed ())
    to->end_all ();
}

bool
Reception::has (const std::string &id) const
{
  const auto to = feed ();
  return to != nullptr && to->has (id);
}

webrtc::FeedStats
Reception::stats () const
{
  const auto to = feed ();
  return to != nullptr ? to->stats () : webrtc::FeedStats{};
}

} // namespace stagedoor::whep
