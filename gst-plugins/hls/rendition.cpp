// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/hls/rendition.hpp"

#include <algorithm>

namespace stagedoor::hlssink {

Piece
to_piece (Bytes bytes)
{
  auto *owned = new Bytes (std::move (bytes));
  return adopt (g_bytes_new_with_free_func (
      owned->data (), owned->size (), [] (gpointer p) { delete static_cast<Bytes *> (p); }, owned));
}

Rendition::Rendition (std::string name, const hls::Track &track, hls::Playlist::Options options)
    : name_ (std::move (name)), options_ (std::move (options)), track_ (track),
      playlist_ (options_), discontinuities_ (options_.first_discontinuity)
{
}

void
Rendition::begin_segment (const SegmentStart &start)
{
  finish_segment ();
  for (auto i = start.discontinuities; i > 0; --i)
    playlist_.discontinuity ();
  discontinuities_ += start.discontinuities;
  if (start.map) {
    const auto number = maps_.empty () ? 1 : maps_.rbegin ()->first + 1;
    maps_[number] = start.map;
    bytes_ += g_bytes_get_size (start.map.get ());
    playlist_.map (number);
  }
  playlist_.program_time (start.time);
  begin_ = start.time;
  begun_ = true;
}

void
Rendition::add_part (Piece bytes, const hls::Playlist::Part &part)
{
  if (!begun_ || playlist_.ended () || part.duration <= hls::Duration::zero ())
    return;
  if (settled_ && !playlist_.fits (part.duration)) {
    finish_segment ();
    begun_ = true;
  }
  if (!open_) {
    segments_.push_back ({playlist_.finished (), {}, false});
    segment_bytes_ = 0;
    duration_ = {};
    open_ = true;
  }
  const auto size = g_bytes_get_size (bytes.get ());
  playlist_.add_part (part);
  segments_.back ().parts.push_back (std::move (bytes));
  bytes_ += size;
  segment_bytes_ += size;
  duration_ += part.duration;
  ++version_;
}

void
Rendition::finish_segment ()
{
  begun_ = false;
  if (!open_)
    return;
  open_ = false;
  segments_.back ().finished = true;
  rate_.add (segment_bytes_, duration_, playlist_.target ());
  begin_ += duration_;
  finished_ += duration_;
  playlist_.finish_segment ();
  ++version_;
  trim ();
}

void
Rendition::skip_until (hls::WallTime time, std::uint64_t msn)
{
  finish_segment ();
  const auto missing = time - begin_;
  if (missing <= hls::Duration::zero () || playlist_.finished () >= msn)
    return;
  // What rounds to the target is short enough.
  const hls::Duration target = playlist_.target () + std::chrono::milliseconds (400);
  const auto count = std::max (static_cast<hls::Duration::rep> (msn - playlist_.finished ()),
      (missing + target - hls::Duration (1)) / target);
  for (auto i = count; i > 0; --i)
    playlist_.gap_segment (missing / count);
  begin_ = time;
  ++version_;
  trim ();
}

void
Rendition::title (std::uint64_t id, hls::WallTime start, std::string_view text)
{
  playlist_.title (id, start, text);
  ++version_;
}

void
Rendition::settle (std::chrono::seconds target)
{
  settled_ = true;
  playlist_.settle (target);
  ++version_;
}

void
Rendition::end ()
{
  finish_segment ();
  playlist_.end ();
  ++version_;
}

void
Rendition::trim ()
{
  while (!segments_.empty () && segments_.front ().msn < playlist_.keep_from ())
    if (!drop_oldest ())
      break;
  while (!maps_.empty () && maps_.begin ()->first < playlist_.keep_map ()) {
    bytes_ -= g_bytes_get_size (maps_.begin ()->second.get ());
    maps_.erase (maps_.begin ());
  }
}

bool
Rendition::drop_oldest ()
{
  if (segments_.empty () || !segments_.front ().finished)
    return false;
  for (const auto &part : segments_.front ().parts)
    bytes_ -= g_bytes_get_size (part.get ());
  segments_.pop_front ();
  return true;
}

std::uint64_t
Rendition::peak (std::uint64_t declared) const
{
  if (rate_.peak () > 0)
    return std::max (rate_.peak (), declared);
  constexpr std::uint64_t ms_per_second = 1000;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds> (duration_).count ();
  const auto so_far =
      ms > 0 ? segment_bytes_ * 8 * ms_per_second / static_cast<std::uint64_t> (ms) : 0;
  const auto guess = std::max (so_far, declared);
  return guess + guess / 2;
}

std::vector<Piece>
Rendition::find (const hls::MediaName &name) const
{
  using Kind = hls::MediaName::Kind;
  if (name.kind == Kind::map) {
    const auto map = maps_.find (name.number);
    return map != maps_.end () ? std::vector{map->second} : std::vector<Piece> ();
  }
  const auto segment = std::ranges::find (segments_, name.number, &Stored::msn);
  if (segment == segments_.end () || (name.kind == Kind::segment && !segment->finished))
    return {};
  if (name.kind == Kind::segment)
    return segment->parts;
  return name.part < segment->parts.size () ? std::vector{segment->parts[name.part]}
                                            : std::vector<Piece> ();
}

} // namespace stagedoor::hlssink
