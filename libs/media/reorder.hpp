// SPDX-License-Identifier: LGPL-2.1-or-later
// Notices frames that are shown in another order than they are sent: B-frames.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace stagedoor::media {

/** One thread; times in nanoseconds. */
class ReorderWatch
{
public:
  /** The encoder's own word: how many frames may come before one that is shown earlier, as the
   * sequence parameter set has it. Frames that show otherwise are believed more. */
  void declare (std::optional<unsigned> reordered)
  {
    declared_ = reordered;
    unused_room_ = false;
    reordered_ = reordered > 0u;
    clean_groups_ = 0;
  }
  bool is_reordered () const { return reordered_; }

  /** Frames in the order of decoding. A publisher whose frames are all shown later than they are
   * decoded leaves room for B-frames: that counts, too, unless the encoder says that there are
   * none. True while the stream has B-frames: until two groups of pictures in a row had none. */
  bool on_frame (
      std::int64_t presentation, bool keyframe, std::optional<std::int64_t> decoding = std::nullopt)
  {
    const auto offset = decoding ? presentation - *decoding : 0;
    if (keyframe) {
      begin_group (offset > jitter && declared_ != 0u);
      latest_ = presentation;
      offset_ = offset;
    } else if (presentation < latest_ - jitter) {
      reordered_ = true;
      clean_groups_ = 0;
    } else {
      latest_ = presentation;
    }
    offset_ = std::max (offset_, offset);
    return reordered_;
  }

  /** From decoding to showing, the most in this group of pictures; 0 when times don't tell. */
  std::int64_t offset () const { return offset_; }

private:
  static constexpr std::int64_t jitter = 2'000'000; ///< publishers round to milliseconds
  static constexpr int groups_until_clean = 2;

  void begin_group (bool has_room)
  {
    if (reordered_ && ++clean_groups_ > groups_until_clean) {
      reordered_ = false;
      unused_room_ = has_room;
    } else if (!reordered_ && has_room && !unused_room_) {
      reordered_ = true;
      clean_groups_ = 0;
    }
  }

  std::optional<unsigned> declared_;
  bool reordered_ = false;
  bool unused_room_ = false; ///< it leaves room for B-frames and has none
  int clean_groups_ = 0;     ///< key frames since the last B-frame
  std::int64_t latest_ = 0, offset_ = 0;
};

/** Times of decoding for a stream that has none: RTP's. One thread; nanoseconds. */
class DecodingTimes
{
public:
  /** Of the next frame in the order of decoding: never decreases. It is no later than @p
   * presentation, once the room that the stream's B-frames need is known. */
  std::int64_t of (std::int64_t presentation)
  {
    latest_ = std::max (latest_, presentation);
    room_ = std::max (room_, latest_ - presentation);
    return last_ = std::max (last_, latest_ - room_);
  }
  /** The clock jumped. */
  void restart () { *this = {}; }

private:
  std::int64_t latest_ = 0, room_ = 0, last_ = 0;
};

} // namespace stagedoor::media
