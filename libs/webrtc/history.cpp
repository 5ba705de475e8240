// SPDX-License-Identifier: LGPL-2.1-or-later
// A deque of shared frames, oldest first.
#include "libs/webrtc/history.hpp"

#include <algorithm>
#include <utility>

namespace stagedoor::webrtc {

namespace {

std::size_t
cost (const PacketizedFrame &frame)
{
  return sizeof frame + frame.bytes.size () + frame.payloads.size () * sizeof (Payload);
}

} // namespace

History::History (std::size_t max_bytes, std::size_t max_frames)
    : max_bytes_ (max_bytes), max_frames_ (max_frames)
{
}

void
History::add (SharedFrame frame)
{
  bytes_ += cost (*frame);
  if (frame->keyframe)
    in_progress_ = 1;
  else if (in_progress_ > 0)
    ++in_progress_;
  frames_.push_back (std::move (frame));
  while (bytes_ > max_bytes_ || frames_.size () > std::max (max_frames_, in_progress_)) {
    if (frames_.size () == in_progress_)
      in_progress_ = 0; // no longer whole
    bytes_ -= cost (*frames_.front ());
    frames_.pop_front ();
  }
}

void
History::clear ()
{
  frames_.clear ();
  bytes_ = 0;
  in_progress_ = 0;
}

std::optional<History::Found>
History::find (std::uint64_t index) const
{
  const auto after = std::upper_bound (frames_.begin (), frames_.end (), index,
      [] (std::uint64_t i, const SharedFrame &frame) { return i < frame->first_index; });
  if (after == frames_.begin ())
    return {};
  const auto &frame = **std::prev (after);
  const auto position = index - frame.first_index;
  if (position >= frame.payloads.size ())
    return {};
  return Found{&frame, static_cast<std::size_t> (position)};
}

std::vector<SharedFrame>
History::since_keyframe () const
{
  return {frames_.end () - static_cast<std::ptrdiff_t> (in_progress_), frames_.end ()};
}

} // namespace stagedoor::webrtc
