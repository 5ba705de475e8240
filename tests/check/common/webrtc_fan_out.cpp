// SPDX-License-Identifier: LGPL-2.1-or-later
// When a feed asks its stream for a key frame, and when it doesn't.
#include "gst-plugins/common/webrtc/fan_out.hpp"

#include <vector>

#include "tests/unit/suite.hpp" // last: check.h defines "fail"

using namespace stagedoor;
using namespace stagedoor::webrtc;
using namespace stagedoor::test;

namespace {

/** Video on track 0, sound on track 1, nothing on track 2 yet. */
struct Feed
{
  Feed ()
  {
    fan_out.set_codec (0, Codec::h264);
    fan_out.set_codec (1, Codec::opus);
  }
  std::vector<std::size_t> at (std::int64_t ms)
  {
    asked.clear ();
    fan_out.on_time (ms * 1000);
    return asked;
  }
  void keyframe ()
  {
    auto frame = std::make_shared<PacketizedFrame> ();
    frame->codec = Codec::h264;
    frame->keyframe = true;
    fan_out.submit (0, frame, 0);
    fan_out.collect ();
    fan_out.deliver ();
  }

  std::vector<std::size_t> asked;
  FanOut fan_out{3, [this] (std::size_t track) { asked.push_back (track); }, nullptr};
};

const std::vector<std::size_t> nothing, video{0};

START_TEST (unsent_packets_ask_for_a_keyframe)
{
  Feed feed;
  ck_assert (feed.at (10'000) == nothing);
  feed.fan_out.counters.unsent += 3;
  ck_assert (feed.at (10'100) == video);
  ck_assert (feed.at (10'200) == nothing);
  ck_assert (feed.at (20'000) == nothing);
}
END_TEST

START_TEST (unsent_packets_ask_once_a_second)
{
  Feed feed;
  int times = 0;
  for (std::int64_t ms = 10'000; ms < 20'000; ms += 100) {
    ++feed.fan_out.counters.unsent;
    times += feed.at (ms) == video;
  }
  ck_assert_int_eq (times, 10);
}
END_TEST

START_TEST (a_keyframe_that_comes_by_itself_will_do)
{
  Feed feed;
  ++feed.fan_out.counters.unsent;
  ck_assert (feed.at (10'000) == video);
  ++feed.fan_out.counters.unsent;
  ck_assert (feed.at (10'500) == nothing);
  feed.keyframe ();
  ck_assert (feed.at (20'000) == nothing);
}
END_TEST

} // namespace

int
main ()
{
  return run (
      "webrtc-fan-out", {unsent_packets_ask_for_a_keyframe, unsent_packets_ask_once_a_second,
                            a_keyframe_that_comes_by_itself_will_do});
}
