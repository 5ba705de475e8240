// SPDX-License-Identifier: LGPL-2.1-or-later
// A track that notes how it is cut.
#pragma once

#include <vector>

#include "libs/hls/segmenter.hpp"
#include "tests/unit/suite.hpp"

namespace stagedoor::hls::test {

using namespace std::chrono_literals;

inline double
seconds (Duration duration)
{
  return std::chrono::duration<double> (duration).count ();
}

inline bool
near (Duration one, Duration other, Duration distance)
{
  return one - other <= distance && other - one <= distance;
}

struct Track
{
  struct Segment
  {
    Duration start;
    bool begins_with_key;
    unsigned discontinuities;
    std::vector<Duration> parts = {};
    bool last = true; ///< as far as is known
    Duration duration () const
    {
      Duration sum{};
      for (const auto part : parts)
        sum += part;
      return sum;
    }
  };

  Track (Segmenter &by, Segmenter::Kind kind) : segmenter (by), number (by.add (kind)) {}

  Cut feed (const Segmenter::Frame &frame)
  {
    const auto cut = segmenter.next (number, frame);
    if (cut.drop) {
      ++dropped;
      return cut;
    }
    ck_assert (cut.segment || cut.discontinuities == 0);
    ck_assert (cut.part || !cut.segment);
    ck_assert_msg (cut.part || !complete, "a complete part goes on at %f", seconds (frame.dts));
    if (cut.segment) {
      finish ();
      if (!segments.empty ())
        segments.back ().last = false;
      segments.push_back ({frame.pts, frame.key, cut.discontinuities});
    } else if (cut.part)
      finish ();
    open += frame.duration;
    complete = cut.completes_part;
    return cut;
  }
  void feed_sound (Duration duration)
  {
    feed ({.dts = at, .pts = at, .duration = duration});
    at += duration;
  }
  /** The part that is open. */
  void finish ()
  {
    if (open > 0ns)
      segments.back ().parts.push_back (open);
    open = 0ns;
  }

  Segmenter &segmenter;
  const Segmenter::Track number;
  std::vector<Segment> segments;
  Duration open{}, at{};
  bool complete = false;
  int dropped = 0;
};

} // namespace stagedoor::hls::test
