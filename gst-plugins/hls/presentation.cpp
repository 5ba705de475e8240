// SPDX-License-Identifier: LGPL-2.1-or-later
// How a presentation grows.
#include "gst-plugins/hls/presentation.hpp"

#include <algorithm>
#include <utility>

namespace stagedoor::hlssink {
namespace {

using hls::Duration;

/** Media of a publication never has the name of another's, whatever cache is in between. */
std::string
new_prefix (const std::string &pad)
{
  std::array<char, 16> text;
  g_snprintf (text.data (), text.size (), "%08x", g_random_int ());
  return pad + "-" + text.data () + "-";
}

Duration
time_of_day ()
{
  return std::chrono::microseconds (g_get_real_time ());
}

} // namespace

void
Presentation::set_shape (const Shape &shape)
{
  std::lock_guard lock (mutex_);
  shape_ = shape;
}

Shape
Presentation::shape () const
{
  std::lock_guard lock (mutex_);
  return shape_;
}

void
Presentation::set_listeners (Listeners listeners)
{
  std::lock_guard lock (mutex_);
  listeners_ = std::move (listeners);
}

void
Presentation::expect (const std::string &pad, Kind kind, Duration frame)
{
  std::lock_guard lock (mutex_);
  auto &entry = entries_[pad];
  entry.kind = kind;
  entry.expected = true;
  if (frame > Duration::zero ())
    entry.frame = frame;
}

void
Presentation::start_segmenter ()
{
  std::vector<Duration> frames;
  for (const auto &[pad, entry] : entries_)
    if (entry.kind == Kind::video)
      frames.push_back (entry.frame);
  part_target_ = hls::choose_part_target (shape_.part, frames);
  segmenter_.emplace (
      hls::Segmenter::Options{.segment = shape_.segment, .part_target = part_target_});
  if (promise_ > promise_.zero ())
    segmenter_->promise (promise_);
}

hls::Cut
Presentation::cut (const std::string &pad, const hls::Segmenter::Frame &frame)
{
  std::lock_guard lock (mutex_);
  auto &entry = entries_[pad];
  if (!segmenter_)
    start_segmenter ();
  if (!entry.lane)
    entry.lane = segmenter_->add (entry.kind);
  if (frame.discontinuity)
    wall_offset_.reset ();
  const auto out = segmenter_->next (*entry.lane, frame);
  if (!out.drop)
    entry.last_dts = frame.dts;
  if (out.segment)
    entry.finished_dts = std::exchange (entry.segment_dts, frame.dts);
  return out;
}

Rendition &
Presentation::rendition (const std::string &pad, Entry &entry, const hls::Track &track)
{
  if (entry.rendition != nullptr && !entry.rendition->playlist ().ended ()) {
    entry.rendition->set_track (track);
    return *entry.rendition;
  }
  std::uint64_t discontinuities = 0;
  for (const auto &[name, other] : entries_)
    if (other.rendition != nullptr)
      discontinuities = std::max (discontinuities, other.rendition->discontinuities ());
  entry.rendition = std::make_unique<Rendition> (pad, track,
      hls::Playlist::Options{.prefix = new_prefix (pad),
          .target = shape_.segment,
          .part_target = part_target_,
          .window = shape_.window,
          .first_msn = next_msn_,
          .first_discontinuity = discontinuities});
  entry.texts = {};
  if (promise_ > promise_.zero ())
    entry.rendition->settle (promise_);
  if (!title_.empty ())
    entry.rendition->title (titles_, title_start_, title_);
  return *entry.rendition;
}

/** Without a clock what is shown at @p presented is taken to be now. */
void
Presentation::synchronise_clock (Duration presented)
{
  if (!wall_offset_)
    wall_offset_ = time_of_day () - running_time_ ().value_or (presented);
}

void
Presentation::begin_segment (
    const std::string &pad, const hls::Track &track, Duration presented, SegmentStart start)
{
  std::lock_guard lock (mutex_);
  synchronise_clock (presented);
  start.time = hls::WallTime (*wall_offset_ + presented);
  rendition (pad, entries_[pad], track).begin_segment (start);
}

void
Presentation::add_part (
    const std::string &pad, Piece bytes, const hls::Playlist::Part &part, bool last)
{
  Listeners tell;
  {
    std::lock_guard lock (mutex_);
    auto &entry = entries_[pad];
    if (entry.rendition == nullptr)
      return;
    entry.rendition->add_part (std::move (bytes), part);
    ++parts_;
    if (live_since_us_ == 0)
      live_since_us_ = g_get_monotonic_time ();
    keep_bounds ();
    if (last)
      finish (entry);
    tell = listeners_;
  }
  if (tell.part)
    tell.part ();
  if (last && tell.segment)
    tell.segment ();
}

/** The first to finish a segment leads. */
void
Presentation::finish (Entry &entry)
{
  entry.rendition->finish_segment ();
  ++finished_;
  settle_by (entry);
  if (entry.rendition->playlist ().finished () <= next_msn_)
    return;
  next_msn_ = entry.rendition->playlist ().finished ();
  fill_gaps (entry);
}

void
Presentation::finish_segment (const std::string &pad)
{
  Listeners tell;
  {
    std::lock_guard lock (mutex_);
    auto &entry = entries_[pad];
    if (entry.rendition == nullptr || !entry.rendition->is_open ())
      return;
    finish (entry);
    tell = listeners_;
  }
  for (const auto &call : {tell.part, tell.segment})
    if (call)
      call ();
}

/** Whoever brought nothing in all of the leader's segment has none of that number. */
void
Presentation::fill_gaps (const Entry &leader)
{
  const auto &lead = *leader.rendition;
  for (auto &[pad, entry] : entries_) {
    auto *lost = entry.rendition.get ();
    if (lost == nullptr || lost == &lead || entry.last_dts >= leader.finished_dts)
      continue;
    if (lost->playlist ().ended ()) {
      if (lost->playlist ().finished () + shape_.window < next_msn_)
        entry.rendition.reset ();
      continue;
    }
    lost->skip_until (lead.next_begin (), next_msn_);
  }
}

/** The leader's first whole segment tells how long they get, and a picture that has yet to come
 * will lead. When others have more than one can be long, the leader has stopped, or never comes. */
void
Presentation::settle_by (const Entry &entry)
{
  const bool is_led =
      entry.kind == Kind::audio && std::ranges::any_of (entries_, [] (const auto &e) {
        return e.second.kind == Kind::video && e.second.expected && e.second.rendition == nullptr;
      });
  const bool leads = !is_led && entry.lane && segmenter_ && segmenter_->is_leader (*entry.lane);
  if (promise_ == promise_.zero ()
      && (leads || entry.rendition->finished () > hls::Segmenter::Options{}.longest))
    settle ();
}

/** No longer than it has to be, for plain players are three of them behind; a longer one has some
 * room for key frames that don't come to the frame. Should they get rarer yet, segments begin
 * without. */
void
Presentation::settle ()
{
  using std::chrono::seconds;
  std::vector<Rendition *> all;
  Duration longest = segmenter_ ? segmenter_->key_distance () : Duration ();
  for (auto &[pad, entry] : entries_)
    if (entry.rendition != nullptr && !entry.rendition->playlist ().ended ()) {
      all.push_back (entry.rendition.get ());
      longest = std::max (longest, all.back ()->playlist ().longest_segment ());
    }
  promise_ = std::chrono::round<seconds> (longest) <= shape_.segment
                 ? shape_.segment
                 : std::chrono::ceil<seconds> (longest);
  if (segmenter_)
    segmenter_->promise (promise_);
  for (auto *rendition : all)
    rendition->settle (promise_);
}

void
Presentation::keep_bounds ()
{
  const auto held = [this] {
    std::size_t out = 0;
    for (const auto &[pad, entry] : entries_)
      out += entry.rendition != nullptr ? entry.rendition->bytes () : 0;
    return out;
  };
  while (held () > shape_.max_bytes) {
    Rendition *largest = nullptr;
    for (const auto &[pad, entry] : entries_)
      if (entry.rendition != nullptr
          && (largest == nullptr || entry.rendition->bytes () > largest->bytes ()))
        largest = entry.rendition.get ();
    if (largest == nullptr || !largest->drop_oldest ())
      return;
    ++dropped_;
  }
}

void
Presentation::end_entry (Entry &entry)
{
  entry.expected = false;
  entry.declared_rate = 0;
  entry.frame = {};
  if (entry.rendition != nullptr) {
    if (promise_ == promise_.zero () && is_outgrown ())
      settle ();
    entry.rendition->end ();
  }
  if (entry.lane && segmenter_)
    segmenter_->remove (*entry.lane);
  entry.lane.reset ();
}

void
Presentation::end (const std::string &pad)
{
  Listeners tell;
  {
    std::lock_guard lock (mutex_);
    const auto found = entries_.find (pad);
    if (found == entries_.end ())
      return;
    end_entry (found->second);
    tell = listeners_;
  }
  for (const auto &call : {tell.part, tell.segment})
    if (call)
      call ();
}

void
Presentation::end_all ()
{
  Listeners tell;
  {
    std::lock_guard lock (mutex_);
    for (auto &[pad, entry] : entries_) {
      end_entry (entry);
      if (entry.rendition != nullptr)
        next_msn_ = std::max (next_msn_, entry.rendition->playlist ().finished ());
    }
    promise_ = {};
    segmenter_.reset ();
    wall_offset_.reset ();
    live_since_us_ = 0;
    title_.clear ();
    tell = listeners_;
  }
  for (const auto &call : {tell.part, tell.segment})
    if (call)
      call ();
}

void
Presentation::clear ()
{
  end_all ();
  std::lock_guard lock (mutex_);
  entries_.clear ();
}

void
Presentation::declare_rate (const std::string &pad, std::uint64_t rate)
{
  std::lock_guard lock (mutex_);
  entries_[pad].declared_rate = rate;
}

void
Presentation::title (std::string_view text)
{
  std::lock_guard lock (mutex_);
  if (text == title_)
    return;
  title_ = text;
  ++titles_;
  title_start_ = hls::WallTime (time_of_day ());
  for (const auto &[pad, entry] : entries_)
    if (entry.rendition != nullptr)
      entry.rendition->title (titles_, title_start_, title_);
}

hls::WallTime
Presentation::wall_time (Duration presented) const
{
  std::lock_guard lock (mutex_);
  return hls::WallTime (wall_offset_.value_or (Duration ()) + presented);
}

} // namespace stagedoor::hlssink
