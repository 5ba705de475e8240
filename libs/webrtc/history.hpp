// SPDX-License-Identifier: LGPL-2.1-or-later
// The recent packets of one rendition, shared by all its viewers: answers NACKs and gives new
// viewers their key frame.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "libs/webrtc/packetizer.hpp"

namespace stagedoor::webrtc {

using SharedFrame = std::shared_ptr<const PacketizedFrame>;

/** One thread. Keeps at most max_bytes, and max_frames unless the group of pictures in progress is
 * longer. */
class History
{
public:
  explicit History (std::size_t max_bytes = 4 * 1024 * 1024, std::size_t max_frames = 1024);

  void add (SharedFrame frame);
  void clear ();

  struct Found
  {
    const PacketizedFrame *frame;
    std::size_t payload; ///< position in frame->payloads
  };
  /** The packet with this running number (PacketizedFrame::first_index + position), if still here.
   */
  std::optional<Found> find (std::uint64_t index) const;

  /** From the last key frame on, in order; empty when the group of pictures isn't whole any more.
   */
  std::vector<SharedFrame> since_keyframe () const;

private:
  std::deque<SharedFrame> frames_;
  std::size_t in_progress_ = 0; // frames from the last key frame on; 0 when it is gone
  std::size_t bytes_ = 0;
  std::size_t max_bytes_, max_frames_;
};

} // namespace stagedoor::webrtc
