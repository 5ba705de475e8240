// SPDX-License-Identifier: LGPL-2.1-or-later
// Knows how far apart a stream's key frames are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace stagedoor::media {

/** One thread; times in nanoseconds of the stream. */
class KeyDistance
{
public:
  /** For how long the longest distance is remembered, at least: encoders that put key frames at
   * cuts have long groups of pictures and short ones. Twice as long each time that it proves too
   * short. */
  static constexpr std::int64_t memory = 30'000'000'000, most_memory = 16 * memory;
  /** Nothing came for so long: that is no group of pictures but a publisher who was away. */
  static constexpr std::int64_t pause = 1'000'000'000;

  /** In the order of decoding. */
  void on_frame (std::int64_t time, bool keyframe)
  {
    const auto step = last_ ? time - *last_ : 0;
    last_ = std::max (last_.value_or (time), time);
    if (step > pause)
      group_ += step;
    if (!begun_ || (keyframe && time >= group_)) {
      begun_ = begun_ || keyframe;
      close (time);
    }
    if (has_fallen_ && running () > longest () / 10 * 11) {
      memory_ = std::min (2 * memory_, most_memory);
      has_fallen_ = false;
    }
  }

  /** The longest of late, or the one that goes on now. A tenth more than @p most is let pass:
   * publishers aren't exact. */
  bool exceeds (std::int64_t most) const
  {
    return std::max (longest (), running ()) > most + most / 10;
  }

private:
  std::int64_t longest () const { return std::max (before_, now_); }
  std::int64_t running () const { return begun_ && last_ ? *last_ - group_ : 0; }

  void close (std::int64_t time)
  {
    now_ = std::max (now_, running ());
    group_ = time;
    if (time - window_ < memory_ && time >= window_)
      return;
    has_fallen_ = has_fallen_ || now_ < before_ / 10 * 9;
    before_ = now_;
    now_ = 0;
    window_ = time;
  }

  std::optional<std::int64_t> last_;
  bool begun_ = false;                ///< there was a key frame
  bool has_fallen_ = false;           ///< longest() is shorter than it was
  std::int64_t group_ = 0;            ///< when it began
  std::int64_t window_ = 0;           ///< when that of now_ began
  std::int64_t before_ = 0, now_ = 0; ///< the longest of the window before, and of this one
  std::int64_t memory_ = memory;
};

} // namespace stagedoor::media
