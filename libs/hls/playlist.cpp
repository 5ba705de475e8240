// SPDX-License-Identifier: LGPL-2.1-or-later
// How a media playlist grows and what leaves it.
#include "libs/hls/playlist.hpp"

#include <algorithm>

#include "libs/base/text.hpp"

namespace stagedoor::hls {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t longest_title = 200; // characters

/** What can stand in a quoted-string (section 4.2). */
std::string
quotable (std::string_view text)
{
  auto out = printable (text, longest_title);
  std::replace (out.begin (), out.end (), '"', '\'');
  return out;
}

} // namespace

Playlist::Playlist (Options options)
    : options_ (std::move (options)), target_ (options_.target), next_msn_ (options_.first_msn),
      discontinuity_sequence_ (options_.first_discontinuity)
{
}

void
Playlist::discontinuity ()
{
  finish_segment ();
  ++discontinuities_;
}

void
Playlist::map (std::uint64_t number)
{
  if (number == map_)
    return;
  finish_segment ();
  map_ = number;
}

void
Playlist::program_time (WallTime time)
{
  time_ = std::max (time_, time);
}

void
Playlist::open_segment ()
{
  Segment segment;
  segment.time = time_;
  segment.map = map_;
  segment.discontinuities = std::exchange (discontinuities_, 0);
  open_ = std::move (segment);
}

void
Playlist::add_part (const Part &part)
{
  if (ended_ || part.duration <= 0ns)
    return;
  if (!open_)
    open_segment ();
  open_->parts.push_back (part);
  open_->duration += part.duration;
  open_->gap = open_->gap && part.gap;
  elapsed_ += part.duration;
  longest_segment_ = std::max (longest_segment_, open_->duration);
}

bool
Playlist::fits (Duration part) const
{
  return !open_ || std::chrono::round<std::chrono::seconds> (open_->duration + part) <= target_;
}

void
Playlist::finish_segment ()
{
  if (!open_)
    return;
  time_ = open_->time + open_->duration;
  listed_ += open_->duration;
  segments_.push_back (std::move (*open_));
  open_.reset ();
  ++next_msn_;
  longest_ = std::max (longest_, listed_);
  trim ();
}

void
Playlist::gap_segment (Duration duration)
{
  finish_segment ();
  for (; duration > 0ns; duration -= options_.part_target)
    add_part ({.duration = std::min (duration, options_.part_target), .gap = true});
  finish_segment ();
}

void
Playlist::title (std::uint64_t id, WallTime start, std::string_view text)
{
  if (ended_ || titles_.size () >= most_titles)
    return;
  // A range that began earlier would have to end what has been published as going on.
  if (!titles_.empty ())
    start = std::max (start, titles_.back ().start + 1ms);
  titles_.push_back ({.id = id, .start = start, .text = quotable (text), .changed = elapsed_});
}

void
Playlist::end ()
{
  finish_segment ();
  ended_ = true;
}

void
Playlist::trim ()
{
  // Section 6.2.2: never less than three targets, by the durations that the text has.
  while (segments_.size () > options_.window
         && listed_ - segments_.front ().duration >= 3 * target_ + 1ms)
    retire_front ();
  while (!kept_.empty () && kept_.front ().until < elapsed_)
    kept_.pop_front ();
  trim_titles ();
}

void
Playlist::retire_front ()
{
  const auto &front = segments_.front ();
  // Availability: its duration and that of the longest playlist it was in, from when it was first
  // listed; its parts for three targets after they left, which is when three have come after them.
  const auto published = elapsed_ - listed_ + front.duration;
  const auto until = published + std::max (front.duration + longest_, Duration (7 * target_));
  kept_.push_back ({.msn = first_msn (), .map = front.map, .until = until});
  listed_ -= front.duration;
  discontinuity_sequence_ += front.discontinuities;
  segments_.pop_front ();
}

void
Playlist::trim_titles ()
{
  if (segments_.empty ())
    return;
  // A title ends where the next one begins.
  while (titles_.size () > 1 && titles_[1].start <= segments_.front ().time) {
    removed_titles_.push_back (std::move (titles_.front ()));
    removed_titles_.back ().changed = elapsed_;
    titles_.pop_front ();
  }
  while (
      !removed_titles_.empty () && removed_titles_.front ().changed + skip_boundary () < elapsed_)
    removed_titles_.pop_front ();
}

std::optional<Edge>
Playlist::edge () const
{
  if (open_)
    return Edge{next_msn_, static_cast<std::uint32_t> (open_->parts.size () - 1)};
  if (segments_.empty ())
    return std::nullopt;
  return Edge{next_msn_ - 1, static_cast<std::uint32_t> (segments_.back ().parts.size () - 1)};
}

Edge
Playlist::next_part () const
{
  return {next_msn_, open_ ? static_cast<std::uint32_t> (open_->parts.size ()) : 0};
}

std::uint64_t
Playlist::keep_from () const
{
  return kept_.empty () ? first_msn () : kept_.front ().msn;
}

std::uint64_t
Playlist::keep_map () const
{
  if (!kept_.empty ())
    return kept_.front ().map;
  if (!segments_.empty ())
    return segments_.front ().map;
  return open_ ? open_->map : map_;
}

std::size_t
Playlist::skippable () const
{
  if (ended_)
    return 0;
  std::size_t count = 0;
  auto after = listed_; // from the end of the segment to the end of the last one
  for (const auto &segment : segments_) {
    after -= segment.duration;
    if (after < skip_boundary ())
      break;
    ++count;
  }
  return count;
}

Edge
Playlist::wanted_part (const Directives &wanted) const
{
  const Edge part{*wanted.msn, wanted.part.value_or (0)};
  if (part.msn < first_msn () || part.msn >= next_msn_)
    return part;
  // Section 6.2.5.2: beyond the last part of a segment is the first one of the next.
  const auto &segment = segments_[part.msn - first_msn ()];
  return part.part < segment.parts.size () ? part : Edge{part.msn + 1, 0};
}

Verdict
Playlist::judge (const Directives &wanted) const
{
  if (reached (wanted))
    return Verdict::now;
  const auto last = edge ().value_or (Edge{next_msn_ > 0 ? next_msn_ - 1 : 0, 0});
  if (*wanted.msn > last.msn + 2)
    return Verdict::bad_request;
  if (!wanted.part)
    return Verdict::wait;
  const auto part = wanted_part (wanted);
  const auto ahead = part.msn == last.msn ? part.part - last.part : std::uint64_t{part.part} + 1;
  const auto target = std::clamp<Duration> (options_.part_target, 1ms, 1s);
  const auto limit =
      static_cast<std::uint64_t> ((3s + target - 1ns) / target); // Advance Part Limit
  return ahead > limit ? Verdict::bad_request : Verdict::wait;
}

bool
Playlist::reached (const Directives &wanted) const
{
  if (ended_ || !wanted.msn || *wanted.msn < first_msn ())
    return true;
  if (!wanted.part)
    return *wanted.msn < next_msn_;
  const auto last = edge ();
  return last && wanted_part (wanted) <= *last;
}

} // namespace stagedoor::hls
