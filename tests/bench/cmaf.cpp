// SPDX-License-Identifier: LGPL-2.1-or-later
// CPU time that writing the parts of a live stream takes: 2.5 Mbit/s at 30 frames per second in
// parts of 200 ms, and the sound beside it.
#include <cstdio>
#include <ctime>

#include "libs/hls/cmaf.hpp"

using namespace stagedoor;
using namespace stagedoor::hls;

namespace {

double
cpu_ns ()
{
  timespec now{};
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double> (now.tv_sec) * 1e9 + static_cast<double> (now.tv_nsec);
}

struct Part
{
  std::size_t frames, frame_size;
  std::uint32_t duration;
};

/** Each part is of frames that are in no cache any more, as those of a pipeline that did other
 * work. */
void
measure (const char *what, const Track &track, const Part &part)
{
  constexpr std::size_t memory = 256 << 20, rounds = 20'000;
  constexpr double parts_per_second = 5;
  const Bytes media (memory, 7);
  std::vector<Sample> samples (part.frames,
      Sample{.duration = part.duration, .composition = is_video (track.codec) ? 1500 : 0});
  std::size_t at = 0, size = 0;
  const auto before = cpu_ns ();
  for (std::uint32_t i = 0; i < rounds; ++i) {
    for (auto &sample : samples) {
      at = at + part.frame_size <= memory ? at : 0;
      sample.data = ByteView (media).subspan (at, part.frame_size);
      sample.key = !is_video (track.codec) || &sample == &samples[0];
      at += part.frame_size;
    }
    const auto out = chunk (track, {i, i, i % 10 == 0, WallClock{i, i}}, samples);
    size = out ? out->size () : 0;
  }
  const auto ns = (cpu_ns () - before) / rounds;
  std::printf ("%s: %zu frames, %zu bytes: %.0f ns per part, %.4f millicores\n", what,
      samples.size (), size, ns, ns * parts_per_second / 1e6);
}

} // namespace

int
main ()
{
  constexpr std::size_t bits_per_second = 2'500'000, frames_per_second = 30;
  measure ("video", {.codec = Codec::h264, .timescale = 90000},
      {6, bits_per_second / 8 / frames_per_second, 3000});
  measure ("audio", {.codec = Codec::aac, .timescale = 48000}, {10, 340, 1024});
}
