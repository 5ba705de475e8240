// SPDX-License-Identifier: LGPL-2.1-or-later
// Makes sound a little longer or shorter.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace stagedoor::media {

/** Interpolates with a windowed sinc. Until something is to be stretched, samples are copied. What
 * comes out is where it was in what went in, but for the stretching; the last few samples come with
 * the next ones. One thread. */
class Stretcher
{
public:
  explicit Stretcher (std::size_t channels) : channels_ (channels) { reset (); }

  /** What is put in from now on becomes longer by this part, far less than 1. */
  void set_speed (double speed);
  /** Interleaved samples; appends to @p out. */
  void push (std::span<const float> in, std::vector<float> &out);
  /** What went in and hasn't come out yet, in frames. */
  double pending () const { return static_cast<double> (in_.size () / channels_ - at_) - offset_; }
  void reset ();

private:
  static constexpr std::size_t taps = 16, half = taps / 2;

  void copy (std::vector<float> &out);
  void interpolate (std::vector<float> &out);
  void put_frame (std::vector<float> &out) const;
  bool is_aligned () const { return offset_ == 0; }

  const std::size_t channels_;
  std::vector<float> in_; ///< begins with what came before
  std::size_t at_ = half; ///< frame of in_ that comes out next
  double offset_ = 0;     ///< and by how much after that: less than 1
  double step_ = 1;       ///< frames of input for one of output
  double least_step_ = 1; ///< the one that goes on until the offset is gone
};

} // namespace stagedoor::media
