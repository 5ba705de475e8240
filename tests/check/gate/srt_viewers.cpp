// SPDX-License-Identifier: LGPL-2.1-or-later
// What viewers get: where they begin, that they get everything, and what becomes of slow ones.
#include "gst-plugins/common/gate/broadcast.hpp"
#include "tests/check/gate/outlet.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using gate::Broadcast;
using gate::Clock;
using gate::Cursor;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

using Chunks = std::array<std::shared_ptr<const gate::Chunk>, 8>;

const Bytes packet (188, 0x47);

struct ManyViewers
{
  TestGate gate;
  const std::uint16_t port = open_srt_door (*gate.pointer ());
  const std::shared_ptr<gate::Outlet> outlet = gate->serve ("live/demo", nullptr);
  std::vector<SrtCaller> callers;

  void join (int count)
  {
    for (int i = 0; i < count; ++i) {
      callers.emplace_back (port, SrtCall{request ()});
      ck_assert_int_eq (callers.back ().reject_reason (), 0);
    }
    ck_assert (eventually ([&] { return outlet->stats ().viewers == callers.size (); }));
  }
};

} // namespace

START_TEST (a_viewer_begins_at_the_newest_start)
{
  ManyViewers all;
  for (std::uint64_t i = 50; i < 3 * group + 20; ++i)
    push (*all.outlet, i);
  all.join (1);
  for (auto i = 3 * group; i < 3 * group + 20; ++i)
    ck_assert (receive (all.callers[0]) == i);
  push (*all.outlet, 3 * group + 20);
  ck_assert (receive (all.callers[0]) == 3 * group + 20);
  const auto stats = all.outlet->stats ();
  ck_assert_uint_eq (stats.packets, 21);
  ck_assert_uint_eq (stats.bytes, 21 * gate::outlet_message);
  ck_assert_uint_eq (stats.skipped, 0);
}
END_TEST

START_TEST (nothing_comes_before_the_first_start)
{
  ManyViewers all;
  all.join (1);
  for (std::uint64_t i = group - 10; i < group + 10; ++i)
    push (*all.outlet, i);
  for (auto i = group; i < group + 10; ++i)
    ck_assert (receive (all.callers[0]) == i);
}
END_TEST

START_TEST (fifty_viewers_get_everything)
{
  ManyViewers all;
  all.join (50);
  for (std::uint64_t i = 0; i < 200; ++i) {
    push (*all.outlet, i);
    if (i % 20 != 19)
      continue;
    for (auto &caller : all.callers)
      for (auto expected = i - 19; expected <= i; ++expected)
        ck_assert (receive (caller) == expected);
  }
  ck_assert_uint_eq (all.outlet->stats ().packets, 50 * 200);
  ck_assert_uint_eq (all.outlet->stats ().skipped, 0);
}
END_TEST

START_TEST (a_slow_viewer_goes_on_with_a_key_frame_and_holds_up_nobody)
{
  ManyViewers all;
  all.join (1);
  SrtCaller slow (all.port, {.streamid = request (), .receive_buffer = 64 * 1472});
  ck_assert (eventually ([&] { return all.outlet->stats ().viewers == 2; }));
  constexpr std::uint64_t all_messages = 20 * group, step = 50; // far more than libsrt keeps
  for (std::uint64_t i = 0; i < all_messages; i += step) {
    for (auto n = i; n < i + step; ++n)
      push (*all.outlet, n);
    for (auto n = i; n < i + step; ++n)
      ck_assert (receive (all.callers[0]) == n);
  }
  std::optional<std::uint64_t> last;
  unsigned gaps = 0;
  while (last != all_messages - 1) {
    const auto got = receive (slow);
    ck_assert (got.has_value ());
    if (last && *got != *last + 1) {
      ck_assert_uint_eq (*got % group, 0);
      ++gaps;
    }
    last = got;
  }
  ck_assert (gaps > 0);
  ck_assert (all.outlet->stats ().skipped > 0);
}
END_TEST

START_TEST (old_chunks_go_but_not_the_newest_group)
{
  Broadcast broadcast;
  const Clock::time_point start{seconds (100)};
  Chunks chunks;
  Cursor late, fresh;
  broadcast.push (packet, true, start);
  ck_assert_uint_eq (broadcast.read (late, chunks), 1);
  for (int i = 1; i <= 50; ++i) // 5 s, with one start
    broadcast.push (packet, i == 20, start + milliseconds (100) * i);
  ck_assert_uint_eq (broadcast.read (fresh, chunks), chunks.size ());
  ck_assert_uint_eq (*fresh, 20 + chunks.size ());
  ck_assert_uint_eq (broadcast.read (late, chunks), chunks.size ()); // what it wanted is gone
  ck_assert_uint_eq (*late, 20 + chunks.size ());
  ck_assert_uint_eq (broadcast.counters ().read ().skipped, 1);
  broadcast.push (packet, false, start + seconds (40)); // the start is too long ago
  Cursor another;
  ck_assert_uint_eq (broadcast.read (another, chunks), 0);
}
END_TEST

START_TEST (what_is_kept_has_a_bound)
{
  Broadcast broadcast;
  const Clock::time_point now{seconds (100)};
  const Bytes message (gate::outlet_message, 0x47);
  Chunks chunks;
  Cursor cursor;
  broadcast.push (message, true, now);
  ck_assert_uint_eq (broadcast.read (cursor, chunks), 1);
  for (std::size_t sent = 0; sent <= Broadcast::most_bytes; sent += message.size ())
    broadcast.push (message, false, now);
  ck_assert_uint_eq (broadcast.read (cursor, chunks), 0); // there is no start any more
  broadcast.push (message, true, now);
  ck_assert_uint_eq (broadcast.read (cursor, chunks), 1);
  broadcast.push (Bytes (gate::outlet_message + 1), true, now); // no message of ours
  broadcast.push ({}, true, now);
  ck_assert_uint_eq (broadcast.read (cursor, chunks), 0);
  ck_assert (!broadcast.skip (cursor));
}
END_TEST

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("srt viewers",
      {a_viewer_begins_at_the_newest_start, nothing_comes_before_the_first_start,
          fifty_viewers_get_everything, a_slow_viewer_goes_on_with_a_key_frame_and_holds_up_nobody,
          old_chunks_go_but_not_the_newest_group, what_is_kept_has_a_bound});
}
