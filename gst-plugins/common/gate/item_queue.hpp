// SPDX-License-Identifier: LGPL-2.1-or-later
// The bounded queue of a publication's items: loses whole groups of pictures, never order.
#pragma once

#include <array>
#include <deque>
#include <optional>

#include "gst-plugins/common/gate.hpp"

namespace stagedoor::gate {

/** Not thread safe. Codec setups travel with the frames that need them, so that whatever is
 * dropped, a frame is never popped before its caps. */
class ItemQueue
{
public:
  void set_caps (Track track, Ref<GstCaps> caps);
  void push (Frame frame);
  void push (rtmp::Metadata metadata);
  void push (End end);

  /** Next item; nullopt when there is none, and after End. */
  std::optional<Item> pop ();
  bool ready () const; ///< pop() gives an item, or never will any more

  /** The consumer left: from here on holds the current group of pictures only. The next one begins
   * with caps and a key frame. */
  void release ();
  /** Somebody consumes. */
  void claim () { released_ = false; }

  std::uint64_t dropped () const { return dropped_; }

private:
  struct Entry
  {
    Frame frame;
    Ref<GstCaps> caps;
    std::size_t cost;
  };

  bool wanted (const Frame &frame);
  bool too_much () const;
  void drop_front ();
  void drop_group ();
  void drop_all ();

  std::deque<Entry> entries_;
  std::size_t cost_ = 0;
  std::array<Ref<GstCaps>, 2> caps_;        // by Track: of what is pushed next
  std::array<bool, 2> caps_changed_ = {};   // by Track: since the last frame
  std::array<Ref<GstCaps>, 2> popped_caps_; // by Track: what the consumer knows
  std::array<bool, 2> lost_ = {true, true}; // by Track: the next frame popped isn't contiguous
  std::optional<rtmp::Metadata> metadata_;
  bool metadata_popped_ = true;
  std::optional<End> end_;
  bool end_popped_ = false;
  bool has_video_ = false;
  bool skip_to_key_ = false; // video is of no use before the next key frame
  bool released_ = false;
  std::uint64_t dropped_ = 0;
};

} // namespace stagedoor::gate
