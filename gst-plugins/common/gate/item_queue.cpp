// SPDX-License-Identifier: LGPL-2.1-or-later
// Dropping by groups of pictures, and restarting at a key frame.
#include "gst-plugins/common/gate/item_queue.hpp"

#include <algorithm>

namespace stagedoor::gate {
namespace {

/** What a frame costs beside its bytes, so that a flood of empty ones is bounded too. */
constexpr std::size_t frame_overhead = 512;
constexpr std::size_t caps_overhead = 32 * 1024;

std::size_t
index (Track track)
{
  return track == Track::video ? 0 : 1;
}

bool
is_key (const Frame &frame)
{
  return frame.track == Track::video
         && !GST_BUFFER_FLAG_IS_SET (frame.buffer.get (), GST_BUFFER_FLAG_DELTA_UNIT);
}

} // namespace

void
ItemQueue::set_caps (Track track, Ref<GstCaps> caps)
{
  caps_[index (track)] = std::move (caps);
  caps_changed_[index (track)] = true;
}

bool
ItemQueue::wanted (const Frame &frame)
{
  if (is_key (frame)) {
    has_video_ = true;
    skip_to_key_ = false;
    if (released_)
      drop_all ();
    return true;
  }
  if (frame.track == Track::video) {
    skip_to_key_ = skip_to_key_ || !has_video_;
    has_video_ = true;
    return !skip_to_key_;
  }
  if (released_ && !has_video_)
    drop_all ();
  return !released_ || !skip_to_key_;
}

void
ItemQueue::push (Frame frame)
{
  const auto track = index (frame.track);
  if (end_)
    return;
  if (!wanted (frame)) {
    lost_[track] = true;
    ++dropped_;
    return;
  }
  auto cost = gst_buffer_get_size (frame.buffer.get ()) + frame_overhead;
  if (std::exchange (caps_changed_[track], false))
    cost += caps_overhead;
  cost_ += cost;
  entries_.push_back ({std::move (frame), caps_[track], cost});
  while (too_much ())
    drop_group ();
}

void
ItemQueue::push (rtmp::Metadata metadata)
{
  metadata_ = std::move (metadata);
  metadata_popped_ = false;
}

void
ItemQueue::push (End end)
{
  if (!end_)
    end_ = std::move (end);
}

bool
ItemQueue::too_much () const
{
  if (entries_.empty ())
    return false;
  return cost_ > queue_bytes
         || entries_.back ().frame.arrived - entries_.front ().frame.arrived > queue_time;
}

void
ItemQueue::drop_front ()
{
  lost_[index (entries_.front ().frame.track)] = true;
  ++dropped_;
  cost_ -= entries_.front ().cost;
  entries_.pop_front ();
}

void
ItemQueue::drop_group ()
{
  drop_front ();
  if (!has_video_)
    return;
  while (!entries_.empty () && !is_key (entries_.front ().frame))
    drop_front ();
  if (entries_.empty ())
    skip_to_key_ = true;
}

void
ItemQueue::drop_all ()
{
  while (!entries_.empty ())
    drop_front ();
}

std::optional<Item>
ItemQueue::pop ()
{
  if (!metadata_popped_) {
    metadata_popped_ = true;
    return *metadata_;
  }
  if (!entries_.empty ()) {
    auto &front = entries_.front ();
    const auto track = index (front.frame.track);
    if (popped_caps_[track].get () != front.caps.get ()) {
      popped_caps_[track] = front.caps;
      return TrackCaps{front.frame.track, front.caps};
    }
    auto frame = std::move (front.frame);
    cost_ -= front.cost;
    entries_.pop_front ();
    if (std::exchange (lost_[track], false))
      GST_BUFFER_FLAG_SET (frame.buffer.get (), GST_BUFFER_FLAG_DISCONT);
    return frame;
  }
  if (!end_ || end_popped_)
    return std::nullopt;
  end_popped_ = true;
  return *end_;
}

bool
ItemQueue::ready () const
{
  return !metadata_popped_ || !entries_.empty () || end_;
}

void
ItemQueue::release ()
{
  released_ = true;
  const auto last_key = std::find_if (
      entries_.rbegin (), entries_.rend (), [] (const Entry &e) { return is_key (e.frame); });
  const auto keep = last_key == entries_.rend () ? 0 : last_key - entries_.rbegin () + 1;
  while (entries_.size () > static_cast<std::size_t> (keep))
    drop_front ();
  skip_to_key_ = has_video_ && entries_.empty ();
  popped_caps_ = {};
  lost_ = {true, true};
  metadata_popped_ = !metadata_;
}

} // namespace stagedoor::gate
