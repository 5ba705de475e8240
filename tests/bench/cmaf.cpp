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

/** Frames of a part, each in memory of its own as buffers are. */
struct Part
{
  std::vector<Bytes> frames;
  std::vector<Sample> samples;

  Part (std::size_t count, std::size_t size, std::uint32_t duration, bool video)
  {
    for (std::size_t i = 0; i < count; ++i)
      frames.emplace_back (size, static_cast<std::uint8_t> (i));
    for (const auto &frame : frames)
      samples.push_back ({frame, duration, video ? 1500 : 0, !video || samples.empty ()});
  }
};

void
measure (const char *what, const Track &track, const Part &part)
{
  constexpr int rounds = 20'000, parts_per_second = 5;
  std::size_t size = 0, bytes = 0;
  const auto before = cpu_ns ();
  for (std::uint32_t i = 0; i < rounds; ++i) {
    const auto out = chunk (track, {i, i, i % 10 == 0, WallClock{i, i}}, part.samples);
    size = out ? out->size () : 0;
    bytes += size;
  }
  const auto ns = (cpu_ns () - before) / rounds;
  std::printf ("%-6s %zu samples, %zu bytes: %.0f ns per part, %.4f millicores live, %.1f GB/s\n",
      what, part.samples.size (), size, ns, ns * parts_per_second / 1e6,
      static_cast<double> (bytes) / (ns * rounds));
}

} // namespace

int
main ()
{
  measure (
      "video", {.codec = Codec::h264, .timescale = 90000}, {6, 2'500'000 / 8 / 30, 3000, true});
  measure ("audio", {.codec = Codec::aac, .timescale = 48000}, {10, 340, 1024, false});
}
