// SPDX-License-Identifier: LGPL-2.1-or-later
// Moving pictures that say which one they are, and what became of them after encoding and decoding.
#pragma once

#include <functional>

#include "tests/check/transcode/fixture.hpp"

namespace stagedoor::test {

/** A landscape of clouds (noise whose power falls with the square of the frequency, as in
 * photographs) that pans by under three soft balls. Its number stands in its upper left corner as
 * black and white squares. */
class Scenery
{
public:
  /** @p width: a multiple of 8. */
  Scenery (int width, int height);
  int width () const { return width_; }
  int height () const { return height_; }
  Ref<GstBuffer> frame (int number) const; ///< I420

private:
  void put_balls (std::uint8_t *luma, int number) const;
  void put_number (std::uint8_t *luma, int number) const;

  const int width_, height_;
  std::vector<std::uint8_t> clouds_, tint_; ///< twice as large as the picture, either way
};

constexpr int number_bits = 12;

/** Frames @p first to @p first + @p count - 1 at @p rate frames a second, by what @p launch encodes
 * them with. Their time begins at 0. */
Track encode (const Scenery &scenery, int first, int count, int rate, const std::string &launch);

/** What a viewer sees. */
struct Seen
{
  int number; ///< -1: it can't be read
  GstClockTime pts;
  int width, height;
  std::vector<std::uint8_t> luma; ///< empty unless wanted
};
/** Decodes all of @p buffers, which have @p caps. */
std::vector<Seen> decode (
    const Ref<GstCaps> &caps, const std::vector<Ref<GstBuffer>> &buffers, bool with_luma = false);

/** Of luma, in decibels; 99 when they are the same. */
double psnr (const Seen &a, const Seen &b);

/** What a listener hears: floats, interleaved. */
struct Heard
{
  GstClockTime begin = GST_CLOCK_TIME_NONE;
  int channels = 0, rate = 0;
  std::vector<float> samples;
  bool gapless = true; ///< each block began where the one before ended, within a sample
};
Heard decode_sound (const Ref<GstCaps> &caps, const std::vector<Ref<GstBuffer>> &buffers);

} // namespace stagedoor::test
