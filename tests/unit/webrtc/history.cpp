// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/webrtc/history.hpp"

#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::webrtc;

namespace {

/** Fills a history with frames of @p packets packets of 100 bytes each. */
struct Feeder
{
  History &history;
  std::uint64_t next = 0;

  std::uint64_t add (bool keyframe, std::size_t packets = 3)
  {
    auto frame = std::make_shared<PacketizedFrame> ();
    frame->codec = Codec::h264;
    frame->keyframe = keyframe;
    frame->first_index = next;
    for (std::size_t i = 0; i < packets; ++i)
      frame->payloads.push_back ({static_cast<std::uint32_t> (100 * i), 100});
    frame->bytes.resize (100 * packets);
    next += packets;
    history.add (frame);
    return frame->first_index;
  }
};

} // namespace

START_TEST (finds_every_packet_it_holds)
{
  History history;
  Feeder feed{history, 1000};
  ck_assert (!history.find (0));
  for (std::size_t i = 0; i < 50; ++i)
    feed.add (i % 10 == 0, 1 + i % 4);
  ck_assert (!history.find (999));
  for (auto index = std::uint64_t (1000); index < feed.next; ++index) {
    const auto found = history.find (index);
    ck_assert (found.has_value ());
    ck_assert_uint_eq (found->frame->first_index + found->payload, index);
    ck_assert_uint_lt (found->payload, found->frame->payloads.size ());
  }
  ck_assert (!history.find (feed.next));
  ck_assert (!history.find (UINT64_MAX));
  feed.next += 7; // a gap
  feed.add (false);
  ck_assert (!history.find (feed.next - 4));
  history.clear ();
  ck_assert (!history.find (1000));
  ck_assert (history.since_keyframe ().empty ());
}
END_TEST

START_TEST (gives_the_group_of_pictures_in_progress)
{
  History history;
  Feeder feed{history};
  ck_assert (history.since_keyframe ().empty ());
  feed.add (false);
  ck_assert (history.since_keyframe ().empty ());
  feed.add (true);
  for (int i = 0; i < 5; ++i)
    feed.add (false);
  const auto key = feed.add (true);
  feed.add (false);
  const auto frames = history.since_keyframe ();
  ck_assert_uint_eq (frames.size (), 2);
  ck_assert (frames[0]->keyframe);
  ck_assert_uint_eq (frames[0]->first_index, key);
  ck_assert_uint_eq (frames[1]->first_index, key + 3);
}
END_TEST

START_TEST (frame_limit_spares_the_group_in_progress)
{
  History history (1 << 20, 10);
  Feeder feed{history};
  for (int i = 0; i < 30; ++i)
    feed.add (i == 0);
  ck_assert_uint_eq (history.since_keyframe ().size (), 30);
  ck_assert (history.find (0));
  feed.add (true);
  ck_assert_uint_eq (history.since_keyframe ().size (), 1);
  ck_assert (!history.find (0));
  ck_assert (history.find (feed.next - 3 * 10));
  ck_assert (!history.find (feed.next - 3 * 10 - 1));
}
END_TEST

START_TEST (byte_limit_breaks_even_the_group_in_progress)
{
  History history (10000, 1000);
  Feeder feed{history};
  feed.add (true);
  while (history.since_keyframe ().size () > 0 && feed.next < 1000)
    feed.add (false);
  ck_assert_uint_lt (feed.next, 100); // 10,000 bytes hold less than 100 packets
  ck_assert_uint_gt (feed.next, 50);
  for (int i = 0; i < 1000; ++i)
    feed.add (false);
  ck_assert (history.since_keyframe ().empty ());
  ck_assert (history.find (feed.next - 1));
  feed.add (true);
  ck_assert_uint_eq (history.since_keyframe ().size (), 1);
  feed.add (false, 200); // larger than everything
  ck_assert (history.since_keyframe ().empty ());
  ck_assert (!history.find (feed.next - 1));
  feed.add (true);
  ck_assert_uint_eq (history.since_keyframe ().size (), 1);
}
END_TEST

START_TEST (frames_outlive_the_history)
{
  std::vector<SharedFrame> kept;
  {
    History history (1000, 2);
    Feeder feed{history};
    feed.add (true);
    kept = history.since_keyframe ();
  }
  ck_assert_uint_eq (kept[0]->bytes.size (), 300);
}
END_TEST

int
main ()
{
  return test::run (
      "history", {finds_every_packet_it_holds, gives_the_group_of_pictures_in_progress,
                     frame_limit_spares_the_group_in_progress,
                     byte_limit_breaks_even_the_group_in_progress, frames_outlive_the_history});
}
