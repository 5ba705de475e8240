// SPDX-License-Identifier: LGPL-2.1-or-later
// What somebody hears who plays what a peer got.
#pragma once

#include "tests/check/transcode/fixture.hpp"

namespace stagedoor::test {

struct Played
{
  std::vector<float> samples; ///< all channels mixed to one
  GstClockTime begin = GST_CLOCK_TIME_NONE;
  int rate = 0;

  double peak_at () const; ///< running time of the loudest sample, in seconds
  double power (std::size_t from, std::size_t to) const;
};

/** Decodes @p buffers, which have the caps of @p peer; null ones got lost. */
Played play (
    const Peer &peer, const std::vector<Ref<GstBuffer>> &buffers, const std::string &decoder);

} // namespace stagedoor::test
