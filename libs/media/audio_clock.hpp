// SPDX-License-Identifier: LGPL-2.1-or-later
// Puts decoded sound on a timeline that counts samples.
#pragma once

#include <array>
#include <cstdint>

namespace stagedoor::media {

/** Publishers' timestamps are rounded and jitter, frames get lost, and a sound card's clock is not
 * the clock that the stamps are from. An encoder wants samples without an end. So the timeline goes
 * on with the samples, and what the stamps say otherwise is made up for: a lost frame by silence at
 * once; a step, once it is certain, by silence or a cut; drift by a speed that nobody hears. Times
 * are samples. One thread. */
class AudioClock
{
public:
  /** A gap up to this, or an overlap, is mended. Beyond, time has jumped. */
  static constexpr double most_gap = 0.6, most_overlap = 1; // seconds
  /** A step is mended at once from here on; less, little by little. */
  static constexpr double least_step = 0.015;
  /** Half a percent is less than a twelfth of a semitone. */
  static constexpr double most_speed = 0.005;

  explicit AudioClock (int rate) : rate_ (rate), jitter_ (suspicion * rate) {}

  struct Step
  {
    bool restart = false;     ///< the timeline begins anew, with this block
    std::int64_t silence = 0; ///< to be put before it
    std::int64_t cut = 0;     ///< to be left out at its beginning
    double speed = 0;         ///< to be lengthened by this part of it
  };
  /** The next block, of @p count samples, is to begin at @p at. */
  Step on_block (double at, std::int64_t count);
  /** After that: where the next sample will come. Whoever stretches knows best. */
  void placed (double next) { next_ = next; }
  /** Nothing comes until @p end: how much silence there should be. */
  std::int64_t fill (double end);
  void reset () { *this = AudioClock (rate_); }

private:
  /** The first stamp may be as wrong as any; until more is known. In seconds. */
  static constexpr double suspicion = 0.005;

  double seconds (double time) const { return time / rate_; }
  bool is_lost_frames (double error, std::int64_t count) const;
  double median () const;
  void remember (double error);
  void move (double by);
  std::int64_t step (double error, std::int64_t count);
  void steer (double error, std::int64_t count);

  int rate_;
  bool begun_ = false;
  double next_ = 0; ///< where the next sample comes, if nothing is done about it
  /** Where the latest blocks should have come, against where they did: the latest first. */
  std::array<double, 3> errors_{};
  double smooth_ = 0; ///< the same over about a second
  double jitter_;     ///< how far from that it is
  bool cuts_ = false; ///< and the block wasn't long enough
  bool steers_ = false;
  double drift_ = 0, speed_ = 0;
};

} // namespace stagedoor::media
